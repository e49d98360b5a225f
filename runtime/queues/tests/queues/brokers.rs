//! Real brokers: the same promises, and what only a broker can do, which is go away.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use jobling_core::queues::QueueRules;
use jobling_queues::{OpenQueues as _, Opening, Place as Location, QueueError, Queues, Session};

use crate::broker::Broker;
use crate::contract::{self, LONG, Place};
use crate::crowd;

/// Queues at a broker; clones are the same.
#[derive(Clone)]
struct AtBroker {
    queues: Arc<Queues>,
    place: Location,
    runs: Arc<AtomicU32>,
}

/// Returns the queues at `url`.
fn at(url: &str) -> AtBroker {
    let queues = Queues::new(QueueRules::default(), || Err(QueueError::Closed));
    let place = Location::parse(url).unwrap();
    AtBroker { queues: Arc::new(queues), place, runs: Arc::default() }
}

impl AtBroker {
    fn session(&self, name: &str) -> Box<dyn Session> {
        let holder = format!("run-{}", self.runs.fetch_add(1, Ordering::Relaxed));
        let (place, hosts) = (&self.place, &BTreeMap::new());
        let opening = Opening { place, hosts, namespace: "default", name, holder: &holder };
        self.queues.open(opening).unwrap()
    }
}

impl Place for AtBroker {
    fn open<'a>(&'a self, queue: &'a str) -> BoxFuture<'a, Box<dyn Session>> {
        Box::pin(async { self.session(queue) })
    }
}

/// Returns how many items a queue has, taking all of them.
async fn drain(place: &AtBroker, queue: &str) -> u32 {
    let mut session = place.session(queue);
    let mut count = 0;
    while let Some(delivery) = session.reserve(Duration::from_secs(1)).await.unwrap() {
        session.ack(delivery.receipt).await.unwrap();
        count += 1;
    }
    count
}

#[tokio::test]
async fn a_stream_of_redis_keeps_every_promise() {
    let broker = Broker::redis();
    contract::holds(&at(&format!("redis://{}?attempts=2&lease=3600", broker.address()))).await;
}

#[tokio::test]
async fn a_list_of_redis_keeps_every_promise() {
    let broker = Broker::redis();
    let url = format!("{}?attempts=2&lease=3600&kind=list", broker.address());
    contract::holds(&at(&url)).await;
}

#[tokio::test]
async fn rabbitmq_keeps_every_promise() {
    let broker = Broker::rabbitmq();
    contract::holds(&at(&format!("{}?attempts=2&lease=3600", broker.address()))).await;
}

/// Fills a queue, has ten workers at it, restarts the broker under them, and counts.
async fn each_item_is_done_through_a_restart(
    broker: &mut Broker,
    place: &AtBroker,
    dead: impl AsyncFnOnce() -> u32,
) {
    const ITEMS: u32 = 4_000;
    crowd::fill(place, ITEMS).await;
    let done = crowd::Done::default();
    let ((), ()) = tokio::join!(crowd::work(place, &done), async {
        while done.lock().unwrap().len() < ITEMS as usize / 4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::task::block_in_place(|| {
            broker.kill();
            broker.resume();
        });
    });
    crowd::check(&done, ITEMS);
    assert!(dead().await >= crowd::poisonous(ITEMS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_item_of_redis_is_lost_while_workers_die_and_it_is_restarted() {
    let mut broker = Broker::redis();
    for kind in ["stream", "list"] {
        let address = broker.address();
        let place = at(&format!("redis://{address}?attempts=3&lease=2&kind={kind}"));
        let dead = at(&format!("redis://{address}/0"));
        each_item_is_done_through_a_restart(&mut broker, &place, async || {
            drain(&dead, "crowd:dead").await
        })
        .await;
        let mut flush = redis::cmd("FLUSHALL");
        let client = redis::Client::open(format!("redis://{address}")).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        flush.arg("SYNC").query_async::<()>(&mut connection).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_item_of_rabbitmq_is_lost_while_workers_die_and_it_is_restarted() {
    let mut broker = Broker::rabbitmq();
    let place = at(&format!("amqp://{}?attempts=3", broker.address()));
    let dead = place.clone();
    each_item_is_done_through_a_restart(&mut broker, &place, async || {
        drain(&dead, "crowd.dead").await
    })
    .await;
}

#[tokio::test]
async fn a_lease_of_redis_that_ended_delivers_again_and_the_late_acknowledgement_is_refused() {
    let broker = Broker::redis();
    for kind in ["stream", "list"] {
        let place = at(&format!("redis://{}?attempts=9&lease=1&kind={kind}", broker.address()));
        let mut slow = place.session(kind);
        slow.push(b"a".to_vec()).await.unwrap();
        let late = slow.reserve(LONG).await.unwrap().unwrap();
        let mut other = place.session(kind);
        let again = other.reserve(LONG).await.unwrap().expect("delivered again");
        assert_eq!(again.attempt, 2, "{kind}");
        assert_eq!(slow.ack(late.receipt).await, Err(QueueError::Lost(late.receipt)), "{kind}");
        other.ack(again.receipt).await.unwrap();
    }
}

#[tokio::test]
async fn a_list_that_others_fill_is_worked_off() {
    let broker = Broker::redis();
    let client = redis::Client::open(format!("redis://{}", broker.address())).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    // As Kubernetes' own example of a work queue fills it.
    let mut push = redis::cmd("RPUSH");
    push.arg("job2").arg("apple").arg("banana");
    push.query_async::<()>(&mut connection).await.unwrap();

    let mut session = at(&broker.address()).session("job2");
    for expected in ["apple", "banana"] {
        let delivery = session.reserve(LONG).await.unwrap().unwrap();
        assert_eq!(delivery.body, expected.as_bytes());
        session.ack(delivery.receipt).await.unwrap();
    }
    assert_eq!(session.reserve(Duration::ZERO).await, Ok(None));
}

#[tokio::test]
async fn a_wrong_password_is_told_without_the_password() {
    let broker = Broker::redis();
    let place = at(&format!("redis://user:s3cret@{}", broker.address()));
    let refused = place.session("q").push(b"a".to_vec()).await.unwrap_err();
    let QueueError::Refused { broker: at, why } = &refused else { panic!("{refused}") };
    assert_eq!(at, &broker.address());
    assert!(!why.is_empty() && !refused.to_string().contains("s3cret"), "{refused}");
}

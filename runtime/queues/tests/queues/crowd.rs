//! Ten workers, thousands of items, workers that die on the way: nothing is lost, and what is poison ends
//! in the dead letters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jobling_queues::QueueError;

use crate::contract::Place;

/// Workers at the same time.
const WORKERS: u32 = 10;
/// One item in so many makes every worker that takes it fail.
const POISON: u32 = 500;
/// A worker dies, holding an item, with each so many items.
const LIFE: u32 = 97;

/// What has been done, by item.
pub(crate) type Done = Arc<Mutex<BTreeMap<u32, u32>>>;

/// Returns how many items of `items` are poison.
pub(crate) fn poisonous(items: u32) -> u32 {
    items.div_ceil(POISON)
}

/// Pushes `items` numbers, has them worked on until the queue stays empty, and checks that each was done
/// unless it is poison.
pub(crate) async fn each_item_is_done(place: &(impl Place + Clone + Send + 'static), items: u32) {
    fill(place, items).await;
    let done = Done::default();
    work(place, &done).await;
    check(&done, items);
}

/// Pushes the numbers below `items`, from as many sessions as there are workers.
pub(crate) async fn fill(place: &impl Place, items: u32) {
    let shares =
        (0..WORKERS).map(|share| fill_share(place, (share..items).step_by(WORKERS as usize)));
    futures::future::join_all(shares).await;
}

async fn fill_share(place: &impl Place, items: impl Iterator<Item = u32>) {
    let mut session = place.open("crowd").await;
    for item in items {
        // A broker that restarts refuses for a moment; what was refused may be in all the same, and then
        // is done twice.
        while let Err(error) = session.push(item.to_string().into_bytes()).await {
            assert!(matches!(error, QueueError::Unreachable { .. }), "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Has the items worked on until a whole shift of workers finds none: one whose worker died may be leased
/// for longer than the others wait.
pub(crate) async fn work(place: &(impl Place + Clone + Send + 'static), done: &Done) {
    let deliveries = || done.lock().unwrap().values().sum::<u32>();
    loop {
        let before = deliveries();
        let workers = (0..WORKERS).map(|_| {
            let (place, done) = (place.clone(), Arc::clone(done));
            tokio::spawn(async move { while !live(&place, &done).await {} })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.unwrap();
        }
        if deliveries() == before {
            return;
        }
    }
}

/// One worker's life; returns whether it found the queue empty.
async fn live(place: &impl Place, done: &Done) -> bool {
    let mut session = place.open("crowd").await;
    for _ in 0..LIFE {
        let delivery = match session.reserve(Duration::from_secs(3)).await {
            Ok(Some(delivery)) => delivery,
            Ok(None) => return true,
            Err(QueueError::Unreachable { .. }) => return false,
            Err(error) => panic!("{error}"),
        };
        let item: u32 = std::str::from_utf8(&delivery.body).unwrap().parse().unwrap();
        let settled = if item.is_multiple_of(POISON) {
            session.nack(delivery.receipt, Duration::ZERO).await
        } else {
            *done.lock().unwrap().entry(item).or_default() += 1;
            session.ack(delivery.receipt).await
        };
        match settled {
            Ok(()) | Err(QueueError::Lost(_)) => {}
            Err(QueueError::Unreachable { .. }) => return false,
            Err(error) => panic!("{error}"),
        }
    }
    // It dies with an item in its hands: dropped here.
    session.reserve(Duration::ZERO).await.is_err_and(|_unreachable| false)
}

pub(crate) fn check(done: &Done, items: u32) {
    let done = done.lock().unwrap();
    let lost: Vec<u32> =
        (0..items).filter(|n| !n.is_multiple_of(POISON) && !done.contains_key(n)).collect();
    assert!(lost.is_empty(), "{} of {items} items were lost, such as {:?}", lost.len(), lost[0]);
}

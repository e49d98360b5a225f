//! The promises that hold wherever items are kept. Each is played on a queue of its own.

use std::time::Duration;

use futures::future::BoxFuture;
use jobling_queues::{Delivery, QueueError, Receipt, Session};

/// Long enough for anything on a busy machine; nothing waits for it to pass.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// A place where queues are, whose items are buried after the second attempt and whose leases run for the
/// given time.
pub(crate) trait Place: Sync {
    fn open<'a>(&'a self, queue: &'a str) -> BoxFuture<'a, Box<dyn Session>>;
}

async fn push(session: &mut Box<dyn Session>, items: &[&str]) {
    for item in items {
        session.push(item.as_bytes().to_vec()).await.unwrap();
    }
}

async fn next(session: &mut Box<dyn Session>) -> Delivery {
    session.reserve(LONG).await.unwrap().expect("an item within a minute")
}

async fn is_empty(session: &mut Box<dyn Session>) -> bool {
    session.reserve(Duration::from_millis(200)).await.unwrap().is_none()
}

fn text(delivery: &Delivery) -> &str {
    std::str::from_utf8(&delivery.body).unwrap()
}

pub(crate) async fn items_come_in_order_and_are_gone_when_acknowledged(place: &impl Place) {
    let mut session = place.open("order").await;
    push(&mut session, &["a", "b", "c"]).await;
    for expected in ["a", "b", "c"] {
        let delivery = next(&mut session).await;
        assert_eq!((text(&delivery), delivery.attempt), (expected, 1));
        session.ack(delivery.receipt).await.unwrap();
    }
    assert!(is_empty(&mut session).await);
    drop(session);
    assert!(is_empty(&mut place.open("order").await).await, "an acknowledged item came back");
}

pub(crate) async fn an_item_that_is_held_is_not_delivered_to_others(place: &impl Place) {
    let mut one = place.open("held").await;
    push(&mut one, &["a"]).await;
    let held = next(&mut one).await;
    let mut other = place.open("held").await;
    assert!(is_empty(&mut other).await);
    one.ack(held.receipt).await.unwrap();
    assert!(is_empty(&mut other).await);
}

pub(crate) async fn what_a_session_held_is_delivered_again_when_it_ends(place: &impl Place) {
    let mut one = place.open("gone").await;
    push(&mut one, &["a"]).await;
    next(&mut one).await;
    drop(one);
    let mut other = place.open("gone").await;
    let again = next(&mut other).await;
    assert_eq!((text(&again), again.attempt), ("a", 2));
    other.ack(again.receipt).await.unwrap();
}

pub(crate) async fn an_item_that_failed_comes_again_and_then_is_buried(place: &impl Place) {
    let mut session = place.open("poison").await;
    push(&mut session, &["bad"]).await;
    for attempt in 1..=2 {
        let delivery = next(&mut session).await;
        assert_eq!(delivery.attempt, attempt);
        session.nack(delivery.receipt, Duration::ZERO).await.unwrap();
    }
    assert!(is_empty(&mut session).await, "a buried item is not delivered");
    push(&mut session, &["good"]).await;
    let delivery = next(&mut session).await;
    assert_eq!(text(&delivery), "good", "a buried item does not block those behind it");
    session.ack(delivery.receipt).await.unwrap();
}

pub(crate) async fn an_item_whose_tasks_die_is_buried(place: &impl Place) {
    let mut first = place.open("deadly").await;
    push(&mut first, &["bad"]).await;
    drop(first);
    for attempt in 1..=2 {
        let mut session = place.open("deadly").await;
        assert_eq!(next(&mut session).await.attempt, attempt);
        drop(session);
    }
    let mut session = place.open("deadly").await;
    push(&mut session, &["good"]).await;
    assert_eq!(text(&next(&mut session).await), "good");
}

pub(crate) async fn a_delayed_item_comes_after_its_delay(place: &impl Place) {
    let mut session = place.open("delay").await;
    push(&mut session, &["a"]).await;
    let delivery = next(&mut session).await;
    let given_back = tokio::time::Instant::now();
    session.nack(delivery.receipt, Duration::from_millis(700)).await.unwrap();
    let again = next(&mut session).await;
    assert_eq!(again.attempt, 2);
    // Never sooner; how much later is the machine's affair. A broker's clock may round by a little.
    assert!(given_back.elapsed() >= Duration::from_millis(600), "{:?}", given_back.elapsed());
    session.ack(again.receipt).await.unwrap();
}

pub(crate) async fn a_waiting_session_gets_what_is_pushed_meanwhile(place: &impl Place) {
    let mut waiting = place.open("wait").await;
    let mut pushing = place.open("wait").await;
    let (delivery, ()) = tokio::join!(next(&mut waiting), async {
        tokio::task::yield_now().await;
        push(&mut pushing, &["a"]).await;
    });
    assert_eq!(text(&delivery), "a");
    waiting.ack(delivery.receipt).await.unwrap();
}

pub(crate) async fn bodies_are_any_bytes(place: &impl Place) {
    let mut session = place.open("bytes").await;
    for body in [Vec::new(), (0..=255).collect::<Vec<u8>>(), vec![0; 300_000]] {
        session.push(body.clone()).await.unwrap();
        let delivery = next(&mut session).await;
        assert!(delivery.body == body, "{} bytes came back changed", body.len());
        session.ack(delivery.receipt).await.unwrap();
    }
}

pub(crate) async fn a_receipt_is_good_once_and_only_in_its_session(place: &impl Place) {
    let mut session = place.open("receipts").await;
    push(&mut session, &["a"]).await;
    let delivery = next(&mut session).await;
    let unknown = Receipt(99);
    assert_eq!(session.ack(unknown).await, Err(QueueError::Unknown(unknown)));
    session.extend(delivery.receipt).await.unwrap();
    session.ack(delivery.receipt).await.unwrap();
    let again = session.ack(delivery.receipt).await;
    assert_eq!(again, Err(QueueError::Unknown(delivery.receipt)));
}

/// Plays all of them.
pub(crate) async fn holds(place: &impl Place) {
    items_come_in_order_and_are_gone_when_acknowledged(place).await;
    an_item_that_is_held_is_not_delivered_to_others(place).await;
    what_a_session_held_is_delivered_again_when_it_ends(place).await;
    an_item_that_failed_comes_again_and_then_is_buried(place).await;
    an_item_whose_tasks_die_is_buried(place).await;
    a_delayed_item_comes_after_its_delay(place).await;
    a_waiting_session_gets_what_is_pushed_meanwhile(place).await;
    bodies_are_any_bytes(place).await;
    a_receipt_is_good_once_and_only_in_its_session(place).await;
}

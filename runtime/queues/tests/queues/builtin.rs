//! The built-in queues on a real database.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jobling_core::Timestamp;
use jobling_core::queues::{Answer, Operation, QueueLimits, QueueRules, Shelf};
use jobling_queues::{Builtin, QueueError, Session};
use jobling_store::{QueueDatabase, QueueSettings};

use crate::contract::{self, LONG, Place};
use crate::crowd;

impl Place for Builtin {
    fn open<'a>(&'a self, queue: &'a str) -> BoxFuture<'a, Box<dyn Session>> {
        let session: Box<dyn Session> =
            Box::new(Builtin::open(self, queue.parse().unwrap(), "pod"));
        Box::pin(async { session })
    }
}

/// Buried after the second attempt, leases of an hour.
const RULES: QueueRules = QueueRules { visibility: Duration::from_hours(1), max_attempts: 2 };

fn open(file: &Path, rules: QueueRules, limits: QueueLimits) -> Builtin {
    let database = QueueDatabase::open(file, &QueueSettings::default()).unwrap();
    let start = tokio::time::Instant::now();
    let clock = move || Timestamp::from_unix_seconds(1_000_000).plus(start.elapsed());
    Builtin::start(database, Arc::new(clock), rules, limits).unwrap()
}

fn in_folder(folder: &tempfile::TempDir, rules: QueueRules) -> Builtin {
    open(&folder.path().join("queues.db"), rules, QueueLimits::default())
}

#[tokio::test]
async fn the_built_in_queue_keeps_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    contract::holds(&in_folder(&folder, RULES)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_workers_do_ten_thousand_items_of_the_built_in_queue() {
    let folder = tempfile::tempdir().unwrap();
    let rules = QueueRules { max_attempts: 3, ..RULES };
    let queues = in_folder(&folder, rules);
    crowd::each_item_is_done(&queues, 10_000).await;

    let Answer::Queues(rows) = queues.ask(Operation::List).await.unwrap() else { panic!() };
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let held = (row.waiting, row.leased, row.dead);
    // A worker that dies with an item for the third time buries that, too.
    assert!(held.0 == 0 && held.1 == 0 && held.2 >= u64::from(crowd::poisonous(10_000)), "{row:?}");
}

#[tokio::test]
async fn a_lease_that_ended_delivers_again_and_the_late_acknowledgement_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let visibility = Duration::from_millis(300);
    let queues = in_folder(&folder, QueueRules { visibility, max_attempts: 9 });
    let mut slow = Place::open(&queues, "q").await;
    slow.push(b"a".to_vec()).await.unwrap();
    let late = slow.reserve(LONG).await.unwrap().unwrap();

    let mut other = Place::open(&queues, "q").await;
    let again = other.reserve(LONG).await.unwrap().expect("delivered again");
    assert_eq!(again.attempt, 2);
    assert_eq!(slow.ack(late.receipt).await, Err(QueueError::Lost(late.receipt)));
}

#[tokio::test]
async fn what_was_pushed_is_there_after_a_crash_and_what_was_held_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    {
        let queues = in_folder(&folder, RULES);
        let mut session = Place::open(&queues, "q").await;
        for item in [b"done", b"held", b"idle"] {
            session.push(item.to_vec()).await.unwrap();
        }
        let done = session.reserve(LONG).await.unwrap().unwrap();
        session.ack(done.receipt).await.unwrap();
        session.reserve(LONG).await.unwrap().unwrap();
        // What a killed process leaves: the files as they are, nothing closed.
        for suffix in ["", "-wal"] {
            let file = folder.path().join(format!("queues.db{suffix}"));
            std::fs::copy(file, format!("{}{suffix}", copy.display())).unwrap();
        }
    }
    let queues = open(&copy, RULES, QueueLimits::default());
    let mut session = Place::open(&queues, "q").await;
    let mut found = Vec::new();
    while let Some(next) = session.reserve(Duration::ZERO).await.unwrap() {
        found.push((String::from_utf8(next.body).unwrap(), next.attempt));
    }
    assert_eq!(found, [("held".to_owned(), 2), ("idle".to_owned(), 1)]);
}

#[tokio::test]
async fn a_full_queue_refuses_with_its_numbers_and_takes_more_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let limits = QueueLimits { items: 2, bytes: 100, item_bytes: 10 };
    let queues = open(&folder.path().join("queues.db"), RULES, limits);
    let mut session = Place::open(&queues, "q").await;
    session.push(b"12345".to_vec()).await.unwrap();
    session.push(b"1".to_vec()).await.unwrap();
    let refused = session.push(b"1".to_vec()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "queue q is full: it holds 2 items of 6 bytes and may hold 2 of 100"
    );
    let large = session.push(vec![0; 11]).await;
    assert_eq!(large, Err(QueueError::TooLarge { bytes: 11, most: 10 }));

    let delivery = session.reserve(LONG).await.unwrap().unwrap();
    session.ack(delivery.receipt).await.unwrap();
    session.push(b"1".to_vec()).await.unwrap();
}

#[tokio::test]
async fn dead_letters_are_looked_at_revived_and_purged() {
    let folder = tempfile::tempdir().unwrap();
    let queues = in_folder(&folder, QueueRules { max_attempts: 1, ..RULES });
    let mut session = Place::open(&queues, "q").await;
    session.push(b"bad".to_vec()).await.unwrap();
    let fail = async |session: &mut Box<dyn Session>| {
        let delivery = session.reserve(LONG).await.unwrap().unwrap();
        session.nack(delivery.receipt, Duration::ZERO).await.unwrap();
    };
    fail(&mut session).await;

    let queue = || "q".parse().unwrap();
    let peek = Operation::Peek { queue: queue(), shelf: Shelf::Dead, most: 10 };
    let Answer::Items(dead) = queues.ask(peek).await.unwrap() else { panic!() };
    let [(item, Some(buried))] = dead.as_slice() else { panic!("{dead:?}") };
    assert_eq!((item.body.as_slice(), buried.why.as_str()), (b"bad".as_slice(), "failed 1 times"));

    assert_eq!(queues.ask(Operation::Revive(queue())).await, Ok(Answer::Moved(1)));
    fail(&mut session).await;
    let purge = Operation::Purge { queue: queue(), shelf: Shelf::Dead };
    assert_eq!(queues.ask(purge).await, Ok(Answer::Moved(1)));
    assert_eq!(queues.ask(Operation::List).await, Ok(Answer::Queues(Vec::new())));
}

//! Watches under load: readers that do not read, lists that change while they are read, and a thousand at
//! once.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jobling_core::api::{Kind, Object};
use jobling_server::Limits;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinSet;

use crate::client::{Events, World};
use crate::tls::Host;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// Larger than what sockets and servers hold on the way: 200 KiB and 64 KiB.
const LARGE: usize = 16 << 10;

#[tokio::test]
async fn a_reader_that_does_not_read_costs_a_few_pages_and_its_connection() {
    for start in ["", "&resourceVersion=1"] {
        let limits =
            Limits { watches: 1, write_timeout: Duration::from_millis(200), ..Limits::default() };
        let world = World::with(limits).await;
        for at in 0..2000 {
            world.model.put(map(&format!("m{at:04}"), &"x".repeat(LARGE)));
        }
        let mut stuck = world.ask_and_leave(&format!("{MAPS}?watch=1{start}")).await;
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut read = vec![0; 64 << 10];
        // Its place is given to the next one.
        while world.open(&format!("GET {MAPS}?watch=1&resourceVersion=1"), &[], b"").await.status()
            != StatusCode::OK
        {
            assert!(Instant::now() < deadline, "it is still held open");
        }
        let listed = world.model.listed();
        assert!(listed <= 500, "{listed} of 2000 objects were read for it");
        let mut left = 0;
        while let Ok(bytes @ 1..) = stuck.read(&mut read).await {
            left += bytes;
        }
        assert!(left < 1000 * LARGE, "{left} bytes were on their way");
    }
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_never_goes_back() {
    let world = World::new().await;
    for at in 0..300 {
        world.model.put(map(&format!("m{at:03}"), &"x".repeat(LARGE)));
    }
    let path = format!(
        "{MAPS}?watch=1&allowWatchBookmarks=true&sendInitialEvents=true\
         &resourceVersionMatch=NotOlderThan"
    );
    let mut events = world.watch(&path).await;
    assert_eq!(events.word().await, "ADDED m000@2");
    // The first page is on its way, the last one is not read yet.
    world.model.put(map("m000", "changed"));
    world.model.put(map("m299", "changed"));
    world.model.put(map("m299", "again"));
    world.model.put(map("m300", "new"));
    let mut told = Vec::new();
    while told.last().is_none_or(|word: &String| !word.starts_with("BOOKMARK")) {
        told.push(events.word().await);
    }
    let of = |name: &str| {
        told.iter().filter(|word| word.contains(name)).map(String::as_str).collect::<Vec<_>>()
    };
    assert_eq!(of("m000"), ["MODIFIED m000@302"]);
    assert_eq!(of("m299"), ["ADDED m299@304"]);
    assert_eq!(of("m300"), ["ADDED m300@305"]);
    assert_eq!(told.last().unwrap(), "BOOKMARK @305");
    assert_eq!(told.len(), 299 + 1 + 1 + 1, "everything once");
    world.model.put(map("m000", "later"));
    assert_eq!(events.word().await, "MODIFIED m000@306");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_watches_are_each_told_everything_in_order() {
    let host = Host::new().await;
    let mut watches = JoinSet::new();
    for _ in 0..5 {
        let stream = host.connect(b"h2").await;
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        for at in 0..200 {
            let (mut sender, selects) = (sender.clone(), at % 2 == 0);
            let selector = if selects { "&labelSelector=even%3Dyes" } else { "" };
            let target = format!("https://127.0.0.1{MAPS}?watch=1&resourceVersion=1{selector}");
            let request = Request::get(target)
                .header("authorization", format!("Bearer {}", host.token))
                .body(Empty::<Bytes>::new())
                .unwrap();
            // Answered before the next one is asked for: all are open when things change.
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            watches.spawn(async move {
                let mut events = Events::of(answer.into_body());
                let mut told = Vec::new();
                while told.last().is_none_or(|word: &String| !word.contains("last")) {
                    told.push(events.word().await);
                }
                (selects, told)
            });
        }
    }
    let mut expected = Vec::new();
    for at in 0..30 {
        let name = format!("m{at}");
        for word in ["ADDED", "MODIFIED"] {
            let revision = host.model.put(labelled(&name, at % 2 == 0)).metadata().clone();
            let revision = revision.resource_version.unwrap();
            expected.push((at % 2 == 0, format!("{word} {name}@{revision}")));
        }
    }
    let revision = host.model.put(labelled("last", true)).metadata().resource_version.clone();
    expected.push((true, format!("ADDED last@{}", revision.unwrap())));
    let mut done = 0;
    while let Some(watch) = watches.join_next().await {
        let (selects, told) = watch.unwrap();
        let expected = expected.iter().filter(|(even, _)| !selects || *even).map(|(_, word)| word);
        assert!(told.iter().eq(expected), "{told:?}");
        done += 1;
    }
    assert_eq!(done, 1000);
}

fn map(name: &str, value: &str) -> Object {
    object(&json!({"metadata": {"name": name, "namespace": "default"}, "data": {"v": value}}))
}

fn labelled(name: &str, even: bool) -> Object {
    let labels = json!({"even": if even { "yes" } else { "no" }});
    object(&json!({"metadata": {"name": name, "namespace": "default", "labels": labels}}))
}

fn object(value: &serde_json::Value) -> Object {
    Object::from_value(Kind::ConfigMap, &value.clone()).unwrap()
}

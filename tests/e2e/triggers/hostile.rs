//! Clients that mean no good: nothing leaks, nothing hangs, and the next client is served.

use harness::{EndpointConnection, ask};
use serde_json::json;

use super::{World, eventually};

#[test]
fn what_two_servers_could_read_differently_is_refused_or_ends_the_connection() {
    let world = World::new(&[]);
    world.trigger("plain", "plain", json!({}));
    let hidden = "POST /plain HTTP/1.1\r\nHost: edge\r\nContent-Length: 5\r\n\r\nother";
    let post = "POST /plain HTTP/1.1\r\nHost: edge\r\n";
    for (head, status) in [
        ("Content-Length: 3\r\nContent-Length: 5", 400),
        ("Content-Length: 3, 5", 400),
        ("Content-Length: +3", 400),
        ("Content-Length: 0x3", 400),
        ("Transfer-Encoding: chunked, identity", 400),
        ("Transfer-Encoding: gzip", 400),
        ("X-Folded: a\r\n b\r\nContent-Length: 3", 400),
        ("X-Blank : a\r\nContent-Length: 3", 400),
    ] {
        let mut connection = EndpointConnection::open(world.address());
        connection.send(format!("{post}{head}\r\n\r\nabc{hidden}"));
        let answer = connection.answer().expect("an answer");
        assert_eq!(answer.status, status, "{head:?}: {answer}");
        if let Some(second) = connection.answer() {
            assert_ne!(second.text(), "other", "{head:?} lets a second request in");
        }
    }
    // The body's end is where the chunks say; nobody is to go on from here.
    let mut connection = EndpointConnection::open(world.address());
    let both = "Transfer-Encoding: chunked\r\nContent-Length: 60";
    connection.send(format!("{post}{both}\r\n\r\n3\r\nabc\r\n0\r\n\r\n{hidden}"));
    let answer = connection.answer().expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (200, "abc"), "{answer}");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(connection.is_closed());
    for hosts in ["", "Host: edge\r\nHost: other\r\n"] {
        let mut connection = EndpointConnection::open(world.address());
        connection.send(format!("POST /plain HTTP/1.1\r\n{hosts}Content-Length: 0\r\n\r\n"));
        assert_eq!(connection.answer().expect("an answer").status, 400, "{hosts:?}");
    }
}

#[test]
fn heads_and_bodies_have_their_bounds() {
    let world = World::new(&[]);
    world.trigger("plain", "plain", json!({"bodyLimit": "64Ki"}));
    let many = (0..200).fold(String::new(), |all, number| all + &format!("X-{number}: y\r\n"));
    let long = format!("X-Long: {}\r\n", "y".repeat(64 << 10));
    for headers in [many, long] {
        let mut connection = EndpointConnection::open(world.address());
        connection.send(format!("POST /plain HTTP/1.1\r\nHost: edge\r\n{headers}\r\n"));
        let answer = connection.answer().expect("an answer");
        assert_eq!(answer.status, 431, "{answer}");
        assert!(connection.is_closed());
    }
    let mut connection = EndpointConnection::open(world.address());
    connection.send("POST /plain HTTP/1.1\r\nHost: edge\r\nContent-Length: 99999999999\r\n\r\n");
    assert_eq!(connection.answer().expect("an answer").status, 413);
    let mut connection = EndpointConnection::open(world.address());
    connection.send("POST /plain HTTP/1.1\r\nHost: edge\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    (0..8).for_each(|_| connection.send(&chunk));
    assert_eq!(connection.answer().expect("an answer").status, 413);
    assert_eq!(world.ask("plain", &[], b"x").status, 200, "the next client is served");
}

#[test]
fn clients_that_leave_leave_nothing_behind() {
    let world = World::new(&["--memory", "512Mi", "--trigger-memory", "64Mi"]);
    let limits = json!({"memory": "16Mi"});
    let container = json!({"args": ["{{ .Query.way }}"], "resources": {"limits": limits}});
    world.trigger_with("any", container, json!({}));
    // Four fit at once; were one of those who left still there, the last would never be answered.
    for round in 0..10 {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let mut connection = EndpointConnection::open(world.address());
                connection.request("POST", "/any?way=sleep", &[], b"");
                connection
            })
            .collect();
        drop(clients);
        let answer = eventually("there is room again", || {
            let target = "/any?way=plain";
            let answer = ask(world.address(), "POST", target, &[], b"x");
            (answer.status == 200).then_some(answer)
        });
        assert_eq!(answer.text(), "x", "round {round}");
    }
    eventually("no pod's directory is left", || {
        let left = std::fs::read_dir(world.data.path().join("pods"));
        (left.map_or(0, Iterator::count) == 0).then_some(())
    });
    assert_eq!(world.jobs("any").len(), 0, "who left has no Job");
}

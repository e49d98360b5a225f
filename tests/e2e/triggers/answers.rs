//! What reaches the guest, and what it says, reaches the client.

use harness::{Daemon, EndpointConnection, Folder, ask, component, example, module};
use serde_json::{Value, json};

use super::{World, eventually, trigger};

#[test]
fn the_body_goes_in_and_the_guests_status_headers_and_output_come_out() {
    let world = World::new(&[]);
    for record in ["Failures", "Always"] {
        let name = record.to_ascii_lowercase();
        world.trigger(&name, "echo", json!({"record": record}));
        let answer = world.ask(&name, &[], b"\x00\xffthe body");
        assert_eq!(answer.status, 201, "{answer}");
        assert_eq!(answer.header("content-type"), Some("text/x-echo"));
        assert_eq!(answer.header("x-way"), Some("echo"));
        assert_eq!(answer.body, b"\x00\xffthe body", "{record}");
    }
    assert_eq!(world.jobs("failures").len(), 0, "what goes well leaves no Job");
    assert_eq!(world.jobs("always").len(), 1);
    let status = eventually("the counts are told", || {
        let status = world.objects(&["httptrigger", "failures"])["status"].clone();
        (status["requests"] == 1).then_some(status)
    });
    assert!(status["lastRequestTime"].is_string(), "{status}");
}

#[test]
fn a_guest_is_told_of_the_request_as_cgi_has_it() {
    let world = World::new(&[]);
    let spec = json!({"path": "/env/{what}", "methods": ["PUT"], "record": "Failures"});
    let container =
        json!({"args": ["environment"], "env": [{"name": "HTTP_X_SET", "value": "mine"}]});
    world.trigger_with("env", container, spec);
    let headers = [
        ("Content-Type", "text/csv"),
        ("X-Kind", "a"),
        ("X-Kind", "b"),
        ("X-Set", "theirs"),
        ("Proxy", "http://evil"),
        ("X_Under", "score"),
        ("Authorization", "Bearer secret"),
    ];
    let answer = ask(world.address(), "PUT", "/env/a%20b?q=1%202", &headers, b"12345");
    let text = answer.text();
    for line in [
        "GATEWAY_INTERFACE=CGI/1.1",
        "REQUEST_METHOD=PUT",
        "PATH_INFO=/env/a b",
        "QUERY_STRING=q=1%202",
        "CONTENT_TYPE=text/csv",
        "CONTENT_LENGTH=5",
        "REMOTE_ADDR=127.0.0.1",
        "SERVER_NAME=edge",
        "HTTP_X_KIND=a, b",
        "HTTP_X_SET=mine",
        "JOBLING_TRIGGER=env",
        "JOBLING_REQUEST_BODY=/run/jobling/request/body",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is not in\n{text}");
    }
    for word in ["HTTP_PROXY", "UNDER", "secret", "theirs"] {
        assert!(!text.contains(word), "{word} is in\n{text}");
    }
}

#[test]
fn what_a_request_says_is_filled_into_the_template_and_never_expanded() {
    let world = World::new(&[]);
    let args = ["arguments", "{{ .Path.id }}", "{{ .Query.q }}", "{{ .Header.X-Kind }}", "$(KIND)"];
    let env = [
        json!({"name": "SECRET", "value": "hidden"}),
        json!({"name": "KIND", "value": "<{{ .Query.q }}>"}),
    ];
    let spec = json!({"path": "/fill/{id}"});
    world.trigger_with("fill", json!({"args": args, "env": env}), spec);
    let target = "/fill/--help?q=%24(SECRET)%20%7B%7B%20.Name%20%7D%7D";
    let answer = ask(world.address(), "POST", target, &[("X-Kind", "$(SECRET)")], b"");
    let expected = r#"["--help", "$(SECRET) {{ .Name }}", "$(SECRET)", "<$(SECRET) {{ .Name }}>"]"#;
    assert_eq!(answer.text(), format!("{expected}\n"));
}

#[test]
fn the_body_is_a_file_that_can_only_be_read() {
    let world = World::new(&[]);
    world.trigger("file", "file", json!({}));
    assert_eq!(world.ask("file", &[], b"the body").text(), "true false\n");
}

#[test]
fn an_event_is_the_same_in_both_of_its_modes() {
    let world = World::new(&[]);
    world.trigger("env", "environment", json!({}));
    let structured = json!({"specversion": "1.0", "id": "7", "source": "/s", "type": "t",
        "datacontenttype": "text/plain", "data": "hi"});
    let as_json = [("Content-Type", "application/cloudevents+json")];
    let binary = [
        ("Content-Type", "text/plain"),
        ("ce-specversion", "1.0"),
        ("ce-id", "7"),
        ("ce-source", "/s"),
        ("ce-type", "t"),
    ];
    let one = world.ask("env", &as_json, structured.to_string().as_bytes()).text();
    let other = world.ask("env", &binary, b"hi").text();
    let told = |text: &str| {
        let ours = |line: &&str| line.starts_with("HTTP_CE_") || line.starts_with("CONTENT_");
        let mut lines: Vec<_> = text.lines().filter(ours).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(told(&one), told(&other));
    assert!(one.contains("HTTP_CE_TYPE=t\n"), "{one}");
}

#[test]
fn a_component_that_answers_requests_is_a_trigger_by_itself() {
    let world = World::new(&[]);
    let folder = Folder::new();
    world.daemon.import("handler:1.0", &component("http_handler", &folder));
    for record in ["Failures", "Always"] {
        let name = record.to_ascii_lowercase();
        let spec = json!({"path": format!("/{name}/{{way}}"), "record": record});
        let container = json!({"image": "handler:1.0",
            "resources": {"limits": {"jobling.dev/fuel": "2G", "memory": "32Mi"}}});
        world.trigger_with(&name, container, spec);
        let ask = |way: &str| ask(world.address(), "POST", &format!("/{name}/{way}"), &[], b"hi");
        let answer = ask("echo?a=b");
        assert_eq!(answer.status, 200, "{answer}");
        assert_eq!(answer.text(), format!("Method::Post /{name}/echo?a=b hi"));
        assert_eq!(answer.header("content-type"), Some("text/x-told"));
    }
}

/// A picture of 64 by 32 pixels, all of one colour.
const PICTURE: &[u8] = include_bytes!("picture.png");

#[test]
fn thumbnail_answers_a_picture_with_a_smaller_one() {
    let data = Folder::new();
    let daemon = Daemon::start_with_triggers(data.path(), &[]);
    daemon.import("thumbnail:1.0", &module("thumbnail"));
    let manifest = example("thumbnail").join("trigger.yaml");
    drop(daemon.kubectl(["apply", "-f", manifest.to_str().expect("UTF-8")]).expect_code(0));
    let answer = ask(daemon.triggers(), "POST", "/thumbnail?size=16", &[], PICTURE);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("image/png")),
        "{answer}"
    );
    let side = |at: usize| u32::from_be_bytes(answer.body[at..at + 4].try_into().expect("four"));
    assert_eq!((side(16), side(20)), (16, 8));
    let answer = ask(daemon.triggers(), "POST", "/thumbnail", &[], b"no picture");
    assert_eq!(answer.status, 422, "{answer}");
}

#[test]
fn requests_on_one_connection_are_answered_in_order() {
    let world = World::new(&[]);
    world.trigger("plain", "plain", json!({}));
    let mut connection = EndpointConnection::open(world.address());
    for number in 0..20 {
        connection.request("POST", "/plain", &[], number.to_string().as_bytes());
    }
    for number in 0..20 {
        assert_eq!(connection.answer().expect("an answer").text(), number.to_string());
    }
}

#[test]
fn kubectl_and_the_endpoint_see_one_thing() {
    let world = World::new(&[]);
    world.trigger("plain", "plain", json!({}));
    assert_eq!(world.ask("plain", &[], b"x").status, 200);
    drop(world.daemon.kubectl(["delete", "httptrigger", "plain"]).expect_code(0));
    assert_eq!(world.ask("plain", &[], b"x").status, 404, "what is gone takes nothing");
    world.daemon.apply(&trigger("plain", json!({"args": ["plain"]}), json!({"path": "/moved"})));
    assert_eq!(world.ask("moved", &[], b"x").status, 200, "what is there takes at once");
    let Value::String(path) = world.objects(&["httptrigger", "plain"])["spec"]["path"].clone()
    else {
        panic!("a path")
    };
    assert_eq!(path, "/moved");
}

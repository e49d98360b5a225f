//! A real component that answers HTTP requests, compiled from Rust, in the sandbox alone: whatever it does
//! is one answer, or the end of that run.

use bytes::Bytes;
use harness::{Folder, captured, component};
use jobling_sandbox::{Compiler, Ending, HttpRequest, Limits, RunSpec, Sandbox, Settings, Stopper};

#[test]
fn a_request_is_answered_in_cgis_manner() {
    let request = HttpRequest {
        method: "POST".to_owned(),
        target: "/echo?a=b".to_owned(),
        headers: vec![("host".to_owned(), "edge".to_owned())],
        body: Bytes::from_static(b"the body"),
    };
    let (ending, printed) = run(Some(request));
    assert_eq!(ending, Ending::Exited(0), "{printed}");
    let expected =
        "Status: 200\r\ncontent-type: text/x-told\r\n\r\nMethod::Post /echo?a=b the body";
    assert_eq!(printed, expected);
}

#[test]
fn its_status_is_the_answers() {
    let (ending, printed) = run(Some(get("/teapot")));
    assert_eq!(ending, Ending::Exited(0), "{printed}");
    assert!(printed.starts_with("Status: 418\r\n"), "{printed}");
}

#[test]
fn it_reaches_no_other_server() {
    let (ending, printed) = run(Some(get("/outside")));
    assert_eq!(ending, Ending::Exited(0), "{printed}");
    assert!(printed.ends_with("ErrorCode::HttpRequestDenied"), "{printed}");
}

#[test]
fn a_handler_that_does_not_answer_well_has_failed() {
    for (path, said) in [
        ("/silent", "the component set no response"),
        ("/error", "the component answered with an error"),
        ("/open", "the component's response is not whole"),
        ("/trap", "unreachable"),
    ] {
        let (ending, printed) = run(Some(get(path)));
        let Ending::Trapped { message } = ending else { panic!("{path}: {ending:?} {printed}") };
        assert!(message.contains(said), "{path}: {message}");
    }
}

#[test]
fn its_limits_are_those_of_any_run() {
    for (path, ending) in [("/loop", Ending::OutOfFuel), ("/flood", Ending::OutputLimit)] {
        assert_eq!(run(Some(get(path))).0, ending, "{path}");
    }
}

#[test]
fn without_a_request_it_is_not_started() {
    let (ending, _) = run(None);
    let Ending::StartFailed { why } = ending else { panic!("{ending:?}") };
    assert!(why.contains("wasi:http/incoming-handler"), "{why}");
}

fn get(path: &str) -> HttpRequest {
    let (method, target) = ("GET".to_owned(), path.to_owned());
    HttpRequest { method, target, ..HttpRequest::default() }
}

/// Runs the component to its end and returns how it ended and what it printed.
fn run(request: Option<HttpRequest>) -> (Ending, String) {
    let limits = Limits { fuel: 500_000_000, output_bytes: 1 << 20, ..Limits::default() };
    let folder = Folder::new();
    let settings = Settings::new(folder.path().join("code"), Compiler::InProcess);
    let sandbox = Sandbox::new(Settings { runs: 4, ..settings }).expect("a sandbox");
    let file = component("http_handler", &folder);
    let (stdout, printed) = captured();
    let spec = RunSpec { request, stdout, ..RunSpec::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let prepared = sandbox.prepare(&file, "handler").await.expect("a component");
        let exit = sandbox.run(&prepared, spec, limits, &Stopper::new()).await;
        (exit.ending, printed())
    })
}

//! The trigger endpoint over TCP, with bounds that are short: clients that are slow, silent or gone.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends it")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod model;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jobling_core::api::{ApiError, HTTPTrigger, Kind, Object};
use jobling_core::trigger::{
    CallOutput, Outcome, TriggerAnswer, TriggerCall, TriggerReply, TriggerRequest,
};
use jobling_server::{
    CallRefused, TriggerBackend, TriggerEndpoint, TriggerLimits, TriggerListener, serve_triggers,
};
use model::Model;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

const SHORT: Duration = Duration::from_millis(100);
/// Requests under way that are never answered.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

impl TriggerBackend for Model {
    fn trigger(&self, _: TriggerRequest) -> BoxFuture<'static, Result<TriggerReply, ApiError>> {
        std::future::ready(Ok(TriggerReply::Suspended)).boxed()
    }

    /// Answers with the request's body, or never.
    fn call(
        &self,
        _: Arc<HTTPTrigger>,
        call: Arc<TriggerCall>,
    ) -> BoxFuture<'static, Result<TriggerAnswer, CallRefused>> {
        async move {
            if call.query == "never" {
                let _under_way = UnderWay::begin();
                std::future::pending::<()>().await;
            }
            let output = CallOutput { bytes: call.body.clone().into(), truncated: false };
            Ok(TriggerAnswer { outcome: Outcome::Succeeded, output })
        }
        .boxed()
    }
}

struct UnderWay;

impl UnderWay {
    fn begin() -> Self {
        UNDER_WAY.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Serves a trigger at `/plain`; the server ends with what is returned.
async fn serve() -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let model = Model::new();
    let trigger = json!({
        "metadata": {"name": "plain", "namespace": "default", "uid": "u1", "generation": 1},
        "spec": {"path": "/plain", "auth": {"none": {}}, "methods": ["POST"]},
    });
    model.put(Object::from_value(Kind::HTTPTrigger, &trigger).unwrap());
    let limits = TriggerLimits {
        header_timeout: SHORT,
        body_timeout: SHORT,
        write_timeout: SHORT,
        connections: 2,
        drain_timeout: SHORT,
        ..TriggerLimits::default()
    };
    let endpoint = Arc::new(TriggerEndpoint::new(Arc::new(model), limits));
    let listener = TriggerListener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve_triggers(endpoint, listener, async { drop(stopped.await) }));
    (address, stop, serving)
}

/// Reads until the other side closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset is an end, too.
    stream.read_to_end(&mut text).await.ok();
    String::from_utf8_lossy(&text).into_owned()
}

/// Sends a byte at a time, as slowly as the bound allows none of, until the other side closes.
async fn dribble(address: SocketAddr, head: &str) -> String {
    let (mut reading, mut writing) = TcpStream::connect(address).await.unwrap().into_split();
    writing.write_all(head.as_bytes()).await.unwrap();
    let dribbling = async {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SHORT / 4).await;
        }
        std::future::pending::<()>().await;
    };
    let mut text = Vec::new();
    tokio::select! {
        _ = reading.read_to_end(&mut text) => {}
        () = dribbling => {}
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn a_client_that_sends_its_head_a_byte_at_a_time_is_given_up() {
    let (address, _stop, _) = serve().await;
    let said = dribble(address, "POST /plain HTTP/1.1\r\nHost: edge\r\nX-Slow: ").await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
}

#[tokio::test]
async fn a_client_that_sends_its_body_a_byte_at_a_time_is_told_that_it_is_late() {
    let (address, _stop, _) = serve().await;
    let head = "POST /plain HTTP/1.1\r\nHost: edge\r\nContent-Length: 100000\r\n\r\n";
    let said = dribble(address, head).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
}

#[tokio::test]
async fn clients_that_say_nothing_make_room_for_those_that_do() {
    let (address, _stop, _) = serve().await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut client = TcpStream::connect(address).await.unwrap();
    let request =
        "POST /plain HTTP/1.1\r\nHost: edge\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    client.write_all(request.as_bytes()).await.unwrap();
    let said = rest(&mut client).await;
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("hi"), "{said}");
}

#[tokio::test]
async fn a_request_ends_with_its_client_and_with_the_server() {
    let (address, stop, serving) = serve().await;
    let never = "POST /plain?never HTTP/1.1\r\nHost: edge\r\nContent-Length: 0\r\n\r\n";
    for end in ["client", "server"] {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(never.as_bytes()).await.unwrap();
        until(|| UNDER_WAY.load(Ordering::SeqCst) == 1).await;
        if end == "client" {
            drop(client);
            until(|| UNDER_WAY.load(Ordering::SeqCst) == 0).await;
        } else {
            stop.send(()).unwrap();
            serving.await.unwrap();
            assert_eq!(UNDER_WAY.load(Ordering::SeqCst), 0);
            return;
        }
    }
}

async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap();
}

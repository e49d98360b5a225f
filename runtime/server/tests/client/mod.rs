//! A server on a socket of its own, and requests to it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jobling_server::{Access, Api, Limits, Listener, UnixSocket, serve};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::model::Model;

/// A server that runs, and the folder of its socket.
pub(crate) struct World {
    pub(crate) model: Model,
    folder: tempfile::TempDir,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Given {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("JSON: {}", self.text))
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixSocket::bind(&folder.path().join("jobling.sock")).await.unwrap();
        let model = Model::new();
        let access = Access::open(&folder.path().join("access")).unwrap();
        let api = Arc::new(Api::new(Arc::new(model.clone()), access, limits));
        let (stop, stopped) = oneshot::channel();
        let stopped = async move {
            let _dropped = stopped.await.is_err();
        };
        let served = tokio::spawn(serve(api, vec![Listener::Unix(socket)], stopped));
        Self { model, folder, stop, served }
    }

    /// Tells the server to end and waits until it has.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
        let socket = self.folder.path().join("jobling.sock");
        assert!(!socket.exists(), "the socket goes with its server");
    }

    /// Sends `METHOD /path` with headers and a body; returns the answer as it comes.
    pub(crate) async fn open(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> http::Response<Incoming> {
        let (method, target) = line.split_once(' ').unwrap();
        let stream = UnixStream::connect(self.folder.path().join("jobling.sock")).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(target).header("host", "jobling");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::copy_from_slice(body));
        sender.send_request(request.body(body).unwrap()).await.unwrap()
    }

    /// Asks for `path` on a connection from which nothing is read.
    pub(crate) async fn ask_and_leave(&self, path: &str) -> UnixStream {
        let mut stream =
            UnixStream::connect(self.folder.path().join("jobling.sock")).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: jobling\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    pub(crate) async fn send(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Given {
        let (parts, body) = self.open(line, headers, body).await.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(text.to_vec()).unwrap();
        Given { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn ask(&self, line: &str, body: &Value) -> Given {
        self.send(line, &[("content-type", "application/json")], body.to_string().as_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Given {
        self.send(&format!("GET {path}"), &[], b"").await
    }

    pub(crate) async fn watch(&self, path: &str) -> Events {
        let answer = self.open(&format!("GET {path}"), &[], b"").await;
        assert_eq!(answer.status(), StatusCode::OK);
        Events::of(answer.into_body())
    }
}

/// The events of a watch, as they come.
pub(crate) struct Events {
    body: Incoming,
    read: String,
}

impl Events {
    /// Returns the events in a body.
    pub(crate) fn of(body: Incoming) -> Self {
        Self { body, read: String::new() }
    }

    /// Returns the next event; `None` at the end of the watch.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((line, rest)) = self.read.split_once('\n') {
                let event = serde_json::from_str(line).unwrap();
                self.read = String::from(rest);
                return Some(event);
            }
            let frame = tokio::time::timeout(Duration::from_secs(10), self.body.frame());
            let frame = frame.await.expect("an event or the end comes")?.unwrap();
            self.read.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }

    /// Returns the next event as `TYPE name@revision`.
    pub(crate) async fn word(&mut self) -> String {
        let Some(event) = self.next().await else { return "end".to_owned() };
        let meta = &event["object"]["metadata"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!(
            "{} {}@{}",
            text(&event["type"]),
            text(&meta["name"]),
            text(&meta["resourceVersion"])
        )
    }
}

//! One connection: its requests are let in or not, and answered.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http::header::AUTHORIZATION;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use jobling_core::api::ApiError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::bounded::Bounded;
use super::tls::speaks_http2;
use crate::access::Session;
use crate::answer::{self, Answer};
use crate::api::Api;

/// The most that the head of a request may take, in bytes.
const HEAD_BYTES: usize = 64 << 10;
/// The most that waits to be written on one stream, in bytes.
const SEND_BYTES: usize = 64 << 10;
/// How long an HTTP/2 client may be silent before it is asked whether it is alive.
const PING_INTERVAL: Duration = Duration::from_mins(1);

/// How a connection lets requests in.
#[derive(Debug, Clone, Copy)]
enum Gate {
    /// As the owner of the host: the socket's mode has decided.
    Open,
    /// As whoever the token that is shown was given to.
    Token,
}

impl Gate {
    fn admit(self, api: &Api, request: &Request<Incoming>) -> Result<Session, ApiError> {
        match self {
            Self::Open => Ok(Session::owner()),
            Self::Token => match request.headers().get(AUTHORIZATION) {
                // Probes have no token, and learn nothing.
                None if is_probe(request.uri().path()) => Ok(Session::anonymous()),
                shown => api.admit(shown),
            },
        }
    }
}

fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/livez" | "/readyz")
}

/// Serves a client of the Unix socket to the end of its connection.
pub(super) async fn serve_local<S>(api: Arc<Api>, stream: S, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = api.limits();
    let stream = Bounded::new(stream, limits.header_timeout, limits.write_timeout);
    serve_http1(api, stream, Gate::Open, watcher).await;
}

/// Serves a client over TLS to the end of its connection.
pub(super) async fn serve_tls(
    api: Arc<Api>,
    stream: TcpStream,
    acceptor: TlsAcceptor,
    watcher: Watcher,
) {
    let handshake = tokio::time::timeout(api.limits().handshake_timeout, acceptor.accept(stream));
    let stream = match handshake.await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!("a TLS handshake took too long"),
    };
    let http2 = speaks_http2(&stream);
    let stream = Bounded::new(stream, api.limits().header_timeout, api.limits().write_timeout);
    if http2 {
        serve_http2(api, stream, Gate::Token, watcher).await;
    } else {
        serve_http1(api, stream, Gate::Token, watcher).await;
    }
}

async fn serve_http1<S>(api: Arc<Api>, stream: S, gate: Gate, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(api.limits().header_timeout)
        .max_buf_size(HEAD_BYTES);
    let service = service_fn(move |request| respond(Arc::clone(&api), gate, request));
    ended(watcher.watch(builder.serve_connection(TokioIo::new(stream), service)).await);
}

async fn serve_http2<S>(api: Arc<Api>, stream: S, gate: Gate, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .max_concurrent_streams(api.limits().streams)
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .max_send_buf_size(SEND_BYTES);
    let service = service_fn(move |request| respond(Arc::clone(&api), gate, request));
    ended(watcher.watch(builder.serve_connection(TokioIo::new(stream), service)).await);
}

fn ended(outcome: hyper::Result<()>) {
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn respond(
    api: Arc<Api>,
    gate: Gate,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    Ok(match gate.admit(&api, &request) {
        Ok(session) => api.answer(session, request).await,
        Err(error) => answer::refusal(&error),
    })
}

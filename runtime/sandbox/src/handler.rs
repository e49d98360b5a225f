//! Components that answer HTTP requests (`wasi:http/incoming-handler`): one request a run. The answer
//! goes to the run's stdout in CGI's manner, so that it counts and is bounded as any output is.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::cli::StdoutStream as _;
use wasmtime_wasi::p2::{OutputStream, StreamError};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::guest::Guest;
use crate::output::CountedOutput;

/// The interface whose export makes a component one that answers requests.
pub(crate) const INCOMING_HANDLER: &str = "wasi:http/incoming-handler@";
/// Bytes of headers that a guest may build at once, as they are in memory.
const FIELD_BYTES: usize = 32 << 10;
/// Bytes of a body that the host holds for a guest.
const CHUNK_BYTES: usize = 64 << 10;

/// A request that a component is to answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpRequest {
    /// The method, such as `POST`.
    pub method: String,
    /// The path with its query, such as `/a?b=c`.
    pub target: String,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

type Answer = Result<http::Response<HyperOutgoingBody>, ErrorCode>;
type Sending =
    Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

/// What a run has of HTTP.
pub(crate) struct Http {
    request: Option<HttpRequest>,
    output: CountedOutput,
    context: WasiHttpCtx,
    shut: Shut,
}

impl Http {
    pub(crate) fn new(request: Option<HttpRequest>, output: CountedOutput) -> Self {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(FIELD_BYTES);
        Self { request, output, context, shut: Shut }
    }

    /// Returns whether there is a request to answer.
    pub(crate) fn has_request(&self) -> bool {
        self.request.is_some()
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.http.shut,
            table: self.wasi.ctx().table,
            ctx: &mut self.http.context,
        }
    }
}

/// Requests of the guest's own go nowhere: what it may reach, it reaches by sockets, which are checked.
struct Shut;

impl WasiHttpHooks for Shut {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sending> + Send> {
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK_BYTES
    }
}

/// Adds HTTP to what components are given.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

/// Has the component answer the run's request; returns its exit code.
pub(crate) async fn serve(
    store: &mut Store<Guest>,
    component: &ProxyPre<Guest>,
) -> wasmtime::Result<u8> {
    let http = &mut store.data_mut().http;
    let output = http.output.p2_stream();
    let Some(request) = http.request.take() else { wasmtime::bail!("there is no request") };
    let (sender, answer) = oneshot::channel();
    let mut view = store.data_mut().http();
    let request = view.new_incoming_request(Scheme::Http, incoming(request)?)?;
    let respond = view.new_response_outparam(sender)?;
    let handle = async {
        let proxy = component.instantiate_async(&mut *store).await?;
        proxy.wasi_http_incoming_handler().call_handle(&mut *store, request, respond).await?;
        // A body that was left open ends with what it belongs to.
        *store.data_mut().wasi.ctx().table = ResourceTable::new();
        wasmtime::Result::Ok(())
    };
    tokio::try_join!(handle, pass_on(answer, output))?;
    Ok(0)
}

fn incoming(request: HttpRequest) -> wasmtime::Result<http::Request<Full<Bytes>>> {
    let mut incoming =
        http::Request::builder().method(request.method.as_str()).uri(request.target.as_str());
    for (name, value) in &request.headers {
        incoming = incoming.header(name, value);
    }
    if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        incoming = incoming.header(http::header::HOST, "localhost");
    }
    Ok(incoming.body(Full::new(request.body))?)
}

/// Writes the answer to `output` as it comes.
async fn pass_on(
    answer: oneshot::Receiver<Answer>,
    mut output: Box<dyn OutputStream>,
) -> wasmtime::Result<()> {
    let answer = match answer.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(code)) => wasmtime::bail!("the component answered with an error: {code}"),
        Err(_) => wasmtime::bail!("the component set no response"),
    };
    let (parts, body) = answer.into_parts();
    output.blocking_write_and_flush(head(&parts)).await.map_err(failed)?;
    let mut body = std::pin::pin!(body);
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => wasmtime::bail!("the component's response is not whole: {error:?}"),
        };
        if let Ok(bytes) = frame.into_data() {
            output.blocking_write_and_flush(bytes).await.map_err(failed)?;
        }
    }
    Ok(())
}

/// Returns the head of an answer as CGI has it.
fn head(parts: &http::response::Parts) -> Bytes {
    let mut head = format!("Status: {}\r\n", parts.status.as_u16()).into_bytes();
    for (name, value) in &parts.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head.into()
}

fn failed(error: StreamError) -> wasmtime::Error {
    match error {
        StreamError::Trap(error) | StreamError::LastOperationFailed(error) => error,
        StreamError::Closed => wasmtime::Error::msg("the output is closed"),
    }
}

//! Answers requests, each path in a way of its own: well, with an error, not at all, without an end.

use std::io::{Read as _, Write as _};

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse,
    ResponseOutparam,
};

struct Handler;

wasip2::http::proxy::export!(Handler);

impl Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        match target.split('?').next().unwrap_or_default() {
            "/error" => ResponseOutparam::set(out, Err(ErrorCode::InternalError(None))),
            "/silent" => {}
            "/trap" => panic!("asked for"),
            "/loop" => loop {
                std::hint::spin_loop();
            },
            "/open" => {
                let (stream, body) = begin(out, 200);
                drop(stream);
                // Without `finish`: the body goes as it is.
                drop(body);
            }
            "/flood" => {
                let (mut body, _rest) = begin(out, 200);
                while body.write_all(&[b'x'; 4096]).is_ok() {}
            }
            "/outside" => {
                let told = outside();
                end(begin(out, 200), told.as_bytes());
            }
            "/teapot" => end(begin(out, 418), b"short and stout"),
            _ => {
                let told = format!("{:?} {target} {}", request.method(), text_of(&request));
                end(begin(out, 200), told.as_bytes());
            }
        }
    }
}

type Begun = (wasip2::io::streams::OutputStream, OutgoingBody);

fn begin(out: ResponseOutparam, status: u16) -> Begun {
    let headers = Fields::new();
    headers.append("content-type", b"text/x-told").unwrap();
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    (body.write().unwrap(), body)
}

fn end((mut stream, body): Begun, text: &[u8]) {
    stream.write_all(text).unwrap();
    stream.flush().unwrap();
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}

fn text_of(request: &IncomingRequest) -> String {
    let body = request.consume().unwrap();
    let mut text = String::new();
    body.stream().unwrap().read_to_string(&mut text).unwrap();
    text
}

/// Asks another server, and tells what came of it.
fn outside() -> String {
    let request = OutgoingRequest::new(Fields::new());
    request.set_authority(Some("127.0.0.1:1")).unwrap();
    request.set_path_with_query(Some("/")).unwrap();
    let asked = match outgoing_handler::handle(request, None) {
        Ok(asked) => asked,
        Err(code) => return code.to_string(),
    };
    asked.subscribe().block();
    match asked.get() {
        Some(Ok(Ok(_))) => "answered".to_owned(),
        Some(Ok(Err(code))) => code.to_string(),
        Some(Err(())) | None => "nothing".to_owned(),
    }
}

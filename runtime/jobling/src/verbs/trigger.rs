//! `trigger`: a request to an HTTPTrigger's endpoint, with what the trigger asks of its clients.

use std::fs;
use std::io::{self, Read};

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{Request, Response};
use http_body_util::BodyExt;
use jobling_core::api::{HTTPTrigger, Kind};
use jobling_core::control::trigger::{Pattern, Rules};
use k8s_openapi::api::core::v1::{Secret, SecretKeySelector};
use kube::client::Body;
use kube::{Client, Config};
use ring::hmac;
use serde_json::Value;

use super::failure::chain;
use super::{Exit, Failure};
use crate::args::{Pair, Trigger};
use crate::client::{ClientError, Resource, Rest};
use crate::output::{GuestText, Output};

/// Where the daemon says where requests are taken.
const ENDPOINT: &str = "/triggers";

/// Sends the request that `args` describe and prints the answer.
pub(crate) async fn trigger(
    args: &Trigger,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let name = args.name.strip_prefix("httptrigger/").unwrap_or(&args.name);
    let path = Resource::from(Kind::HTTPTrigger).object(rest.namespace(), name);
    let trigger: HTTPTrigger = rest.read(&path).await?;
    let url = match &args.url {
        Some(url) => url.clone(),
        None => trigger_endpoint(rest).await?.ok_or_else(no_endpoint)?,
    };
    let body = args.data.as_deref().map_or_else(|| Ok(Vec::new()), body)?;
    let mut request = request(args, &trigger, body)?;
    if let Some((header, value)) = credentials(&trigger, request.body(), rest).await? {
        request.headers_mut().entry(header).or_insert(value);
    }
    let answer = send(&url, request).await?;
    print(args, answer, output)
}

/// Returns where the daemon takes requests to HTTPTriggers; `None` where it takes none, or is another
/// server that knows nothing of them.
pub(super) async fn trigger_endpoint(rest: &Rest) -> Result<Option<String>, ClientError> {
    let told = rest.find(ENDPOINT).await?;
    Ok(told.and_then(|told| told["url"].as_str().map(str::to_owned)))
}

fn no_endpoint() -> Failure {
    Failure::Usage(
        "the daemon takes no requests to HTTPTriggers: start it with serve --trigger-listen, or say where \
         they are taken with --url"
            .to_owned(),
    )
}

fn body(data: &str) -> Result<Vec<u8>, Failure> {
    let Some(file) = data.strip_prefix('@') else { return Ok(data.as_bytes().to_vec()) };
    let read = if file == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    read.map_err(|error| Failure::Usage(format!("the body {file} cannot be read: {error}")))
}

/// Returns the request, but for what shows that it may come in.
fn request(
    args: &Trigger,
    trigger: &HTTPTrigger,
    body: Vec<u8>,
) -> Result<Request<Vec<u8>>, Failure> {
    let rules = Rules::of(&trigger.spec);
    let method = args.method.clone().or_else(|| rules.methods.first().cloned());
    let target = target(&trigger.spec.path, &args.param, &args.query)?;
    let mut request = Request::builder().method(&*method.unwrap_or_default()).uri(target);
    for header in &args.header {
        request = request.header(&header.0, &header.1);
    }
    if let Some(key) = &args.idempotency_key {
        let Some(idempotency) = &rules.idempotency else {
            return Err(Failure::Usage(format!(
                "httptrigger/{} knows no repeats: set spec.idempotency, or leave --idempotency-key out",
                trigger.metadata.name.as_deref().unwrap_or_default()
            )));
        };
        request = request.header(&idempotency.header, key);
    }
    if args.respond_async {
        request = request.header("prefer", "respond-async");
    }
    request.body(body).map_err(|error| Failure::Usage(format!("the request is none: {error}")))
}

/// Returns the path with its names filled in, and the query.
fn target(pattern: &str, params: &[Pair], query: &[Pair]) -> Result<String, Failure> {
    let mut target = String::new();
    let mut unused: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
    for segment in pattern.trim_start_matches('/').split('/') {
        target.push('/');
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(name) = name else {
            target.push_str(segment);
            continue;
        };
        let Some(param) = params.iter().find(|param| param.name == name) else {
            return Err(Failure::Usage(format!(
                "the path is {pattern}: give --param {name}=VALUE"
            )));
        };
        unused.retain(|unused| *unused != name);
        push_escaped(&mut target, &param.value);
    }
    if let [name, ..] = unused[..] {
        return Err(Failure::Usage(format!("the path is {pattern}: there is no {{{name}}} in it")));
    }
    if !Pattern::parse(pattern).is_ok_and(|pattern| pattern.matches(&target).is_some()) {
        return Err(Failure::Usage(format!("{target} is no path that {pattern} takes")));
    }
    for (at, pair) in query.iter().enumerate() {
        target.push(if at == 0 { '?' } else { '&' });
        push_escaped(&mut target, &pair.name);
        target.push('=');
        push_escaped(&mut target, &pair.value);
    }
    Ok(target)
}

fn push_escaped(text: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// Returns the header by which the request may come in, made of the trigger's Secret.
async fn credentials(
    trigger: &HTTPTrigger,
    body: &[u8],
    rest: &Rest,
) -> Result<Option<(HeaderName, HeaderValue)>, Failure> {
    let Some(auth) = &trigger.spec.auth else { return Ok(None) };
    let unfit =
        |what: &str| Failure::Usage(format!("the {what} of the trigger's auth is no header"));
    if let Some(bearer) = &auth.bearer {
        let token = secret(&bearer.secret_key_ref, rest).await?;
        let mut value =
            HeaderValue::from_bytes(&[b"Bearer ", &*token].concat()).map_err(|_| unfit("token"))?;
        value.set_sensitive(true);
        return Ok(Some((AUTHORIZATION, value)));
    }
    let Some(given) = &auth.hmac else { return Ok(None) };
    let key = secret(&given.secret_key_ref, rest).await?;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), body);
    let mut text = given.prefix.clone().unwrap_or_default();
    for byte in tag.as_ref() {
        text.push_str(&format!("{byte:02x}"));
    }
    let value = HeaderValue::try_from(text).map_err(|_| unfit("prefix"))?;
    let header = HeaderName::try_from(given.header.as_str()).map_err(|_| unfit("header"))?;
    Ok(Some((header, value)))
}

async fn secret(selector: &SecretKeySelector, rest: &Rest) -> Result<Vec<u8>, Failure> {
    let path = Resource::from(Kind::Secret).object(rest.namespace(), &selector.name);
    let secret: Secret = rest.read(&path).await?;
    let value = secret.data.and_then(|mut data| data.remove(&selector.key));
    value.map(|value| value.0).ok_or_else(|| {
        let (name, key) = (&selector.name, &selector.key);
        Failure::Usage(format!("secret/{name} has no {key}, which the trigger asks of its clients"))
    })
}

async fn send(url: &str, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Failure> {
    let address = url.parse::<http::Uri>().ok().filter(|url| url.host().is_some());
    let Some(address) = address.filter(|url| url.scheme().is_some()) else {
        let why = format!("--url \"{url}\" is no address; write http://HOST:PORT");
        return Err(Failure::Usage(why));
    };
    let unreachable =
        |error: kube::Error| Failure::Usage(format!("no answer from {url}: {}", chain(&error)));
    let mut config = Config::new(address);
    // The trigger says how long an answer may take.
    config.read_timeout = None;
    let client = Client::try_from(config).map_err(unreachable)?;
    let answer = client.send(request.map(Body::from)).await.map_err(unreachable)?;
    let (parts, body) = answer.into_parts();
    let broken = |error| Failure::Usage(format!("the answer from {url} broke off: {error}"));
    let body = body.collect().await.map_err(broken)?.to_bytes().to_vec();
    Ok(Response::from_parts(parts, body))
}

fn print(args: &Trigger, answer: Response<Vec<u8>>, output: &mut Output) -> Result<Exit, Failure> {
    let (parts, body) = answer.into_parts();
    // Headers and body may be a guest's.
    let mut text = GuestText::new(String::new());
    if args.include {
        let mut head = format!("{:?} {}\n", parts.version, parts.status).into_bytes();
        for (name, value) in &parts.headers {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
        }
        head.push(b'\n');
        output.guest(&mut text, &head)?;
    }
    if parts.status.is_success() {
        output.guest(&mut text, &body)?;
        output.guest_end(&mut text)?;
        return Ok(Exit::Success);
    }
    let said = serde_json::from_slice::<Value>(&body).ok();
    let said = said.as_ref().and_then(|said| said["message"].as_str().map(str::as_bytes));
    let said = said.unwrap_or(&body).trim_ascii();
    let line = [format!("error: {}: ", parts.status).as_bytes(), said, b"\n"].concat();
    output.guest_aside(&mut text, &line);
    Ok(Exit::Failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[&str]) -> Vec<Pair> {
        pairs.iter().map(|pair| pair.parse().unwrap()).collect()
    }

    #[test]
    fn names_are_filled_in_and_escaped() {
        for (pattern, params, query, expected) in [
            ("/", vec![], vec![], "/"),
            ("/a/b", vec![], vec!["x=1", "y=a b"], "/a/b?x=1&y=a%20b"),
            ("/u/{n}/{m}", vec!["m=2", "n=ä"], vec![], "/u/%C3%A4/2"),
        ] {
            let found = target(pattern, &pairs(&params), &pairs(&query)).unwrap();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_does_not_fit_the_path_is_said() {
        for (params, said) in [
            (vec![], "error: the path is /u/{n}: give --param n=VALUE"),
            (vec!["n=1", "o=2"], "error: the path is /u/{n}: there is no {o} in it"),
            (vec!["n=a/b"], "error: /u/a%2Fb is no path that /u/{n} takes"),
        ] {
            assert_eq!(target("/u/{n}", &pairs(&params), &[]).unwrap_err().to_string(), said);
        }
    }
}

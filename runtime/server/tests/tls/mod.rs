//! TCP with TLS: the certificate is the authority's, and a token lets in as far as its role goes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jobling_server::{
    Access, Api, Authority, Endpoint, Limits, Listener, TlsListener, Token, serve, tls_config,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::Events;
use crate::model::{Model, NOW};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const TOKENS: &str = "/apis/jobling.dev/v1alpha1/tokens";

#[tokio::test]
async fn over_tls_only_the_token_lets_in() {
    let host = Host::new().await;
    let wrong = Some("wrong".to_owned());
    for (path, shown, status) in [
        ("/api/v1/pods", Some(host.token.clone()), StatusCode::OK),
        ("/api/v1/pods", wrong.clone(), StatusCode::UNAUTHORIZED),
        ("/api/v1/pods", None, StatusCode::UNAUTHORIZED),
        ("/version", None, StatusCode::UNAUTHORIZED),
        ("/readyz", None, StatusCode::OK),
        ("/readyz", wrong, StatusCode::UNAUTHORIZED),
    ] {
        let answer = host.open(&format!("GET {path}"), shown.as_deref(), &Value::Null).await;
        assert_eq!(answer.status(), status, "{path} {shown:?}");
    }
}

#[tokio::test]
async fn a_token_lets_in_as_far_as_its_role_and_namespace_go() {
    let host = Host::new().await;
    let viewer = host.give("viewer", &json!({"role": "view"})).await;
    let editor = host.give("editor", &json!({"role": "edit", "namespace": "default"})).await;
    for (token, line, status) in [
        (&viewer, format!("GET {MAPS}"), 200),
        (&viewer, "GET /api/v1/configmaps".to_owned(), 200),
        (&viewer, format!("POST {MAPS}"), 403),
        (&viewer, "GET /api/v1/namespaces/default/secrets".to_owned(), 403),
        (&viewer, format!("GET {TOKENS}"), 403),
        (&editor, format!("POST {MAPS}"), 201),
        (&editor, "GET /api/v1/configmaps".to_owned(), 403),
        (&editor, "POST /api/v1/namespaces/other/configmaps".to_owned(), 403),
        (&editor, format!("DELETE {TOKENS}/viewer"), 403),
        (&editor, format!("POST {TOKENS}"), 403),
        // What nobody can do is told by its own sentence.
        (&editor, "POST /api/v1/namespaces/default/pods/p/exec".to_owned(), 403),
    ] {
        let answer = host.ask(&line, token, &json!({"metadata": {"name": "a"}})).await;
        assert_eq!(answer["code"].as_u64().unwrap_or(status), status, "{line}: {answer}");
        let failed = answer["status"] == "Failure";
        assert_eq!(failed, status >= 400, "{line}: {answer}");
    }
}

#[tokio::test]
async fn a_refusal_is_worded_as_kubernetes_words_it() {
    let host = Host::new().await;
    let viewer = host.give("viewer", &json!({"role": "view"})).await;
    let refused = host.ask(&format!("POST {MAPS}"), &viewer, &json!({})).await;
    assert_eq!(
        refused,
        json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": "configmaps is forbidden: User \"viewer\" cannot create resource \
                \"configmaps\" in API group \"\" in the namespace \"default\"",
            "reason": "Forbidden",
            "details": {"kind": "configmaps"},
            "code": 403,
        })
    );
}

#[tokio::test]
async fn a_token_that_is_revoked_opens_nothing_and_its_watches_end() {
    let host = Host::new().await;
    let viewer = host.give("viewer", &json!({"role": "view"})).await;
    let other = host.give("other", &json!({"role": "view"})).await;
    let watch = format!("GET {MAPS}?watch=1");
    let open = host.open(&watch, Some(&viewer), &Value::Null).await;
    let mut events = Events::of(open.into_body());
    let mut others = Events::of(host.open(&watch, Some(&other), &Value::Null).await.into_body());
    let gone = host.ask(&format!("DELETE {TOKENS}/viewer"), &host.token, &json!({})).await;
    assert_eq!(gone["status"], "Success");
    assert_eq!(events.word().await, "end");
    let again = host.open(&format!("GET {MAPS}"), Some(&viewer), &Value::Null).await;
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
    host.ask(&format!("POST {MAPS}"), &host.token, &json!({"metadata": {"name": "a"}})).await;
    assert!(others.word().await.starts_with("ADDED a@"), "another's watch goes on");
}

#[tokio::test]
async fn every_change_is_put_down_with_who_asked_and_how_it_was_answered() {
    let log = Log::default();
    let kept = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || kept.clone()).finish();
    // The test's runtime has one thread, which is this one.
    let _kept = tracing::subscriber::set_default(subscriber);
    let host = Host::new().await;
    let editor = host.give("editor", &json!({"role": "edit"})).await;
    let secrets = "/api/v1/namespaces/default/secrets";
    let secret = json!({"metadata": {"generateName": "key-"}, "stringData": {"key": "hunter2"}});
    host.ask(&format!("POST {secrets}"), &editor, &secret).await;
    host.ask(&format!("GET {secrets}"), &editor, &Value::Null).await;
    host.ask("DELETE /api/v1/namespaces/default", &editor, &json!({})).await;
    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let told: Vec<_> =
        written.lines().filter_map(|line| line.split_once("change asked for")).collect();
    let told: Vec<_> = told.into_iter().map(|(_, fields)| fields.trim()).collect();
    assert_eq!(
        told,
        [
            "user=\"jobling-admin\" verb=\"create\" group=\"jobling.dev\" resource=\"tokens\" \
             subresource=\"\" namespace=\"\" name=\"editor\" status=201",
            "user=\"editor\" verb=\"create\" group=\"\" resource=\"secrets\" subresource=\"\" \
             namespace=\"default\" name=\"key-abcde\" status=201",
            "user=\"editor\" verb=\"delete\" group=\"\" resource=\"namespaces\" subresource=\"\" \
             namespace=\"default\" name=\"default\" status=403",
        ]
    );
    assert!(!written.contains("hunter2") && !written.contains(&editor), "{written}");
}

#[tokio::test]
async fn a_tokens_secret_is_told_once_with_a_kubeconfig_that_works() {
    let host = Host::new().await;
    let spec = json!({"role": "edit", "namespace": "team", "expirationSeconds": 3600});
    let wanted = json!({"metadata": {"name": "ci"}, "spec": spec});
    let made = host.ask(&format!("POST {TOKENS}"), &host.token, &wanted).await;
    let secret = made["status"]["token"].as_str().unwrap();
    let kubeconfig = made["status"]["kubeconfig"].as_str().unwrap();
    assert!(kubeconfig.contains(secret) && kubeconfig.contains("namespace: team"), "{kubeconfig}");
    let shown = host.ask(&format!("GET {TOKENS}/ci"), &host.token, &Value::Null).await;
    assert_eq!(
        (&shown["spec"], &shown["status"]),
        (
            &json!({"role": "edit", "namespace": "team"}),
            &json!({"expirationTimestamp": "2026-11-23T11:00:00Z"})
        )
    );
    for (wanted, status) in [
        (json!({"metadata": {"name": "ci"}, "spec": {"role": "view"}}), 409),
        (json!({"metadata": {"name": "x"}, "spec": {"role": "root"}}), 422),
        (json!({"metadata": {"name": "X y"}, "spec": {"role": "view"}}), 422),
        (json!({"metadata": {"name": "x"}, "spec": {"role": "view", "namespace": "/"}}), 422),
        (json!({"metadata": {"name": "x"}, "spec": {"role": "view", "expires": 1}}), 400),
    ] {
        let refused = host.ask(&format!("POST {TOKENS}"), &host.token, &wanted).await;
        assert_eq!(refused["code"], status, "{wanted}: {refused}");
    }
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A model that is served on a free port of the loopback.
pub(crate) struct Host {
    pub(crate) model: Model,
    address: SocketAddr,
    trusted: String,
    /// The host's own token.
    pub(crate) token: String,
    _folder: tempfile::TempDir,
}

impl Host {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("access");
        let authority = Authority::load_or_create(&directory, NOW).unwrap();
        let trusted = authority.pem().to_owned();
        let config = tls_config(authority, vec!["127.0.0.1".to_owned()], Arc::new(|| NOW)).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TlsListener::bind(any, config).await.unwrap();
        let address = listener.address();
        let endpoint =
            Endpoint { url: format!("https://{address}"), authority_pem: trusted.clone() };
        let access = Access::open(&directory).unwrap().with_endpoint(endpoint);
        let token = Token::load_or_create(&directory.join("token")).unwrap().reveal().to_owned();
        let model = Model::new();
        let api = Arc::new(Api::new(Arc::new(model.clone()), access, Limits::default()));
        tokio::spawn(serve(api, vec![Listener::Tls(listener)], std::future::pending()));
        Self { model, address, trusted, token, _folder: folder }
    }

    /// Gives out a token and returns its secret.
    async fn give(&self, name: &str, spec: &Value) -> String {
        let wanted = json!({"metadata": {"name": name}, "spec": spec});
        let made = self.ask(&format!("POST {TOKENS}"), &self.token, &wanted).await;
        made["status"]["token"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// Sends `METHOD /path` as the holder of `token` and reads the answer.
    async fn ask(&self, line: &str, token: &str, body: &Value) -> Value {
        let answer = self.open(line, Some(token), body).await;
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&text).unwrap()
    }

    /// Sends `METHOD /path` and returns the answer as it comes.
    async fn open(&self, line: &str, token: Option<&str>, body: &Value) -> Response<Incoming> {
        let (method, target) = line.split_once(' ').unwrap();
        let stream = self.connect(b"http/1.1").await;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(target).header("host", "127.0.0.1");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        sender.send_request(request.body(Full::<Bytes>::from(body)).unwrap()).await.unwrap()
    }

    /// Connects as a client that trusts this host's authority alone and speaks `protocol`.
    pub(crate) async fn connect(&self, protocol: &[u8]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.trusted.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TcpStream::connect(self.address).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }
}

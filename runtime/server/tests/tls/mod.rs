//! TCP with TLS: the certificate is the authority's, and only the token lets in.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jobling_server::{
    AccessError, Api, Authority, Limits, Listener, TlsListener, Token, serve, tls_config,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::model::{Model, NOW};

#[tokio::test]
async fn over_tls_only_the_token_lets_in() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::load_or_create(&folder.path().join("tls"), NOW).unwrap();
    let trusted = authority.pem().to_owned();
    let token = Token::load_or_create(&folder.path().join("token")).unwrap();
    let address = served(authority, token.clone()).await.unwrap();
    let right = format!("Bearer {}", token.reveal());
    for (path, shown, status) in [
        ("/api/v1/pods", Some(right.as_str()), StatusCode::OK),
        ("/api/v1/pods", Some("Bearer wrong"), StatusCode::UNAUTHORIZED),
        ("/api/v1/pods", None, StatusCode::UNAUTHORIZED),
        ("/version", None, StatusCode::UNAUTHORIZED),
        ("/readyz", None, StatusCode::OK),
    ] {
        assert_eq!(ask(address, &trusted, path, shown).await, status, "{path} {shown:?}");
    }
}

/// Serves a model on a free port of the loopback.
async fn served(authority: Authority, token: Token) -> Result<SocketAddr, AccessError> {
    let names = vec!["127.0.0.1".to_owned()];
    let config = tls_config(authority, names, Arc::new(|| NOW))?;
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = TlsListener::bind(any, config, token).await.unwrap();
    let address = listener.address();
    let api = Arc::new(Api::new(Arc::new(Model::new()), Limits::default()));
    tokio::spawn(serve(api, vec![Listener::Tls(listener)], std::future::pending()));
    Ok(address)
}

/// Asks for `path` as a client that trusts the authority `trusted` alone.
async fn ask(
    address: SocketAddr,
    trusted: &str,
    path: &str,
    authorization: Option<&str>,
) -> StatusCode {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::get(path).header("host", "127.0.0.1");
    if let Some(shown) = authorization {
        request = request.header("authorization", shown);
    }
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    sender.send_request(request).await.unwrap().status()
}

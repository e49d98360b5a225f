//! Which server is meant, and the client that reaches it.

use std::path::{Path, PathBuf};

use hyper_util::client::legacy::Client as Hyper;
use hyper_util::rt::TokioExecutor;
use kube::client::ConfigExt;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use tower::ServiceBuilder;

use super::unix::UnixConnector;
use crate::args::Connection;

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The address is none.
    #[error(
        "--server \"{given}\" is no address; write unix:///PATH, https://HOST:PORT or http://HOST:PORT"
    )]
    Address {
        /// What was given.
        given: String,
    },
    /// The kubeconfig cannot be used.
    #[error("kubeconfig {}", .path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: KubeconfigError,
    },
    /// The client cannot be built, such as with a broken certificate.
    #[error("cannot use the server's settings")]
    Client(#[source] kube::Error),
}

/// A server, as it is named to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A daemon's socket on this host.
    Socket(PathBuf),
    /// An address.
    Url(String),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "unix://{}", path.display()),
            Self::Url(url) => f.write_str(url),
        }
    }
}

impl Target {
    fn parse(given: &str) -> Result<Self, ConnectError> {
        let fault = || ConnectError::Address { given: given.to_owned() };
        if let Some(path) = given.strip_prefix("unix://") {
            return match path.starts_with('/') {
                true => Ok(Self::Socket(PathBuf::from(path))),
                false => Err(fault()),
            };
        }
        if given.starts_with('/') {
            return Ok(Self::Socket(PathBuf::from(given)));
        }
        let url = if given.contains("://") { given.to_owned() } else { format!("http://{given}") };
        let uri: http::Uri = url.parse().map_err(|_| fault())?;
        match (uri.scheme_str(), uri.host()) {
            (Some("http" | "https"), Some(_)) => Ok(Self::Url(url)),
            _ => Err(fault()),
        }
    }
}

/// Returns a client of the server that `options` name, that server, and the namespace that is meant.
///
/// A server that is named outright comes before the kubeconfig's; without either it is
/// `default_socket`.
pub(crate) async fn connect(
    options: &Connection,
    default_socket: &Path,
) -> Result<(Client, Target, String), ConnectError> {
    let kubeconfig = match options.kubeconfig.as_deref().filter(|p| !p.as_os_str().is_empty()) {
        Some(paths) => Some(read_kubeconfig(paths)?),
        None => None,
    };
    let target = match (&options.server, &kubeconfig) {
        (Some(server), _) => Target::parse(server)?,
        (None, Some((path, kubeconfig))) => {
            let server = server_of(kubeconfig, options.context.as_deref());
            let missing = || ConnectError::Kubeconfig {
                path: path.clone(),
                source: KubeconfigError::MissingClusterUrl,
            };
            Target::parse(&server.ok_or_else(missing)?)?
        }
        (None, None) => Target::Socket(default_socket.to_owned()),
    };
    let config = config(options, &target, kubeconfig).await?;
    let namespace = options.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
    let client = match &target {
        Target::Socket(path) => over_socket(path.clone(), &namespace, &config),
        Target::Url(_) => Client::try_from(config).map_err(ConnectError::Client)?,
    };
    Ok((client, target, namespace))
}

fn over_socket(path: PathBuf, namespace: &str, config: &Config) -> Client {
    let hyper: Hyper<_, kube::client::Body> =
        Hyper::builder(TokioExecutor::new()).build(UnixConnector::new(path));
    let service = ServiceBuilder::new().layer(config.base_uri_layer()).service(hyper);
    Client::new(service, namespace)
}

/// Returns the settings of the client. A socket's URL is none for hyper, which needs a host to write
/// into the request: `localhost` stands there.
async fn config(
    options: &Connection,
    target: &Target,
    kubeconfig: Option<(PathBuf, Kubeconfig)>,
) -> Result<Config, ConnectError> {
    let url = match target {
        Target::Socket(_) => "http://localhost".to_owned(),
        Target::Url(url) => url.clone(),
    };
    let uri: http::Uri = url.parse().map_err(|_| ConnectError::Address { given: url.clone() })?;
    let Some((path, mut kubeconfig)) = kubeconfig else { return Ok(Config::new(uri)) };
    for cluster in &mut kubeconfig.clusters {
        if let Some(cluster) = &mut cluster.cluster {
            cluster.server = Some(url.clone());
        }
    }
    let choice =
        KubeConfigOptions { context: options.context.clone(), ..KubeConfigOptions::default() };
    Config::from_custom_kubeconfig(kubeconfig, &choice)
        .await
        .map_err(|source| ConnectError::Kubeconfig { path, source })
}

/// Reads the kubeconfig files of a list as `KUBECONFIG` has it, merged; of several, those that are
/// missing are passed over, as kubectl does.
fn read_kubeconfig(paths: &Path) -> Result<(PathBuf, Kubeconfig), ConnectError> {
    let all: Vec<PathBuf> =
        std::env::split_paths(paths).filter(|p| !p.as_os_str().is_empty()).collect();
    let several = all.len() > 1;
    let mut merged: Option<Kubeconfig> = None;
    for path in all.iter().filter(|path| !several || path.exists()) {
        let fault = |source| ConnectError::Kubeconfig { path: path.clone(), source };
        let next = Kubeconfig::read_from(path).map_err(fault)?;
        merged = Some(match merged {
            Some(before) => before.merge(next).map_err(fault)?,
            None => next,
        });
    }
    Ok((paths.to_owned(), merged.unwrap_or_default()))
}

fn server_of(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let context = context.or(kubeconfig.current_context.as_deref())?;
    let context = kubeconfig.contexts.iter().find(|c| c.name == context)?.context.as_ref()?;
    let cluster = kubeconfig.clusters.iter().find(|c| c.name == context.cluster)?;
    cluster.cluster.as_ref()?.server.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_socket_or_a_url() {
        for (given, shown) in [
            ("unix:///run/jobling.sock", "unix:///run/jobling.sock"),
            ("/run/jobling.sock", "unix:///run/jobling.sock"),
            ("https://10.0.0.7:6443", "https://10.0.0.7:6443"),
            ("localhost:8080", "http://localhost:8080"),
        ] {
            assert_eq!(Target::parse(given).unwrap().to_string(), shown, "{given}");
        }
        for given in ["unix://relative.sock", "ftp://host", "https://", ""] {
            assert!(Target::parse(given).is_err(), "{given}");
        }
    }
}

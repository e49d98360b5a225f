//! The kubeconfig that tells kubectl and jobling's own client where this host is.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Token;

/// Where a host is reached.
#[derive(Debug, Clone)]
pub enum Address {
    /// The socket: whoever may open it may do everything. jobling's own client understands it; kubectl
    /// has no such transport.
    Unix(PathBuf),
    /// An `https://` URL, the authority to trust there, and the token to show.
    Tls {
        /// The URL.
        url: String,
        /// The authority's certificate, as PEM.
        authority_pem: String,
        /// The token.
        token: Token,
    },
}

/// Returns a kubeconfig, as YAML, with the one cluster, user and context `jobling`, in `namespace` if
/// there is one.
///
/// # Panics
/// Never: texts are YAML.
#[must_use]
pub fn kubeconfig(address: &Address, namespace: Option<&str>) -> String {
    let (cluster, user) = match address {
        Address::Unix(path) => (json!({"server": format!("unix://{}", path.display())}), json!({})),
        Address::Tls { url, authority_pem, token } => (
            json!({
                "certificate-authority-data": STANDARD.encode(authority_pem),
                "server": url,
            }),
            json!({"token": token.reveal()}),
        ),
    };
    let mut context = json!({"cluster": "jobling", "user": "jobling"});
    if let Some(namespace) = namespace {
        context["namespace"] = json!(namespace);
    }
    let named = |key: &str, value: Value| json!([{"name": "jobling", key: value}]);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": named("cluster", cluster),
        "contexts": named("context", context),
        "current-context": "jobling",
        "users": named("user", user),
    });
    serde_yaml::to_string(&config).expect("texts are YAML")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_kubeconfig_names_the_socket() {
        expect![[r"
            apiVersion: v1
            clusters:
            - cluster:
                server: unix:///var/lib/jobling/jobling.sock
              name: jobling
            contexts:
            - context:
                cluster: jobling
                user: jobling
              name: jobling
            current-context: jobling
            kind: Config
            users:
            - name: jobling
              user: {}
        "]]
        .assert_eq(&kubeconfig(&Address::Unix("/var/lib/jobling/jobling.sock".into()), None));
    }

    #[test]
    fn a_kubeconfig_has_what_a_client_over_tls_needs() {
        let folder = tempfile::tempdir().unwrap();
        let token = Token::load_or_create(&folder.path().join("token")).unwrap();
        let text = kubeconfig(
            &Address::Tls {
                url: "https://127.0.0.1:6443".into(),
                authority_pem: "PEM".into(),
                token: token.clone(),
            },
            Some("team"),
        );
        let read: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(read["users"][0]["user"]["token"], token.reveal());
        let cluster = &read["clusters"][0]["cluster"];
        assert_eq!(cluster["certificate-authority-data"], "UEVN");
        assert_eq!(cluster["server"], "https://127.0.0.1:6443");
        assert_eq!(read["contexts"][0]["context"]["namespace"], "team");
    }
}

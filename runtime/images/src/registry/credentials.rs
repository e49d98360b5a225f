//! What registries are shown: docker's `config.json`, and the Secrets of type
//! `kubernetes.io/dockerconfigjson` that have the same form. No error and no `Debug` text holds any of it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Deserialize;

use crate::{Digest, Reference};

/// What Docker's own registry is called in its configuration.
const DOCKER_HUB: [&str; 3] = ["index.docker.io", "docker.io", "registry-1.docker.io"];

/// Why credentials cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// No such form.
    #[error("{origin} is no docker configuration: {why}")]
    Malformed {
        /// The file or the Secret.
        origin: String,
        /// What is wrong, without what it holds.
        why: String,
    },
    /// They are with a program that is not called.
    #[error(
        "the credentials of {registry} are with the program docker-credential-{helper}, which {origin} names and a \
         daemon does not call; put them into an imagePullSecret, or into a configuration of their own with docker login"
    )]
    Helper {
        /// The file or the Secret.
        origin: String,
        /// The registry.
        registry: String,
        /// The program.
        helper: String,
    },
}

/// What one registry is shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Credentials {
    /// A name and a password.
    Basic { username: String, password: String },
    /// A refresh token, which the token service takes instead.
    Identity(String),
    /// A token that the registry takes as it is.
    Bearer(String),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// One docker configuration, checked.
#[derive(Clone, Default)]
pub struct DockerConfig {
    origin: String,
    auths: BTreeMap<String, Auth>,
    helpers: BTreeMap<String, String>,
    store: Option<String>,
}

impl std::fmt::Debug for DockerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DockerConfig").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Docker configurations, in the order in which they are tried.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Vec<DockerConfig>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Auth {
    #[serde(rename = "auth")]
    user_and_password: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

impl DockerConfig {
    /// Reads a `config.json`, or a Secret's `.dockerconfigjson`, which errors call `origin`.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(origin: &str, text: &[u8]) -> Result<Self, CredentialsError> {
        let raw: Raw = serde_json::from_slice(text).map_err(|error| malformed(origin, &error))?;
        let config = Self {
            origin: origin.to_owned(),
            auths: raw.auths,
            helpers: raw.cred_helpers,
            store: raw.creds_store.filter(|store| !store.is_empty()),
        };
        config.checked()
    }

    /// Reads a Secret's `.dockercfg`, the form before: the registries alone.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse_legacy(origin: &str, text: &[u8]) -> Result<Self, CredentialsError> {
        let auths = serde_json::from_slice(text).map_err(|error| malformed(origin, &error))?;
        Self { origin: origin.to_owned(), auths, ..Self::default() }.checked()
    }

    fn checked(self) -> Result<Self, CredentialsError> {
        for (registry, auth) in &self.auths {
            if !auth.user_and_password.is_empty() && basic(&auth.user_and_password).is_none() {
                let why = format!("auths[{registry:?}].auth must be base64 of NAME:PASSWORD");
                return Err(CredentialsError::Malformed { origin: self.origin, why });
            }
        }
        Ok(self)
    }

    /// Returns what it has for the repository: of several entries the one with the longest path.
    fn of(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Credentials>, CredentialsError> {
        let matches = self.auths.iter().filter_map(|(key, auth)| {
            let path = covers(key, registry, repository)?;
            Some((path, auth))
        });
        let entry = matches.max_by_key(|(path, _)| *path).map(|(_, auth)| auth);
        if let Some(credentials) = entry.and_then(Auth::credentials) {
            return Ok(Some(credentials));
        }
        let own = self.helpers.iter().find(|(key, _)| covers(key, registry, repository).is_some());
        // An empty entry says that the store has what belongs there.
        let store = self.store.as_ref().filter(|_| entry.is_some());
        match own.map(|(_, helper)| helper).or(store) {
            Some(helper) => Err(CredentialsError::Helper {
                origin: self.origin.clone(),
                registry: registry.to_owned(),
                helper: helper.clone(),
            }),
            None => Ok(None),
        }
    }

    /// Returns a `config.json` with what this one has for `reference`'s repository alone, to be handed on;
    /// `None` where it has nothing.
    ///
    /// # Errors
    /// Where a program has it.
    pub fn excerpt(&self, reference: &Reference) -> Result<Option<String>, CredentialsError> {
        let found = self.of(reference.registry(), reference.repository())?;
        Ok(found.map(|credentials| {
            let auth = match credentials {
                Credentials::Basic { username, password } => {
                    serde_json::json!({"username": username, "password": password})
                }
                Credentials::Identity(token) => serde_json::json!({"identitytoken": token}),
                Credentials::Bearer(token) => serde_json::json!({"registrytoken": token}),
            };
            serde_json::json!({"auths": {reference.registry(): auth}}).to_string()
        }))
    }
}

impl Keyring {
    /// Returns one that tries `configs` in their order.
    #[must_use]
    pub const fn new(configs: Vec<DockerConfig>) -> Self {
        Self(configs)
    }

    /// Adds those of `other`, to be tried after its own.
    #[must_use]
    pub fn then(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().cloned());
        self
    }

    /// Returns what there is for the repository, in order. Where a program has some and nobody else has any,
    /// that is an error: to go without would be refused with less of a reason.
    pub(super) fn of(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Vec<Credentials>, CredentialsError> {
        let mut found = Vec::new();
        let mut helper = None;
        for config in &self.0 {
            match config.of(registry, repository) {
                Ok(Some(credentials)) if !found.contains(&credentials) => found.push(credentials),
                Ok(_) => {}
                Err(error) => helper = helper.or(Some(error)),
            }
        }
        match helper {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found),
        }
    }

    /// Returns a name of what there is for the repository: two with the same may share a pull.
    pub(super) fn identity(&self, registry: &str, repository: &str) -> Digest {
        let found = self.of(registry, repository).unwrap_or_default();
        let mut text = String::new();
        for credentials in found {
            let parts = match credentials {
                Credentials::Basic { username, password } => {
                    ["basic".to_owned(), username, password]
                }
                Credentials::Identity(token) => ["identity".to_owned(), token, String::new()],
                Credentials::Bearer(token) => ["bearer".to_owned(), token, String::new()],
            };
            for part in parts {
                text.push_str(&format!("{}:{part}", part.len()));
            }
        }
        Digest::of(text.as_bytes())
    }
}

impl Auth {
    fn credentials(&self) -> Option<Credentials> {
        if !self.registrytoken.is_empty() {
            return Some(Credentials::Bearer(self.registrytoken.clone()));
        }
        if !self.identitytoken.is_empty() {
            return Some(Credentials::Identity(self.identitytoken.clone()));
        }
        if let Some((username, password)) = basic(&self.user_and_password) {
            return Some(Credentials::Basic { username, password });
        }
        let (username, password) = (self.username.clone(), self.password.clone());
        (!username.is_empty()).then_some(Credentials::Basic { username, password })
    }
}

fn basic(auth: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(auth).or_else(|_| STANDARD_NO_PAD.decode(auth)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    // Docker once padded with NULs.
    Some((username.to_owned(), password.trim_end_matches('\0').to_owned()))
}

/// Returns how long the path of the entry `key` is, where it covers the repository (kubelet's
/// `pkg/credentialprovider/keyring.go`): `https://HOST/v1/`, `HOST:PORT`, `HOST/PATH`, `*.example.com`.
fn covers(key: &str, registry: &str, repository: &str) -> Option<usize> {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (host, path) = key.split_once('/').unwrap_or((key, ""));
    let path = path.trim_end_matches('/');
    let path = if matches!(path, "v1" | "v2") { "" } else { path };
    let same_host = host_matches(host, registry)
        || (DOCKER_HUB.contains(&host) && DOCKER_HUB.contains(&registry));
    let below = path.is_empty()
        || repository
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    (same_host && below).then_some(path.len())
}

/// Returns whether `registry` is of the `pattern`, label by label; `*` stands for one label.
fn host_matches(pattern: &str, registry: &str) -> bool {
    let (mut patterns, mut labels) = (pattern.split('.'), registry.split('.'));
    loop {
        match (patterns.next(), labels.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(pattern), Some(label)) if pattern == label => {}
            _ => return false,
        }
    }
}

/// An error of JSON names places, and quotes what it found there: only the place is passed on.
fn malformed(origin: &str, error: &serde_json::Error) -> CredentialsError {
    let what = if error.is_data() { "a value is of another kind" } else { "it is no JSON" };
    let why = format!("{what}, at line {} column {}", error.line(), error.column());
    CredentialsError::Malformed { origin: origin.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    // ada:s3cret
    const ADA: &str = "YWRhOnMzY3JldA==";

    #[test]
    fn an_entry_is_found_by_its_host_and_the_longest_path() {
        let text = format!(
            r#"{{"auths": {{
                "https://index.docker.io/v1/": {{"auth": "{ADA}"}},
                "registry.lan:5000": {{"username": "host", "password": "p"}},
                "registry.lan:5000/team": {{"username": "team", "password": "p"}},
                "*.example.com": {{"identitytoken": "i"}},
                "http://plain.lan/v2/": {{"registrytoken": "r"}}}}}}"#
        );
        let keyring = keyring(&text);
        for (registry, repository, expected) in [
            ("docker.io", "library/a", Some(named("ada", "s3cret"))),
            ("registry.lan:5000", "a", Some(named("host", "p"))),
            ("registry.lan:5000", "team/a", Some(named("team", "p"))),
            ("registry.lan:5000", "teams/a", Some(named("host", "p"))),
            ("registry.lan", "a", None),
            ("eu.example.com", "a", Some(Credentials::Identity("i".into()))),
            ("a.eu.example.com", "a", None),
            ("example.com", "a", None),
            ("plain.lan", "a", Some(Credentials::Bearer("r".into()))),
        ] {
            let found = keyring.of(registry, repository).unwrap();
            assert_eq!(found.first(), expected.as_ref(), "{registry}/{repository}");
        }
    }

    #[test]
    fn a_helper_is_named_where_it_alone_has_the_credentials() {
        let text = format!(
            r#"{{"auths": {{"a.io": {{}}, "b.io": {{"auth": "{ADA}"}}}},
                "credHelpers": {{"c.io": "gcloud"}}, "credsStore": "desktop"}}"#
        );
        let keyring = keyring(&text);
        assert!(keyring.of("b.io", "x").is_ok_and(|found| found.len() == 1));
        assert!(keyring.of("d.io", "x").is_ok_and(|found| found.is_empty()));
        for (registry, program) in [("a.io", "desktop"), ("c.io", "gcloud")] {
            let error = keyring.of(registry, "x").unwrap_err().to_string();
            assert!(error.contains(&format!("docker-credential-{program}")), "{error}");
        }
    }

    #[test]
    fn what_is_no_configuration_is_refused_without_being_quoted() {
        for text in [
            "s3cret",
            r#"{"auths": {"a.io": {"auth": 7777}}}"#,
            r#"{"auths": {"a.io": "s3cret"}}"#,
            r#"{"auths": {"a.io": {"auth": "s3cret"}}}"#,
        ] {
            let error =
                DockerConfig::parse("the secret pull", text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("the secret pull is no docker configuration"), "{error}");
            assert!(!error.contains("s3cret") && !error.contains("7777"), "{error}");
        }
    }

    #[test]
    fn an_excerpt_has_one_registry_and_means_the_same() {
        let text =
            format!(r#"{{"auths": {{"a.io": {{"auth": "{ADA}"}}, "b.io": {{"auth": "{ADA}"}}}}}}"#);
        let config = DockerConfig::parse("x", text.as_bytes()).unwrap();
        let excerpt = config.excerpt(&"a.io/tool:1".parse().unwrap()).unwrap().unwrap();
        let again = keyring(&excerpt);
        assert_eq!(again.of("a.io", "tool").unwrap(), [named("ada", "s3cret")]);
        assert_eq!(again.of("b.io", "tool").unwrap(), []);
        assert_eq!(config.excerpt(&"c.io/tool:1".parse().unwrap()), Ok(None));
    }

    #[test]
    fn debugging_shows_no_secret() {
        let text = r#"{"auths": {"a.io": {"username": "ada", "password": "s3cret"}}}"#;
        let keyring = keyring(text);
        let shown = format!("{keyring:?} {:?}", keyring.of("a.io", "x").unwrap());
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    fn keyring(text: &str) -> Keyring {
        Keyring::new(vec![DockerConfig::parse("config.json", text.as_bytes()).unwrap()])
    }

    fn named(username: &str, password: &str) -> Credentials {
        Credentials::Basic { username: username.into(), password: password.into() }
    }
}

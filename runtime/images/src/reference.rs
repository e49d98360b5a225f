//! What a manifest's `image` means: the grammar and the defaults of Docker's references
//! (distribution/reference, `normalize.go` and `regexp.go`).

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Digest, DigestError};

const DEFAULT_REGISTRY: &str = "docker.io";
/// What Docker's registry was once called.
const LEGACY_REGISTRY: &str = "index.docker.io";
const DEFAULT_PATH: &str = "library/";
const DEFAULT_TAG: &str = "latest";
/// `NameTotalLengthMax`: registry and repository together.
const MAX_NAME: usize = 255;
const MAX_TAG: usize = 128;

/// The name of an image, whole: `ubuntu` is `docker.io/library/ubuntu:latest`.
///
/// ```
/// # use jobling_images::Reference;
/// let reference: Reference = "backup-tool".parse()?;
/// assert_eq!(reference.to_string(), "docker.io/library/backup-tool:latest");
/// assert_eq!(reference.familiar(), "backup-tool:latest");
/// # Ok::<(), jobling_images::ReferenceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing at all.
    #[error("the image reference is empty")]
    Empty,
    /// Longer than a registry takes.
    #[error("the image name {given:?} has {length} letters; the most is {MAX_NAME}")]
    TooLong {
        /// The name.
        given: String,
        /// Its length.
        length: usize,
    },
    /// The part before the first slash.
    #[error("the image registry {given:?} must be a host name, with or without a port")]
    Registry {
        /// The part.
        given: String,
    },
    /// A capital in the repository.
    #[error("the image repository {given:?} must be lowercase")]
    Capitals {
        /// The repository.
        given: String,
    },
    /// The part between the registry and the tag.
    #[error(
        "the image repository {given:?} must be words of a-z and 0-9, \
         parted by single '.', '_' or '/', or by \"__\" or dashes"
    )]
    Repository {
        /// The repository.
        given: String,
    },
    /// What looks like a digest without its algorithm.
    #[error(
        "the image repository {given:?} is 64 hexadecimal digits; a digest is NAME@sha256:DIGITS"
    )]
    Identifier {
        /// The repository.
        given: String,
    },
    /// The part after the last colon.
    #[error(
        "the image tag {given:?} must be 1 to {MAX_TAG} of a-z, A-Z, 0-9, '_', '.' and '-', \
         the first no '.' or '-'"
    )]
    Tag {
        /// The tag.
        given: String,
    },
    /// The part after `@`.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl Reference {
    /// Returns the registry's host, and port if one was given.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns the repository, such as `library/ubuntu`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the tag: `latest` where neither tag nor digest was given, and none where only a digest
    /// was.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest, if one was given.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns the short form, as people write it: without the registry and path that are the default.
    #[must_use]
    pub fn familiar(&self) -> String {
        let name = if self.registry == DEFAULT_REGISTRY {
            self.repository.strip_prefix(DEFAULT_PATH).unwrap_or(&self.repository).to_owned()
        } else {
            format!("{}/{}", self.registry, self.repository)
        };
        self.with_version(name)
    }

    /// Returns whether a name, as it is written, says which registry it means: `ghcr.io/acme/tool` and
    /// `docker.io/acme/tool` do, `tool` and `acme/tool` do not.
    #[must_use]
    pub fn names_registry(text: &str) -> bool {
        let name = split_tag(text.split_once('@').map_or(text, |(name, _)| name)).0;
        split_registry(name).1.len() < name.len()
    }

    /// Returns whether both name the same repository of the same registry.
    #[must_use]
    pub fn same_repository(&self, other: &Self) -> bool {
        self.registry == other.registry && self.repository == other.repository
    }

    fn with_version(&self, mut name: String) -> String {
        if let Some(tag) = &self.tag {
            name.extend([":", tag]);
        }
        if let Some(digest) = &self.digest {
            name.extend(["@", &digest.to_string()]);
        }
        name
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        let (name, tag) = split_tag(rest);
        let (registry, repository) = split_registry(name);
        check_registry(registry)?;
        let bare = registry == DEFAULT_REGISTRY && !repository.contains('/');
        check_repository(repository)?;
        let path = if bare { DEFAULT_PATH } else { "" };
        let repository = format!("{path}{repository}");
        let length = registry.len() + 1 + repository.len();
        if length > MAX_NAME {
            return Err(ReferenceError::TooLong { given: name.to_owned(), length });
        }
        let tag = match tag {
            Some(tag) => Some(checked_tag(tag)?),
            None => digest.is_none().then(|| DEFAULT_TAG.to_owned()),
        };
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }
}

/// The whole form, which parses to the same reference.
impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.with_version(format!("{}/{}", self.registry, self.repository)))
    }
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

/// Returns the name and the tag: a colon before a slash is a port's.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    }
}

/// Returns the registry and the repository. `splitDockerDomain`: the part before the first slash is a
/// registry where it has a dot, a colon or a capital, or is `localhost`; otherwise it is a path's.
fn split_registry(name: &str) -> (&str, &str) {
    let named = name.split_once('/').filter(|(first, _)| {
        first.contains(['.', ':'])
            || *first == "localhost"
            || first.bytes().any(|letter| letter.is_ascii_uppercase())
    });
    match named {
        Some((LEGACY_REGISTRY, repository)) => (DEFAULT_REGISTRY, repository),
        Some(both) => both,
        None => (DEFAULT_REGISTRY, name),
    }
}

fn check_registry(registry: &str) -> Result<(), ReferenceError> {
    let refusal = || ReferenceError::Registry { given: registry.to_owned() };
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    };
    if port.is_some_and(|port| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit())) {
        return Err(refusal());
    }
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().map(drop).map_err(|_| refusal());
    }
    let is_label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    if host.split('.').all(is_label) { Ok(()) } else { Err(refusal()) }
}

fn check_repository(repository: &str) -> Result<(), ReferenceError> {
    let given = || repository.to_owned();
    if repository.bytes().any(|letter| letter.is_ascii_uppercase()) {
        return Err(ReferenceError::Capitals { given: given() });
    }
    if repository.len() == 64 && repository.bytes().all(|letter| letter.is_ascii_hexdigit()) {
        return Err(ReferenceError::Identifier { given: given() });
    }
    if repository.split('/').all(is_path_component) {
        Ok(())
    } else {
        Err(ReferenceError::Repository { given: given() })
    }
}

/// Returns whether the text is words of `a-z0-9` with one separator between two: `.`, `_`, `__` or any
/// number of dashes.
fn is_path_component(text: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let ends_in_words = text.starts_with(is_word) && text.ends_with(is_word);
    let mut separators = text.split(is_word);
    ends_in_words
        && separators.all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
        })
}

fn checked_tag(tag: &str) -> Result<String, ReferenceError> {
    let inner = tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if inner && !tag.is_empty() && tag.len() <= MAX_TAG && !tag.starts_with(['.', '-']) {
        Ok(tag.to_owned())
    } else {
        Err(ReferenceError::Tag { given: tag.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_short_name_stands_for_the_whole_one_and_back() {
        for (given, whole, familiar) in [
            ("ubuntu", "docker.io/library/ubuntu:latest", "ubuntu:latest"),
            ("ubuntu:24.04", "docker.io/library/ubuntu:24.04", "ubuntu:24.04"),
            ("acme/tool", "docker.io/acme/tool:latest", "acme/tool:latest"),
            ("docker.io/ubuntu", "docker.io/library/ubuntu:latest", "ubuntu:latest"),
            ("index.docker.io/acme/a", "docker.io/acme/a:latest", "acme/a:latest"),
            ("ghcr.io/acme/tool:v1", "ghcr.io/acme/tool:v1", "ghcr.io/acme/tool:v1"),
            ("localhost/tool", "localhost/tool:latest", "localhost/tool:latest"),
            ("localhost:5000/a", "localhost:5000/a:latest", "localhost:5000/a:latest"),
            ("127.0.0.1:5000/a/b:v1", "127.0.0.1:5000/a/b:v1", "127.0.0.1:5000/a/b:v1"),
            ("[::1]:5000/tool", "[::1]:5000/tool:latest", "[::1]:5000/tool:latest"),
            ("[2001:db8::1]/tool", "[2001:db8::1]/tool:latest", "[2001:db8::1]/tool:latest"),
            ("Host/tool", "Host/tool:latest", "Host/tool:latest"),
            (
                "a__b.c-d--e_f:V_1.0-x",
                "docker.io/library/a__b.c-d--e_f:V_1.0-x",
                "a__b.c-d--e_f:V_1.0-x",
            ),
        ] {
            let reference: Reference = given.parse().unwrap_or_else(|e| panic!("{given}: {e}"));
            assert_eq!(reference.to_string(), whole, "{given}");
            assert_eq!(reference.familiar(), familiar, "{given}");
            assert_eq!(whole.parse(), Ok(reference.clone()), "{given} as a whole");
            assert_eq!(familiar.parse(), Ok(reference), "{given} in short");
        }
    }

    #[test]
    fn a_name_says_which_registry_it_means_or_does_not() {
        for (given, says) in [
            ("ubuntu", false),
            ("ubuntu:24.04", false),
            ("acme/tool:v1", false),
            ("docker.io/ubuntu", true),
            ("index.docker.io/acme/a", true),
            ("localhost/tool", true),
            ("127.0.0.1:5000/a/b:v1", true),
            ("[::1]:5000/tool", true),
        ] {
            assert_eq!(Reference::names_registry(given), says, "{given}");
            assert_eq!(Reference::names_registry(&format!("{given}@{SHA}")), says, "{given}");
        }
    }

    #[test]
    fn a_digest_needs_no_tag() {
        let only: Reference = format!("tool@{SHA}").parse().unwrap();
        assert_eq!((only.tag(), only.digest().unwrap().to_string()), (None, SHA.to_owned()));
        assert_eq!(only.to_string(), format!("docker.io/library/tool@{SHA}"));
        let both: Reference = format!("ghcr.io/acme/tool:v1@{SHA}").parse().unwrap();
        assert_eq!(both.tag(), Some("v1"));
        assert_eq!(both.to_string().parse(), Ok(both));
    }

    #[test]
    fn what_is_no_reference_is_told_by_the_part_that_is_wrong() {
        let text = |text: &str| text.parse::<Reference>().expect_err(text).to_string();
        let long = "a".repeat(300);
        let hex = &SHA[7..];
        for (given, part) in [
            ("", "the image reference is empty"),
            ("Ubuntu", "the image repository \"Ubuntu\" must be lowercase"),
            ("ghcr.io/Acme/tool", "the image repository \"Acme/tool\" must be lowercase"),
            ("tool:", "the image tag \"\""),
            ("tool:.v1", "the image tag \".v1\""),
            ("tool:v 1", "the image tag \"v 1\""),
            ("/tool", "the image repository \"/tool\""),
            ("a//b", "the image repository \"a//b\""),
            ("tool/", "the image repository \"tool/\""),
            ("./backup.wasm", "the image registry \".\""),
            ("../backup.wasm", "the image registry \"..\""),
            ("a_-b", "the image repository \"a_-b\""),
            ("a___b", "the image repository \"a___b\""),
            ("tool-", "the image repository \"tool-\""),
            ("a b", "the image repository \"a b\""),
            ("-x.io/tool", "the image registry \"-x.io\""),
            ("x.io:port/tool", "the image registry \"x.io:port\""),
            ("[::g]/tool", "the image registry \"[::g]\""),
            ("tool@md5:abc", "the digest \"md5:abc\" does not start with"),
            ("tool@sha256:abc", "the digest \"sha256:abc\" must have 64 digits"),
            (hex, "is 64 hexadecimal digits; a digest is NAME@sha256:DIGITS"),
            (&long, "has 318 letters; the most is 255"),
        ] {
            let message = text(given);
            assert!(message.contains(part), "{given}: {message}");
        }
    }
}

//! The tokens that were given out: whose they are, what for and until when. Kept by their hash in one
//! file; what a holder shows is compared with every one of them, in a time that tells nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Reason};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use tokio::sync::watch;

use super::{AccessError, Role, Token, file};

/// Tokens that are kept at once.
const MOST: usize = 1000;

/// What was given with a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// Whose it is: the user's name.
    pub(crate) name: String,
    /// What for.
    pub(crate) role: Role,
    /// The only namespace it is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// When it was given out.
    pub(crate) created_at: Timestamp,
    /// Until when it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Timestamp>,
    /// The token's SHA-256. A token is 256 bits of chance, so that nothing slower is called for.
    hash: TokenHash,
}

impl Grant {
    /// Returns whether it is good for nothing any more.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// What is asked for with a new token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Whose it is to be.
    pub(crate) name: String,
    /// What for.
    pub(crate) role: Role,
    /// The only namespace it is to be good for.
    pub(crate) namespace: Option<String>,
    /// Until when.
    pub(crate) expires_at: Option<Timestamp>,
}

/// A token's SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        URL_SAFE_NO_PAD.encode(hash.0)
    }
}

impl TryFrom<String> for TokenHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let raw = URL_SAFE_NO_PAD.decode(text).ok().and_then(|raw| raw.try_into().ok());
        raw.map(Self).ok_or("no SHA-256")
    }
}

/// The tokens that were given out, in memory and in their file.
#[derive(Debug)]
pub(crate) struct Grants {
    path: PathBuf,
    /// One writer at a time; readers go on meanwhile.
    writing: Mutex<()>,
    all: RwLock<Arc<Vec<Grant>>>,
    changed: watch::Sender<()>,
}

impl Grants {
    /// Opens those in the file at `path`.
    ///
    /// # Errors
    /// Where it cannot be read, or holds something else.
    pub(crate) fn open(path: &Path) -> Result<Self, AccessError> {
        let content = || AccessError::Content { path: path.to_owned(), expected: "tokens" };
        let all = match file::read(path)? {
            None => Vec::new(),
            Some(text) => serde_json::from_str(&text).map_err(|_| content())?,
        };
        Ok(Self {
            path: path.to_owned(),
            writing: Mutex::default(),
            all: RwLock::new(Arc::new(all)),
            changed: watch::Sender::new(()),
        })
    }

    /// Returns all of them, by name.
    pub(crate) fn all(&self) -> Arc<Vec<Grant>> {
        Arc::clone(&self.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns what told whenever one was given or taken back.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Returns the grant of the token that is shown, if there is one that is still good.
    pub(crate) fn find(&self, shown: &[u8], now: Timestamp) -> Option<Grant> {
        let hash = TokenHash::of(shown);
        let all = self.all();
        let mut found = u64::MAX;
        for (at, grant) in (0..).zip(all.iter()) {
            let same: Choice = grant.hash.0.ct_eq(&hash.0);
            found.conditional_assign(&at, same);
        }
        let grant = usize::try_from(found).ok().and_then(|at| all.get(at))?;
        (!grant.is_expired(now)).then(|| grant.clone())
    }

    /// Returns whether this very grant is still good.
    pub(crate) fn still_has(&self, grant: &Grant) -> bool {
        self.all().iter().any(|known| known == grant)
    }

    /// Gives out a token; whoever had one of that name that is expired loses it. May block.
    ///
    /// # Errors
    /// `AlreadyExists` where the name has one, `TooManyRequests` where too many are out.
    pub(crate) fn give(&self, wanted: Wanted, now: Timestamp) -> Result<(Grant, Token), ApiError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::clone(&self.all());
        all.retain(|grant| !grant.is_expired(now));
        if all.iter().any(|grant| grant.name == wanted.name) {
            let message = format!("tokens.jobling.dev {:?} already exists", wanted.name);
            return Err(ApiError::new(Reason::AlreadyExists, message));
        }
        if all.len() >= MOST {
            let message = format!("{MOST} tokens are out, as many as are kept: revoke some first");
            return Err(ApiError::new(Reason::TooManyRequests, message));
        }
        let token = Token::random().map_err(|error| failed(&error))?;
        let Wanted { name, role, namespace, expires_at } = wanted;
        let hash = TokenHash::of(token.reveal().as_bytes());
        let grant = Grant { name, role, namespace, created_at: now, expires_at, hash };
        all.push(grant.clone());
        all.sort_by(|a, b| a.name.cmp(&b.name));
        self.keep(all).map_err(|error| failed(&error))?;
        Ok((grant, token))
    }

    /// Takes a token back; `None` where no such one is out. From then on it opens nothing, and what it
    /// holds open ends. May block.
    pub(crate) fn take_back(&self, name: &str) -> Result<Option<Grant>, ApiError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::clone(&self.all());
        let Some(at) = all.iter().position(|grant| grant.name == name) else { return Ok(None) };
        let grant = all.remove(at);
        self.keep(all).map_err(|error| failed(&error))?;
        Ok(Some(grant))
    }

    /// The file first: what was said to be revoked is so after a crash, too.
    fn keep(&self, all: Vec<Grant>) -> Result<(), AccessError> {
        let text = serde_json::to_string_pretty(&all).expect("texts and numbers are JSON");
        file::write(&self.path, &format!("{text}\n"))?;
        *self.all.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(all);
        self.changed.send_replace(());
        Ok(())
    }
}

fn failed(error: &AccessError) -> ApiError {
    tracing::error!(%error, "the tokens could not be kept");
    ApiError::new(Reason::InternalError, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_428_000);
    const LATER: Timestamp = Timestamp::from_unix_seconds(1_795_428_060);

    fn wanted(name: &str, expires_at: Option<Timestamp>) -> Wanted {
        Wanted { name: name.into(), role: Role::View, namespace: None, expires_at }
    }

    #[test]
    fn a_token_is_known_by_its_hash_alone_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        let grants = Grants::open(&path).unwrap();
        let (grant, token) = grants.give(wanted("ci", None), NOW).unwrap();
        let (_, other) = grants.give(wanted("other", None), NOW).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(token.reveal()) && !text.contains(other.reveal()), "{text}");
        let again = Grants::open(&path).unwrap();
        assert_eq!(again.find(token.reveal().as_bytes(), NOW), Some(grant));
        assert_eq!(again.find(other.reveal().as_bytes(), NOW).unwrap().name, "other");
        assert_eq!(again.find(b"", NOW), None);
        assert_eq!(again.find(&token.reveal().as_bytes()[1..], NOW), None);
    }

    #[test]
    fn a_token_that_was_taken_back_or_is_over_is_good_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let grants = Grants::open(&folder.path().join("tokens.json")).unwrap();
        let (grant, token) = grants.give(wanted("ci", Some(LATER)), NOW).unwrap();
        assert!(grants.find(token.reveal().as_bytes(), NOW).is_some());
        assert!(grants.find(token.reveal().as_bytes(), LATER).is_none());
        let mut changes = grants.changes();
        changes.mark_unchanged();
        assert_eq!(grants.take_back("ci").unwrap(), Some(grant.clone()));
        assert!(changes.has_changed().unwrap() && !grants.still_has(&grant));
        assert!(grants.find(token.reveal().as_bytes(), NOW).is_none());
        assert_eq!(grants.take_back("ci").unwrap(), None);
    }

    #[test]
    fn a_name_has_one_token_and_there_are_only_so_many() {
        let folder = tempfile::tempdir().unwrap();
        let grants = Grants::open(&folder.path().join("tokens.json")).unwrap();
        grants.give(wanted("ci", Some(LATER)), NOW).unwrap();
        let again = grants.give(wanted("ci", None), NOW).unwrap_err();
        assert_eq!(again.reason, Reason::AlreadyExists);
        grants.give(wanted("ci", None), LATER).unwrap();
        let many: Vec<Grant> = (1..MOST)
            .map(|at| Grant { name: format!("t{at}"), ..Grant::clone(&grants.all()[0]) })
            .chain(grants.all().iter().cloned())
            .collect();
        grants.keep(many).unwrap();
        let over = grants.give(wanted("one-more", None), NOW).unwrap_err();
        assert_eq!(over.reason, Reason::TooManyRequests);
    }
}

//! Secrets at rest: with the operator's keys their stored text is sealed, so that a stolen disk does not tell
//! it. Nothing but Secrets is sealed, and nothing that is read through the store looks sealed.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jobling_core::api::{Kind, ObjectKey};
use jobling_core::engine::StoreError;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use rusqlite::{Connection, TransactionBehavior, params};

use crate::failure::{OpenError, corrupt, store_error};
use crate::objects::rows;

/// A key's length, in bytes.
const KEY_BYTES: usize = 32;
/// What a sealed text begins with; an object's own text is JSON and begins with a brace.
const SEALED: &str = "sealed:v1:";

/// The keys of Secrets: the first seals, every one opens, so that a key is replaced by putting a new one
/// before it and starting again.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretKeys(Vec<[u8; KEY_BYTES]>);

/// Why a text holds no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretKeysError {
    /// There is none.
    #[error("no key is given; make one with: openssl rand -base64 {KEY_BYTES}")]
    Empty,
    /// A line is none.
    #[error(
        "line {line} is no key; it must be {KEY_BYTES} bytes in base64, such as: openssl rand -base64 {KEY_BYTES}"
    )]
    NoKey {
        /// Counted from 1.
        line: usize,
    },
}

impl SecretKeys {
    /// Reads keys, one a line, each 32 bytes in base64; the newest first. Empty lines count for nothing.
    ///
    /// # Errors
    /// The line that is no key.
    pub fn parse(text: &str) -> Result<Self, SecretKeysError> {
        let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
        let keys: Vec<_> = lines
            .map(|(index, line)| {
                let decoded = STANDARD.decode(line).ok();
                let key = decoded.and_then(|bytes| bytes.try_into().ok());
                key.ok_or(SecretKeysError::NoKey { line: index + 1 })
            })
            .collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(SecretKeysError::Empty) } else { Ok(Self(keys)) }
    }
}

impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKeys({})", self.0.len())
    }
}

/// Seals and opens the texts of Secrets.
pub(crate) struct Vault {
    keys: Vec<LessSafeKey>,
    random: SystemRandom,
}

impl Vault {
    pub(crate) fn new(keys: &SecretKeys) -> Self {
        let key = |bytes: &[u8; KEY_BYTES]| {
            let key =
                UnboundKey::new(&CHACHA20_POLY1305, bytes).expect("it has the cipher's length");
            LessSafeKey::new(key)
        };
        Self { keys: keys.0.iter().map(key).collect(), random: SystemRandom::new() }
    }

    /// Returns the text as it is stored: sealed, if it is a Secret's and there is a key.
    pub(crate) fn seal<'t>(
        &self,
        key: &ObjectKey,
        text: &'t [u8],
    ) -> Result<Cow<'t, [u8]>, StoreError> {
        match self.keys.first() {
            Some(newest) if key.kind == Kind::Secret => {
                self.sealed(newest, key, text).map(Cow::Owned)
            }
            Some(_) | None => Ok(Cow::Borrowed(text)),
        }
    }

    fn sealed(
        &self,
        cipher: &LessSafeKey,
        key: &ObjectKey,
        text: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let failed = |_| StoreError::Failed("the system gives no random bytes".to_owned());
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(failed)?;
        let mut bytes = nonce.to_vec();
        let mut body = text.to_vec();
        // Random nonces of 96 bits do not meet within the 2^32 texts that a key is good for.
        cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name(key)),
                &mut body,
            )
            .map_err(|_| StoreError::Failed("a Secret is too large to be sealed".to_owned()))?;
        bytes.append(&mut body);
        Ok(format!("{SEALED}{}", STANDARD.encode(bytes)).into_bytes())
    }

    /// Returns the text as it was given to [`Vault::seal`].
    pub(crate) fn open<'t>(
        &self,
        key: &ObjectKey,
        stored: &'t [u8],
    ) -> Result<Cow<'t, [u8]>, StoreError> {
        match stored.strip_prefix(SEALED.as_bytes()) {
            None => Ok(Cow::Borrowed(stored)),
            Some(sealed) => self
                .keys
                .iter()
                .find_map(|cipher| opened(cipher, key, sealed))
                .map(Cow::Owned)
                .ok_or_else(|| corrupt(named(key), "no key of --secret-key-file opens it")),
        }
    }

    /// Has every stored Secret sealed with the newest key, those from before there was one too, and what they
    /// were overwritten.
    ///
    /// # Errors
    /// The first Secret that none of the keys opens.
    pub(crate) fn take_over(&self, connection: &mut Connection) -> Result<(), OpenError> {
        let Some(newest) = self.keys.first() else { return none_is_sealed(connection) };
        // What a longer text leaves behind in its page is overwritten too.
        connection.pragma_update(None, "secure_delete", true)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut changed = 0;
        for (key, stored) in secrets(&transaction).map_err(OpenError::Read)? {
            let sealed = stored.strip_prefix(SEALED).map(str::as_bytes);
            if sealed.is_some_and(|sealed| opened(newest, &key, sealed).is_some()) {
                continue;
            }
            let text = self
                .open(&key, stored.as_bytes())
                .map_err(|_| OpenError::OtherKey { secret: named(&key) })?;
            let sealed = self.seal(&key, &text).map_err(OpenError::Read)?;
            transaction.execute(
                "UPDATE objects SET body = ?3
                 WHERE kind = 'Secret' AND namespace = ?1 AND name = ?2",
                params![key.namespace, key.name, String::from_utf8_lossy(&sealed)],
            )?;
            changed += 1;
        }
        transaction.commit()?;
        if changed > 0 {
            // The log still has the pages as they were.
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            tracing::info!(secrets = changed, "secrets sealed with the newest key");
        }
        Ok(())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.keys.len())
    }
}

/// Without a key, nothing may be there that needs one.
fn none_is_sealed(connection: &Connection) -> Result<(), OpenError> {
    let sealed = secrets(connection).map_err(OpenError::Read)?;
    match sealed.into_iter().find(|(_, stored)| stored.starts_with(SEALED)) {
        None => Ok(()),
        Some((key, _)) => Err(OpenError::NoKey { secret: named(&key) }),
    }
}

fn secrets(connection: &Connection) -> Result<Vec<(ObjectKey, String)>, StoreError> {
    let sql = "SELECT namespace, name, body FROM objects WHERE kind = 'Secret'";
    rows(connection, sql, [], |row| {
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<_> {
            let key =
                ObjectKey::new(Kind::Secret, row.get::<_, String>(0)?, row.get::<_, String>(1)?);
            Ok((key, row.get(2)?))
        };
        read(row).map_err(|error| store_error(&error))
    })
}

/// What a sealed text is bound to: it opens under no other name.
fn name(key: &ObjectKey) -> Vec<u8> {
    format!("{}/{}", key.namespace, key.name).into_bytes()
}

fn named(key: &ObjectKey) -> String {
    format!("secret {}/{}", key.namespace, key.name)
}

fn opened(cipher: &LessSafeKey, key: &ObjectKey, sealed: &[u8]) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(sealed).ok()?;
    let (nonce, body) = bytes.split_first_chunk::<NONCE_LEN>()?;
    let mut body = body.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = cipher.open_in_place(nonce, Aad::from(name(key)), &mut body).ok()?.len();
    body.truncate(length);
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new(Kind::Secret, "default", name)
    }

    fn vault(keys: &[u8]) -> Vault {
        Vault::new(&SecretKeys(keys.iter().map(|&byte| [byte; KEY_BYTES]).collect()))
    }

    #[test]
    fn a_sealed_text_opens_under_its_own_name_and_key_alone() {
        let sealed = vault(&[1]).seal(&key("a"), b"{\"data\":1}").unwrap().into_owned();
        assert!(!sealed.windows(4).any(|part| part == b"data"));
        for (keys, name, opens) in
            [(&[1][..], "a", true), (&[2, 1], "a", true), (&[2], "a", false), (&[1], "b", false)]
        {
            let opened = vault(keys).open(&key(name), &sealed);
            assert_eq!(
                opened.is_ok_and(|text| &*text == b"{\"data\":1}"),
                opens,
                "{keys:?} {name}"
            );
        }
        let mut changed = sealed.clone();
        let last = changed.len() - 5;
        changed[last] ^= 1;
        vault(&[1]).open(&key("a"), &changed).unwrap_err();
        let again = vault(&[1]).seal(&key("a"), b"{\"data\":1}").unwrap().into_owned();
        assert_ne!(sealed, again, "two sealings of one text tell nothing of each other");
    }

    #[test]
    fn only_secrets_are_sealed_and_only_with_a_key() {
        let config = ObjectKey::new(Kind::ConfigMap, "default", "a");
        assert!(matches!(vault(&[1]).seal(&config, b"{}").unwrap(), Cow::Borrowed(b"{}")));
        assert!(matches!(vault(&[]).seal(&key("a"), b"{}").unwrap(), Cow::Borrowed(b"{}")));
    }

    #[test]
    fn keys_are_lines_of_base64() {
        let one = STANDARD.encode([7; KEY_BYTES]);
        for (text, read) in [
            (format!("{one}\n"), Ok(SecretKeys(vec![[7; KEY_BYTES]]))),
            (format!("\n{one}\r\n{one}"), Ok(SecretKeys(vec![[7; KEY_BYTES]; 2]))),
            ("\n".to_owned(), Err(SecretKeysError::Empty)),
            (format!("{one}\nshort"), Err(SecretKeysError::NoKey { line: 2 })),
            (STANDARD.encode([7; 16]), Err(SecretKeysError::NoKey { line: 1 })),
        ] {
            assert_eq!(SecretKeys::parse(&text), read, "{text}");
        }
    }

    #[test]
    fn keys_are_not_told() {
        assert_eq!(format!("{:?}", SecretKeys(vec![[7; KEY_BYTES]])), "SecretKeys(1)");
    }
}

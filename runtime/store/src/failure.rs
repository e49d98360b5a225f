//! What can go wrong: SQLite's errors in the store's own words.

use jobling_core::engine::StoreError;
use rusqlite::ffi;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer program made or migrated it.
    #[error(
        "the database has version {found} and this program knows versions up to {newest}; \
         start the newer program that wrote it, or restore a backup from before it"
    )]
    Newer {
        /// Its version.
        found: u32,
        /// The newest version that is known here.
        newest: u32,
    },
    /// Another program's tables are in it.
    #[error("the database belongs to another program; name an empty data directory")]
    Foreign,
    /// The file cannot be made or opened.
    #[error("the database file cannot be opened")]
    File(#[source] std::io::Error),
    /// A Secret is sealed and no key is given.
    #[error("{secret} is sealed; start with the --secret-key-file that it was sealed with")]
    NoKey {
        /// Which.
        secret: String,
    },
    /// No key that is given opens a Secret.
    #[error(
        "{secret} is sealed with another key; add that key to --secret-key-file as a further line"
    )]
    OtherKey {
        /// Which.
        secret: String,
    },
    /// What is stored cannot be read.
    #[error("the database cannot be read")]
    Read(#[source] StoreError),
    /// SQLite refused.
    #[error("the database cannot be opened")]
    Sqlite(#[from] rusqlite::Error),
}

/// Returns what SQLite's error means to the engine.
pub(crate) fn store_error(error: &rusqlite::Error) -> StoreError {
    if is_full(error) { StoreError::Full } else { StoreError::Failed(error.to_string()) }
}

/// A full disk also shows where the WAL's index is made larger (`SQLITE_IOERR_SHMSIZE`), not only as
/// `SQLITE_FULL`.
fn is_full(error: &rusqlite::Error) -> bool {
    let Some(code) = error.sqlite_error() else { return false };
    code.code == rusqlite::ErrorCode::DiskFull || code.extended_code == ffi::SQLITE_IOERR_SHMSIZE
}

/// Returns the error of something stored that cannot be read back.
pub(crate) fn corrupt(what: impl ToString, why: impl ToString) -> StoreError {
    StoreError::Corrupt { what: what.to_string(), why: why.to_string() }
}

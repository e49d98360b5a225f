//! Opening the database: its settings, its connections and where it is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::failure::OpenError;
use crate::feed::{Feed, FeedLimits};
use crate::infos::Infos;
use crate::readers::Readers;
use crate::schema::{MIGRATIONS, migrate};
use crate::vault::{SecretKeys, Vault};
use crate::writer::Writer;

/// When a commit is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Before it is answered: nothing that was answered is lost, whatever fails.
    #[default]
    Full,
    /// At the next checkpoint: a loss of power may take the newest commits back, never half of one. For
    /// flash that must be spared.
    Normal,
}

/// How the database is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// When a commit is on the disk.
    pub synchronous: Synchronous,
    /// The most memory that the writer's pages take, in bytes.
    pub cache_bytes: u32,
    /// The most memory that each reading connection's pages take, in bytes.
    pub reader_cache_bytes: u32,
    /// Length of the write-ahead log at which it is folded into the database, in bytes.
    pub checkpoint_bytes: u32,
    /// The most that the database may take on disk, in bytes; `None` for what the disk has.
    pub max_bytes: Option<u64>,
    /// Connections that read at the same time; more readers wait for one.
    pub readers: usize,
    /// How much of the past a watch can ask for.
    pub feed: FeedLimits,
    /// What Secrets are sealed with; without a key they are stored as they are.
    pub secret_keys: SecretKeys,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::Full,
            cache_bytes: 8 << 20,
            reader_cache_bytes: 1 << 20,
            checkpoint_bytes: 16 << 20,
            max_bytes: None,
            readers: 4,
            feed: FeedLimits::default(),
            secret_keys: SecretKeys::default(),
        }
    }
}

/// Where a database is kept.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In a file, its log beside it.
    File(PathBuf),
    /// In this process's memory, by a name that its connections share (SQLite's `memdb`).
    #[cfg_attr(
        not(any(test, feature = "testing")),
        expect(dead_code, reason = "made by the testing module alone")
    )]
    Memory(String),
}

/// The database: opened once, it gives the one writer and any number of readers.
#[derive(Debug)]
pub struct Database;

impl Database {
    /// Opens the database in the file `path`, made and migrated as needed.
    ///
    /// # Errors
    /// Where the file cannot be opened, is another program's or a newer version's, or has Secrets that none of
    /// the keys opens.
    pub fn open(path: &Path, settings: &Settings) -> Result<(Writer, Readers), OpenError> {
        private_file(path).map_err(OpenError::File)?;
        open_at(&Place::File(path.to_owned()), settings)
    }
}

/// Opens the database in `place` and sets its feed to start now.
pub(crate) fn open_at(place: &Place, settings: &Settings) -> Result<(Writer, Readers), OpenError> {
    let mut connection = connect(place, settings)?;
    set_cache(&connection, settings.cache_bytes)?;
    migrate(&mut connection, MIGRATIONS)?;
    let vault = Arc::new(Vault::new(&settings.secret_keys));
    vault.take_over(&mut connection)?;
    let revision = connection.query_row("SELECT revision FROM meta", [], |row| row.get(0))?;
    let feed = Arc::new(Feed::starting_at(revision, settings.feed));
    let infos = Arc::new(Infos::default());
    let writer = Writer::new(connection, Arc::clone(&feed), Arc::clone(&infos), Arc::clone(&vault));
    Ok((writer, Readers::new(place.clone(), settings.clone(), feed, infos, vault)))
}

/// Returns a new connection with the settings that hold for each.
pub(crate) fn connect(place: &Place, settings: &Settings) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = match place {
        // No URI: a path may hold any character.
        Place::File(path) => Connection::open_with_flags(path, flags - OpenFlags::SQLITE_OPEN_URI)?,
        Place::Memory(name) => {
            Connection::open_with_flags(format!("file:/{name}?vfs=memdb"), flags)?
        }
    };
    // Only a checkpoint that another process runs (a backup tool) can make a connection wait.
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    // Else a statement that a partial index serves is prepared anew each time that it is given values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if let Place::Memory(_) = place {
        connection.pragma_update(None, "journal_mode", "MEMORY")?;
    } else {
        connection.pragma_update(None, "journal_mode", "WAL")?;
    }
    let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let synchronous = match settings.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let checkpoint_pages = settings.checkpoint_bytes / page_bytes;
    connection.pragma_update(None, "wal_autocheckpoint", checkpoint_pages.max(1))?;
    connection.pragma_update(None, "journal_size_limit", settings.checkpoint_bytes)?;
    if let Some(bytes) = settings.max_bytes {
        let pages = i64::try_from(bytes / u64::from(page_bytes)).unwrap_or(i64::MAX);
        connection.pragma_update(None, "max_page_count", pages.max(1))?;
    }
    Ok(connection)
}

/// Bounds the pages that `connection` keeps in memory.
pub(crate) fn set_cache(connection: &Connection, bytes: u32) -> Result<(), rusqlite::Error> {
    // A negative size is in KiB, a positive one in pages.
    connection.pragma_update(None, "cache_size", -i64::from(bytes / 1024))
}

/// Makes the file, if it is not there, for its owner alone: Secrets are in it. SQLite gives its log the
/// same mode.
pub(crate) fn private_file(path: &Path) -> Result<(), std::io::Error> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

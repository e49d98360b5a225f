//! A disk in memory for simulations: it survives the crash of everything that was opened on it.

use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use crate::database::{Place, Settings, connect, open_at};
use crate::schema::{MIGRATIONS, migrate};
use crate::{OpenError, Readers, Writer};

/// A database in this process's memory. A crash is to drop the [`Writer`] and the [`Readers`] that
/// [`MemoryDisk::open`] gave: what was not committed is gone, and the next `open` finds the rest.
#[derive(Debug)]
pub struct MemoryDisk {
    place: Place,
    settings: Settings,
    /// The memory goes with its last connection.
    anchor: Connection,
}

impl MemoryDisk {
    /// Returns an empty database whose `Recovered::seed` is `seed`.
    ///
    /// # Errors
    /// Where memory is short.
    pub fn new(seed: [u8; 16], settings: Settings) -> Result<Self, OpenError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let place = Place::Memory(format!("jobling-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let mut anchor = connect(&place, &settings)?;
        migrate(&mut anchor, MIGRATIONS)?;
        anchor.execute("UPDATE meta SET seed = ?1", [seed])?;
        Ok(Self { place, settings, anchor })
    }

    /// Opens the database, as a start of the daemon does.
    ///
    /// # Errors
    /// As [`crate::Database::open`].
    pub fn open(&self) -> Result<(Writer, Readers), OpenError> {
        open_at(&self.place, &self.settings)
    }

    /// Returns how many rows a table has, to see that nothing is left behind.
    ///
    /// # Errors
    /// Where there is no such table.
    pub fn count(&self, table: &str) -> rusqlite::Result<u64> {
        self.anchor.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
    }
}

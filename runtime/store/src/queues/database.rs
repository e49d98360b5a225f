//! Opening the queues' database, and carrying out operations in it, all or none.

use std::path::Path;

use jobling_core::Timestamp;
use jobling_core::engine::StoreError;
use jobling_core::queues::{Answer, Operation, QueueStore};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{items, shelf};
use crate::database::{Place, Settings, Synchronous, connect, private_file, set_cache};
use crate::failure::{OpenError, store_error};
use crate::schema::migrate;

/// The text that makes each version out of the one before it.
const MIGRATIONS: &[&str] = &[include_str!("v1.sql")];

/// How the queues are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSettings {
    /// When a push and an acknowledgement are on the disk.
    pub synchronous: Synchronous,
    /// The most that all queues together may take on disk, in bytes.
    pub max_bytes: u64,
}

impl Default for QueueSettings {
    /// Before they are answered; 4 GiB.
    fn default() -> Self {
        Self { synchronous: Synchronous::Full, max_bytes: 4 << 30 }
    }
}

/// The built-in queues, open.
#[derive(Debug)]
pub struct QueueDatabase {
    connection: Connection,
}

impl QueueDatabase {
    /// Opens the queues in the file `path`, made and migrated as needed. Every lease of a process before
    /// this one is over: whoever held it is gone.
    ///
    /// # Errors
    /// Where the file cannot be opened, is another program's or a newer version's.
    pub fn open(path: &Path, settings: &QueueSettings) -> Result<Self, OpenError> {
        private_file(path).map_err(OpenError::File)?;
        let settings = Settings {
            synchronous: settings.synchronous,
            max_bytes: Some(settings.max_bytes),
            cache_bytes: 2 << 20,
            ..Settings::default()
        };
        let mut connection = connect(&Place::File(path.to_owned()), &settings)?;
        set_cache(&connection, settings.cache_bytes)?;
        migrate(&mut connection, MIGRATIONS)?;
        items::release(&connection, None)?;
        Ok(Self { connection })
    }
}

impl QueueStore for QueueDatabase {
    fn apply(
        &mut self,
        operations: &[Operation],
        now: Timestamp,
    ) -> Result<Vec<Answer>, StoreError> {
        apply(&mut self.connection, operations, now).map_err(|error| store_error(&error))
    }
}

fn apply(
    connection: &mut Connection,
    operations: &[Operation],
    now: Timestamp,
) -> rusqlite::Result<Vec<Answer>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let answers = operations.iter().map(|operation| carry_out(&transaction, operation, now));
    let answers = answers.collect::<rusqlite::Result<Vec<_>>>()?;
    transaction.commit()?;
    Ok(answers)
}

fn carry_out(
    transaction: &Transaction<'_>,
    operation: &Operation,
    now: Timestamp,
) -> rusqlite::Result<Answer> {
    match operation {
        Operation::Push { queue, bodies, limits } => {
            items::push(transaction, queue, bodies, limits)
        }
        Operation::Reserve { queue, holder, until } => {
            items::reserve(transaction, queue, holder, *until, now)
        }
        Operation::Acknowledge(lease) => items::acknowledge(transaction, *lease),
        Operation::Return { lease, not_before } => {
            items::give_back(transaction, *lease, *not_before)
        }
        Operation::Bury { lease, buried } => items::bury(transaction, *lease, buried),
        Operation::Extend { lease, until } => items::extend(transaction, *lease, *until),
        Operation::Release(holder) => {
            items::release(transaction, holder.as_ref()).map(Answer::Moved)
        }
        Operation::Peek { queue, shelf, most } => shelf::peek(transaction, queue, *shelf, *most),
        Operation::Purge { queue, shelf } => shelf::purge(transaction, queue, *shelf),
        Operation::Revive(queue) => shelf::revive(transaction, queue),
        Operation::List => shelf::list(transaction),
    }
}

//! The readers: connections of their own, so that none waits for the writer. What one call reads is of one
//! moment.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::{Change, Expired, ListScope, Listing, Reader, StoreError};
use jobling_core::pods::{JobInfo, Pod};
use jobling_core::trigger::CallRecord;
use rusqlite::Connection;

use crate::database::{Place, Settings, connect, set_cache};
use crate::failure::store_error;
use crate::feed::{CommitHook, Feed};
use crate::infos::Infos;
use crate::vault::Vault;
use crate::writer::get;
use crate::{calls, jobs, objects, pods};

/// The reading side of the database: core's `Reader`. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Readers(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    place: Place,
    settings: Settings,
    feed: Arc<Feed>,
    infos: Arc<Infos>,
    vault: Arc<Vault>,
    connections: Mutex<Connections>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Connections {
    idle: Vec<Connection>,
    open: usize,
}

impl Readers {
    pub(crate) fn new(
        place: Place,
        settings: Settings,
        feed: Arc<Feed>,
        infos: Arc<Infos>,
        vault: Arc<Vault>,
    ) -> Self {
        let connections = Mutex::default();
        let returned = Condvar::new();
        Self(Arc::new(Pool { place, settings, feed, infos, vault, connections, returned }))
    }

    /// Has `hook` called with the newest revision after each commit, on the writer's thread.
    pub fn on_commit(&self, hook: CommitHook) {
        self.0.feed.on_commit(hook);
    }

    /// Runs `read` in a transaction of its own: all that it sees is of one moment.
    fn at_one_moment<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.0.borrow()?;
        let connection = connection.get();
        let transaction =
            connection.unchecked_transaction().map_err(|error| store_error(&error))?;
        read(&transaction)
    }
}

impl Reader for Readers {
    fn revision(&self) -> u64 {
        self.0.feed.revision()
    }

    fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        self.at_one_moment(|connection| get(connection, &self.0.infos, &self.0.vault, key))
    }

    fn pod(&self, namespace: &str, name: &str) -> Result<Option<(Pod, Arc<JobInfo>)>, StoreError> {
        self.at_one_moment(|connection| pods::by_name(connection, &self.0.infos, namespace, name))
    }

    fn list(&self, kind: Kind, scope: &ListScope) -> Result<Listing, StoreError> {
        self.at_one_moment(|connection| match kind {
            Kind::Job => jobs::list(connection, scope),
            Kind::Pod => pods::list(connection, &self.0.infos, scope),
            Kind::Namespace
            | Kind::ServiceAccount
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::PersistentVolumeClaim
            | Kind::CronJob
            | Kind::HTTPTrigger
            | Kind::Event => objects::list(connection, &self.0.vault, kind, scope),
        })
    }

    fn call(&self, namespace: &str, job: &str) -> Result<Option<CallRecord>, StoreError> {
        self.at_one_moment(|connection| calls::of_job(connection, namespace, job))
    }

    fn changes(&self, after: u64, most: usize) -> Result<Vec<Arc<Change>>, Expired> {
        self.0.feed.changes(after, most)
    }
}

impl Pool {
    /// Returns an idle connection, a new one, or, with as many open as may be, the next to be returned.
    fn borrow(&self) -> Result<Borrowed<'_>, StoreError> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = connections.idle.pop() {
                return Ok(Borrowed { pool: self, connection: Some(connection) });
            }
            if connections.open < self.settings.readers.max(1) {
                let connection = self.open().map_err(|error| store_error(&error))?;
                connections.open += 1;
                return Ok(Borrowed { pool: self, connection: Some(connection) });
            }
            connections = self.returned.wait(connections).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let connection = connect(&self.place, &self.settings)?;
        set_cache(&connection, self.settings.reader_cache_bytes)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}

/// A connection, given back when dropped.
struct Borrowed<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Borrowed<'_> {
    fn get(&self) -> &Connection {
        self.connection.as_ref().expect("held until dropped")
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let mut connections = self.pool.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.idle.extend(self.connection.take());
        self.pool.returned.notify_one();
    }
}

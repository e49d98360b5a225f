//! The one writer: a batch is one transaction, remembered as a whole or not at all, then told to the feed.

use std::sync::Arc;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::{Batch, JobRecord, OldAnswer, Recovered, Store, StoreError};
use jobling_core::pods::{JobInfo, Pod};
use jobling_core::trigger::CallRecord;
use rusqlite::{Connection, TransactionBehavior};

use crate::failure::store_error;
use crate::feed::Feed;
use crate::infos::Infos;
use crate::vault::Vault;
use crate::{calls, events, jobs, objects, pods, recover, write};

/// The writing side of the database: core's `Store`. There is one of each database.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    feed: Arc<Feed>,
    infos: Arc<Infos>,
    vault: Arc<Vault>,
    /// Whether the disk had no room even to fold the log: that comes first, before a commit takes what
    /// room there is again.
    must_fold: bool,
    /// What the next commit fails with; set by tests alone.
    failing: Option<StoreError>,
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        feed: Arc<Feed>,
        infos: Arc<Infos>,
        vault: Arc<Vault>,
    ) -> Self {
        Self { connection, feed, infos, vault, must_fold: false, failing: None }
    }

    /// Has the next commit fail with `error` once all of its writes are made, just before they would
    /// be remembered.
    #[cfg(any(test, feature = "testing"))]
    pub fn fail_next_commit(&mut self, error: StoreError) {
        self.failing = Some(error);
    }

    /// Runs all of `batch` in one transaction; dropping it, on any error, takes everything back.
    fn transact(&mut self, batch: &Batch, planned: Option<StoreError>) -> Result<(), StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| store_error(&error))?;
        write::batch(&transaction, &self.vault, batch)?;
        planned.map_or(Ok(()), Err)?;
        transaction.commit().map_err(|error| store_error(&error))
    }

    /// Runs `batch` in a transaction; on a full disk it folds the log and tries once more.
    fn transact_or_fold(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if self.must_fold {
            self.fold_log();
        }
        let result = self.transact(batch, None);
        if result != Err(StoreError::Full) {
            return result;
        }
        self.fold_log();
        if self.must_fold { result } else { self.transact(batch, None) }
    }

    /// Folds the log into the database, so that the next commit writes over it instead of making it
    /// longer. SQLite does so after a commit, which on a full disk may never come.
    fn fold_log(&mut self) {
        let folded = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        self.must_fold = folded.is_err();
    }
}

impl Store for Writer {
    fn recover(&mut self) -> Result<Recovered, StoreError> {
        recover::recover(&self.connection, &self.vault)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        match self.failing.take() {
            None => self.transact_or_fold(batch)?,
            planned => self.transact(batch, planned)?,
        }
        self.feed.publish(&batch.changes, batch.revision);
        Ok(())
    }

    fn get(&mut self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        get(&self.connection, &self.infos, &self.vault, key)
    }

    fn job(&mut self, key: &ObjectKey) -> Result<Option<JobRecord>, StoreError> {
        jobs::with_pods(&self.connection, key)
    }

    fn pod(
        &mut self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<(Pod, Arc<JobInfo>)>, StoreError> {
        pods::by_name(&self.connection, &self.infos, namespace, name)
    }

    fn keys(&mut self, namespace: &str) -> Result<Vec<ObjectKey>, StoreError> {
        let mut keys = objects::keys(&self.connection, namespace)?;
        keys.extend(jobs::keys(&self.connection, namespace)?);
        keys.extend(pods::orphan_keys(&self.connection, &self.infos, namespace)?);
        Ok(keys)
    }

    fn events_outside(
        &mut self,
        from: Timestamp,
        until: Timestamp,
        most: usize,
    ) -> Result<Vec<ObjectKey>, StoreError> {
        events::outside(&self.connection, from, until, most)
    }

    fn oldest_ended(&mut self, most: usize) -> Result<Vec<(Pod, Arc<JobInfo>)>, StoreError> {
        pods::oldest_ended(&self.connection, &self.infos, most)
    }

    fn oldest_event(
        &mut self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        events::oldest(&self.connection, Some((from, until)))
    }

    fn call_with_key(
        &mut self,
        trigger_uid: &str,
        key: &str,
    ) -> Result<Option<CallRecord>, StoreError> {
        calls::with_key(&self.connection, trigger_uid, key)
    }

    fn answers_until(&mut self, now: Timestamp, most: usize) -> Result<Vec<OldAnswer>, StoreError> {
        calls::until(&self.connection, now, most)
    }

    fn oldest_answer(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        calls::oldest(&self.connection, Some(now))
    }

    fn rest(&mut self) {
        self.feed.rest();
        if let Err(error) = self.connection.execute_batch("PRAGMA shrink_memory") {
            tracing::debug!(%error, "pages are kept in memory");
        }
    }
}

/// Returns the object of that key, whatever its kind.
pub(crate) fn get(
    connection: &Connection,
    infos: &Infos,
    vault: &Vault,
    key: &ObjectKey,
) -> Result<Option<Object>, StoreError> {
    match key.kind {
        Kind::Job => {
            let found = jobs::by_name(connection, &key.namespace, &key.name)?;
            Ok(found.map(|record| Object::Job(record.job)))
        }
        Kind::Pod => pods::get(connection, infos, &key.namespace, &key.name),
        Kind::Namespace
        | Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::PersistentVolumeClaim
        | Kind::CronJob
        | Kind::HTTPTrigger
        | Kind::Event => objects::get(connection, vault, key),
    }
}

//! The one writer: a batch is one transaction, remembered as a whole or not at all, then told to the feed.

use std::sync::Arc;

use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::{Batch, JobRecord, Recovered, Store, StoreError};
use jobling_core::pods::{JobInfo, Pod};
use rusqlite::{Connection, TransactionBehavior};

use crate::failure::store_error;
use crate::feed::Feed;
use crate::infos::Infos;
use crate::{jobs, objects, pods, recover, write};

/// The writing side of the database: core's `Store`. There is one of each database.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    feed: Arc<Feed>,
    infos: Arc<Infos>,
    /// What the next commit fails with; set by tests alone.
    failing: Option<StoreError>,
}

impl Writer {
    pub(crate) fn new(connection: Connection, feed: Arc<Feed>, infos: Arc<Infos>) -> Self {
        Self { connection, feed, infos, failing: None }
    }

    /// Has the next commit fail with `error` once all of its writes are made, just before they would
    /// be remembered.
    #[cfg(any(test, feature = "testing"))]
    pub fn fail_next_commit(&mut self, error: StoreError) {
        self.failing = Some(error);
    }

    /// Runs all of `batch` in one transaction; dropping it, on any error, takes everything back.
    fn transact(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let planned = self.failing.take().map_or(Ok(()), Err);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| store_error(&error))?;
        write::batch(&transaction, batch)?;
        planned?;
        transaction.commit().map_err(|error| store_error(&error))
    }
}

impl Store for Writer {
    fn recover(&mut self) -> Result<Recovered, StoreError> {
        recover::recover(&self.connection)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.transact(batch)?;
        self.feed.publish(&batch.changes, batch.revision);
        Ok(())
    }

    fn get(&mut self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        get(&self.connection, &self.infos, key)
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
}

/// Returns the object of that key, whatever its kind.
pub(crate) fn get(
    connection: &Connection,
    infos: &Infos,
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
        | Kind::Event => objects::get(connection, key),
    }
}

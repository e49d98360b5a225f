//! What the engine needs of the outside: a store that remembers, readers of it, and a runner of pods.

use std::sync::Arc;
use std::time::Duration;

use super::{Change, JobRecord, Recovered};
use crate::Timestamp;
use crate::api::{Kind, Object, ObjectKey};
pub use crate::pods::EndCause;
use crate::pods::{JobId, JobInfo, Pod, PodId, PodStatus};
use crate::trigger::{CallOutput, CallRecord, OpenCall, Outcome, TriggerCall};

/// Why the store could not do what was asked. Nothing of a failed commit is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the database's own limit, is full.
    #[error("the disk is full; free space below the data directory")]
    Full,
    /// The file system or SQLite failed.
    #[error("the database failed: {0}")]
    Failed(String),
    /// A stored object cannot be read back.
    #[error("the stored {what} cannot be read: {why}")]
    Corrupt {
        /// Which object or row.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

/// One change to what is remembered.
#[derive(Debug, Clone)]
pub enum Write {
    /// Makes or replaces an object; a Job without its status, any other kind whole. The revision is in
    /// its `metadata.resourceVersion`.
    Object {
        /// The object.
        object: Arc<Object>,
        /// The Job's number; `None` for any other kind.
        job: Option<JobId>,
    },
    /// Replaces a Job's status: `status` of this Job object (spec and metadata are not written).
    JobStatus {
        /// Which.
        job: JobId,
        /// The resourceVersion from here on.
        revision: u64,
        /// `status` as JSON.
        status: Arc<Vec<u8>>,
        /// The controller's own memory (back-off), as JSON.
        memory: Arc<Vec<u8>>,
    },
    /// Forgets an object; a Job's pods and status too.
    Forget {
        /// Which.
        key: ObjectKey,
        /// The Job's number; `None` for any other kind.
        job: Option<JobId>,
    },
    /// Forgets a Job but keeps its pods: they keep its template and lose their owner
    /// ([`JobInfo::orphaned`]). What is kept for them goes with the last of them.
    Orphan {
        /// The Job.
        key: ObjectKey,
        /// Its number.
        job: JobId,
    },
    /// Makes or replaces a pod's row.
    Pod(Arc<Pod>),
    /// Forgets a pod.
    ForgetPod(PodId),
    /// Remembers a request with the Job that was made for it. No other request of the trigger that is
    /// remembered has its key.
    Call {
        /// The Job's number.
        job: JobId,
        /// The Job's key.
        key: ObjectKey,
        /// The request.
        call: Arc<OpenCall>,
    },
    /// Remembers what a pod printed whose Job answers a request, in place of what another did before.
    CallOutput {
        /// The Job's number.
        job: JobId,
        /// What it printed.
        output: CallOutput,
    },
    /// Remembers how a request's Job ended; the request itself is needed no longer.
    CallEnded {
        /// The Job's number.
        job: JobId,
        /// How it ended.
        outcome: Arc<Outcome>,
        /// Until when that is remembered.
        until: Timestamp,
    },
    /// Forgets a request and its answer.
    ForgetCall(JobId),
}

/// What one step changes: all of it is remembered, or nothing.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The changes, in order.
    pub writes: Vec<Write>,
    /// What watches are told, in order of revision, once the batch is remembered.
    pub changes: Vec<Change>,
    /// The newest revision used.
    pub revision: u64,
    /// The next Job's number.
    pub next_job: JobId,
}

/// The writing side of what is remembered. One at a time.
pub trait Store {
    /// Returns what was remembered.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn recover(&mut self) -> Result<Recovered, StoreError>;

    /// Remembers all of `batch`, durably, or nothing of it; then tells the feed.
    ///
    /// # Errors
    /// Where the disk is full or fails: the store then is as it was.
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// Returns the stored object, as of the newest commit.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn get(&mut self, key: &ObjectKey) -> Result<Option<Object>, StoreError>;

    /// Returns the Job of that key with its number and all of its pods, finished or not.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn job(&mut self, key: &ObjectKey) -> Result<Option<JobRecord>, StoreError>;

    /// Returns the number and ordinal of the pod of that name, of whatever Job.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn pod(
        &mut self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<(Pod, Arc<JobInfo>)>, StoreError>;

    /// Returns the keys of all objects in a namespace; of the pods only those without a Job, as the
    /// others go with theirs.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn keys(&mut self, namespace: &str) -> Result<Vec<ObjectKey>, StoreError>;

    /// Returns the keys of events that were last told before `from` or after `until`, at most `most`.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn events_outside(
        &mut self,
        from: Timestamp,
        until: Timestamp,
        most: usize,
    ) -> Result<Vec<ObjectKey>, StoreError>;

    /// Returns pods that have ended with what their Jobs say of them, the oldest Job's first, at most `most`.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn oldest_ended(&mut self, most: usize) -> Result<Vec<(Pod, Arc<JobInfo>)>, StoreError>;

    /// Returns when the event was last told that was told longest ago, of those from `from` until `until`.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn oldest_event(
        &mut self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Returns the request with that key to the trigger of that uid, if it is remembered.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn call_with_key(
        &mut self,
        trigger_uid: &str,
        key: &str,
    ) -> Result<Option<CallRecord>, StoreError>;

    /// Returns the answers that are remembered until `now` or less, at most `most`.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn answers_until(&mut self, now: Timestamp, most: usize) -> Result<Vec<OldAnswer>, StoreError>;

    /// Returns until when the answer is remembered that is forgotten first after `now`.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn oldest_answer(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Lets go of memory that only makes the next calls faster: nothing has happened for a while. What is
    /// remembered stays; of what watches can ask for, at least the newest.
    fn rest(&mut self);
}

/// An answer whose time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldAnswer {
    /// The number of the Job that answered.
    pub job: JobId,
    /// The uid of its trigger.
    pub trigger_uid: String,
    /// Whether the request had a key.
    pub keyed: bool,
}

/// What a list is of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListScope {
    /// One namespace; `None` for all.
    pub namespace: Option<String>,
    /// Only what comes after this, for the next page: what [`Listing::next`] was.
    pub after: Option<(String, String)>,
    /// At most so many.
    pub limit: Option<usize>,
    /// For pods: only those of the Job of this name. A hint that spares reading the others; what the
    /// selector says must be tested all the same.
    pub job_name: Option<String>,
    /// For events: only those about the object of this name. A hint likewise, with which the events that
    /// a pod's row tells are found however old the pod is ([`super::WithPodEvents`]).
    pub about: Option<String>,
}

/// A list as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The moment: the list's resourceVersion.
    pub revision: u64,
    /// By namespace and name (pods: by Job, then by age).
    pub items: Vec<Object>,
    /// Where the next page starts, for [`ListScope::after`] alone to read; `None` if this was the last.
    pub next: Option<(String, String)>,
}

/// The answer to a watch from a revision that is no longer kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {asked} ({oldest})")]
pub struct Expired {
    /// What was asked for.
    pub asked: u64,
    /// The oldest that is kept.
    pub oldest: u64,
}

/// The reading side of what is remembered. Any number at a time, none waits for the writer.
pub trait Reader: Send + Sync {
    /// Returns the newest committed revision.
    fn revision(&self) -> u64;

    /// Returns the object of that key (a pod's too), or `None`.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError>;

    /// Returns the row of a pod and what its Job says of it, or `None`.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn pod(&self, namespace: &str, name: &str) -> Result<Option<(Pod, Arc<JobInfo>)>, StoreError>;

    /// Returns the objects of `kind` in `scope`, all as of one revision. Of events, the store has those that
    /// were told; [`super::WithPodEvents`] around it adds those that pods' rows tell.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn list(&self, kind: Kind, scope: &ListScope) -> Result<Listing, StoreError>;

    /// Returns the request that the Job of that name answers or has answered, the Job being gone or not;
    /// `None` where there was none, or where it is forgotten.
    ///
    /// # Errors
    /// Where the database cannot be read.
    fn call(&self, namespace: &str, job: &str) -> Result<Option<CallRecord>, StoreError>;

    /// Returns the changes after revision `after`, oldest first, at most `most`.
    ///
    /// # Errors
    /// [`Expired`] where some of them are no longer kept.
    fn changes(&self, after: u64, most: usize) -> Result<Vec<Arc<Change>>, Expired>;
}

/// A pod to be started.
#[derive(Debug, Clone)]
pub struct PodStart {
    /// Its row: the status says how often its containers were restarted before.
    pub pod: Arc<Pod>,
    /// What its Job says of it.
    pub job: Arc<JobInfo>,
    /// The request that its Job answers.
    pub call: Option<Arc<TriggerCall>>,
}

/// An event about a pod that the node saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedEvent {
    /// `Normal` or `Warning`.
    pub kind: &'static str,
    /// Such as `BackOff`, `FailedMount`, `Killing`.
    pub reason: &'static str,
    /// A sentence.
    pub message: String,
    /// The container it is about, if one.
    pub container: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What the node says of a pod: its whole status, which replaces the one before. The last one, with a
/// terminal phase, is given again until the engine has called [`Runner::forget`].
#[derive(Debug, Clone, PartialEq)]
pub struct PodReport {
    /// Which pod.
    pub id: PodId,
    /// What has become of it.
    pub status: PodStatus,
    /// What else is worth an event: not the happy path's Pulled, Created and Started, which the status
    /// tells.
    pub events: Vec<ReportedEvent>,
    /// With the end of a pod whose Job answers a request ([`PodStart::call`]): what its first container
    /// printed.
    pub output: Option<CallOutput>,
}

/// What runs pods: the node. Never called before the commit that says so; none of these waits.
pub trait Runner {
    /// Starts a pod.
    fn start(&mut self, start: PodStart);

    /// Ends a pod once `grace` is over, unless it ends by itself before; a report of its end follows.
    /// A second call may shorten the grace. Of a pod that it does not know it reports nothing.
    fn stop(&mut self, pod: PodId, cause: EndCause, grace: Duration);

    /// Lets go of a pod whose end is committed.
    fn forget(&mut self, pod: PodId);

    /// Removes what a pod left on disk (its logs): the pod is gone from the store.
    fn remove(&mut self, pod: PodId);

    /// Tells that a ConfigMap, Secret or PersistentVolumeClaim was made, changed or deleted (`uid` is
    /// that of the object), so that pods which wait for it look again and a deleted claim's directory goes.
    fn object_changed(&mut self, key: &ObjectKey, object: Option<&Object>);
}

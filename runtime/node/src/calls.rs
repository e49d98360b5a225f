//! Requests that run without a Job: at the price of a function call, within a share of the host's memory.
//! One attempt each, and nothing of it is remembered here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::control::memory_request;
use jobling_core::engine::{EndCause, PodStart};
use jobling_core::pods::{JobId, JobInfo, Pod as Row, PodId, PodStatus, Tally};
use jobling_core::trigger::{CallOutput, TriggerCall};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::logs::KeptLog;
use crate::node::Node;
use crate::pod::Pod;

/// Jobs never get so far: a number with this bit is no Job's.
pub(crate) const WITHOUT_JOB: u64 = 1 << 39;
/// How long a request waits for memory.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests that may wait for memory at once.
const MOST_WAITING: usize = 1024;
/// What memory is counted in.
const KIBIBYTE: u64 = 1 << 10;

/// A request ran to its end.
#[derive(Debug, Clone)]
pub struct CallEnd {
    /// How its pod ended: a terminal phase.
    pub status: PodStatus,
    /// When it was started.
    pub started: Timestamp,
    /// What its first container printed.
    pub output: CallOutput,
    /// What its containers printed else.
    pub log: KeptLog,
}

/// Why a request was not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallRefused {
    /// What runs already has all of the memory, and as many wait as may.
    #[error("the memory for requests is in use")]
    NoRoom,
    /// It needs more than there is for all requests together.
    #[error("the pod needs {needed} bytes of memory; requests have {budget} together")]
    TooLarge {
        /// What it needs.
        needed: u64,
        /// What there is.
        budget: u64,
    },
}

/// The requests under way that run without a Job.
pub(crate) struct Calls {
    memory: Arc<Semaphore>,
    budget: u64,
    waiting: AtomicUsize,
    next: AtomicU64,
}

impl Calls {
    /// Returns room for what fits into so many bytes.
    pub(crate) fn new(budget: u64) -> Self {
        let permits = usize::try_from(budget / KIBIBYTE).unwrap_or(usize::MAX);
        Self {
            memory: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            budget,
            waiting: AtomicUsize::new(0),
            next: AtomicU64::new(0),
        }
    }

    /// Waits for so many bytes.
    async fn room(&self, bytes: u64) -> Result<OwnedSemaphorePermit, CallRefused> {
        let too_large = CallRefused::TooLarge { needed: bytes, budget: self.budget };
        let wanted = u32::try_from(bytes.div_ceil(KIBIBYTE)).map_err(|_| too_large)?;
        if bytes > self.budget {
            return Err(too_large);
        }
        if let Ok(room) = Arc::clone(&self.memory).try_acquire_many_owned(wanted) {
            return Ok(room);
        }
        let _waiting = Waiting::enter(&self.waiting)?;
        let room = Arc::clone(&self.memory).acquire_many_owned(wanted);
        match tokio::time::timeout(PATIENCE, room).await {
            Ok(Ok(room)) => Ok(room),
            Ok(Err(_)) | Err(_) => Err(CallRefused::NoRoom),
        }
    }

    fn next(&self) -> PodId {
        PodId::new(JobId(WITHOUT_JOB | self.next.fetch_add(1, Ordering::Relaxed)), 0)
    }
}

/// A place among those who wait.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn enter(waiting: &'w AtomicUsize) -> Result<Self, CallRefused> {
        let more = |before| (before < MOST_WAITING).then_some(before + 1);
        let entered = waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        entered.map(|_| Self(waiting)).map_err(|_| CallRefused::NoRoom)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Ends the pod of a request that nobody waits for any more.
struct Attended(Arc<Pod>);

impl Drop for Attended {
    fn drop(&mut self) {
        self.0.end(EndCause::Deleted, Duration::ZERO);
    }
}

impl Node {
    /// Runs one pod of `job` for the request `call`, without a Job: `job` says what to run, its number is none.
    /// What is missing is a failure at once. Dropping the future ends the pod.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub async fn call(&self, job: JobInfo, call: Arc<TriggerCall>) -> Result<CallEnd, CallRefused> {
        let shared = self.shared();
        let default = shared.settings.defaults.memory_bytes;
        let room = shared.calls.room(memory_request(&job.template, default)).await?;
        let started = shared.clock.now();
        let start = start(job, call, shared.calls.next(), started);
        let (pod, log) = Pod::without_job(Arc::clone(shared), start);
        let pod = Arc::new(pod);
        let attended = Attended(Arc::clone(&pod));
        let life = self.runtime().spawn(async move {
            Arc::clone(&pod).live().await;
            drop(room);
        });
        if let Err(error) = life.await {
            tracing::error!(%error, "the pod of a request failed");
        }
        let pod = &attended.0;
        let status = pod.board().look(Clone::clone);
        Ok(CallEnd { status, started, output: pod.output().unwrap_or_default(), log })
    }
}

fn start(mut job: JobInfo, call: Arc<TriggerCall>, id: PodId, now: Timestamp) -> PodStart {
    job.id = id.job();
    let row = Row {
        id,
        revision: 0,
        index: None,
        index_failures: None,
        created_at: now,
        scheduled_at: Some(now),
        stop: None,
        deletion: None,
        tally: Tally::Open,
        status: PodStatus::default(),
    };
    PodStart { pod: Arc::new(row), job: Arc::new(job), call: Some(call) }
}

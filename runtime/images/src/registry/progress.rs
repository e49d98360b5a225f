//! How far a pull or a push is.

use tokio::sync::watch;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Other pulls go first.
    #[default]
    Waiting,
    /// The registry is asked what there is.
    Asking,
    /// Bytes are on their way.
    Transferring,
    /// They are taken into the store.
    Storing,
}

/// How far a pull or a push is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Bytes of the present blob that are there.
    pub done_bytes: u64,
    /// Bytes that it has.
    pub total_bytes: u64,
}

/// Where progress is told. That nobody listens is no reason to stop.
#[derive(Debug, Clone)]
pub(super) struct Teller(watch::Sender<Progress>);

impl Teller {
    pub(super) fn new() -> (Self, watch::Receiver<Progress>) {
        let (sender, receiver) = watch::channel(Progress::default());
        (Self(sender), receiver)
    }

    pub(super) fn stage(&self, stage: Stage) {
        self.0.send_modify(|progress| progress.stage = stage);
    }

    pub(super) fn bytes(&self, done_bytes: u64, total_bytes: u64) {
        self.0.send_replace(Progress { stage: Stage::Transferring, done_bytes, total_bytes });
    }
}

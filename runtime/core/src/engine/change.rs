//! What a commit changed, as the watches are told: before and after, made into objects only for those
//! who look.

use std::sync::Arc;

use crate::api::{Kind, Object, ObjectKey};
use crate::pods::{JobInfo, Pod};

/// An object at one moment, cheap to keep.
#[derive(Debug, Clone)]
pub enum Snapshot {
    /// Any object but a pod, whole.
    Object(Arc<Object>),
    /// A pod: its row and its Job's template.
    Pod {
        /// The row.
        pod: Arc<Pod>,
        /// What its Job says of it.
        job: Arc<JobInfo>,
    },
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It came to be.
    Added,
    /// It changed.
    Modified,
    /// It went.
    Deleted,
}

/// One change of one object.
#[derive(Debug, Clone)]
pub struct Change {
    /// The store's sequence number: this object's resourceVersion from here on. Rises strictly from
    /// change to change.
    pub revision: u64,
    /// What kind of object changed.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// What it was; `None` where it came to be.
    pub before: Option<Snapshot>,
    /// What it is; `None` where it went.
    pub after: Option<Snapshot>,
}

impl Snapshot {
    /// Returns the object.
    #[must_use]
    pub fn to_object(&self) -> Arc<Object> {
        match self {
            Self::Object(object) => Arc::clone(object),
            Self::Pod { pod, job } => Arc::new(Object::Pod(Box::new(pod.to_object(job)))),
        }
    }
}

impl Change {
    /// Returns what happened.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match (&self.before, &self.after) {
            (None, _) => Verb::Added,
            (Some(_), Some(_)) => Verb::Modified,
            (Some(_), None) => Verb::Deleted,
        }
    }

    /// Returns where the object is found.
    #[must_use]
    pub fn key(&self) -> Option<ObjectKey> {
        let snapshot = self.after.as_ref().or(self.before.as_ref())?;
        Some(match snapshot {
            Snapshot::Object(object) => object.key(),
            Snapshot::Pod { pod, job } => {
                ObjectKey::new(Kind::Pod, job.namespace.clone(), pod.name(job))
            }
        })
    }
}

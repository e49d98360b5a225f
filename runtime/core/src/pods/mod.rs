//! Pods as this host keeps them: a compact row each, made into a Pod object when somebody looks.

mod id;
mod object;
mod row;
mod status;

pub use id::{JobId, PodId};
pub use row::{Deletion, EndCause, JobInfo, Owner, Pod, Stop, Tally};
pub use status::{
    Condition, ContainerState, ContainerStatus, PodPhase, PodStatus, Terminated, Waiting,
};

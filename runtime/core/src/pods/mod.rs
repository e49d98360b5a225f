//! Pods as this host keeps them: a compact row each, made into a Pod object when somebody looks.

mod conditions;
mod events;
mod id;
mod object;
mod observed;
mod row;
mod status;
#[cfg(test)]
mod testing;

pub use events::derived_events;
pub(crate) use events::pod_of;
pub use id::{JobId, PodId};
pub use object::{FUEL_USED, NODE_NAME, PROGRESS};
pub(crate) use row::uuid;
pub use row::{Deletion, EndCause, JobInfo, Owner, Pod, Stop, Tally};
pub use status::{
    Condition, ContainerState, ContainerStatus, PodPhase, PodStatus, Progress, Terminated, Waiting,
};

//! What has become of a pod: its phase, its containers' states and why. The node reports it whole, each
//! report replacing the last; the engine commits it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Where a pod is in its life, as `v1.PodPhase`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum PodPhase {
    /// Accepted; not all that it needs is there yet.
    #[default]
    Pending,
    /// At least one container runs, or is about to be restarted.
    Running,
    /// Every container ended with exit code 0.
    Succeeded,
    /// Every container ended, one of them not with 0, and none is restarted.
    Failed,
}

impl PodPhase {
    /// Returns whether the pod has ended for good.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// Returns the word in `status.phase`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

/// Why a container does not run yet, or not again yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Such as `ContainerCreating`, `ErrImagePull`, `CreateContainerConfigError`, `CrashLoopBackOff`.
    pub reason: String,
    /// A sentence that names what is missing and what to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminated {
    /// 0 to 255, see SEMANTICS: the guest's own, or the one that stands for how it was ended.
    pub exit_code: i32,
    /// Such as `Completed`, `Error`, `OOMKilled`, `FuelExhausted`, `StartError`.
    pub reason: String,
    /// The termination message, a trap's text, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
}

/// What a container is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerState {
    /// Not yet, or not again yet.
    Waiting(Waiting),
    /// Since a moment.
    Running {
        /// When this run of it was started.
        started_at: Timestamp,
    },
    /// Over.
    Terminated(Terminated),
}

/// How far a container's task says that it is. Its text is short: whoever takes the report cuts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// So much is done.
    pub done: u64,
    /// Of so much; 0 where nobody knows.
    pub total: u64,
    /// In the task's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.total {
            0 => write!(f, "{}", self.done)?,
            total => write!(f, "{}/{total}", self.done)?,
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, " {}", self.text) }
    }
}

/// One container of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerStatus {
    /// What it is doing.
    pub state: ContainerState,
    /// How the run before this one ended, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Box<Terminated>>,
    /// How often it was started again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restarts: u32,
    /// Fuel used by its newest run, in units.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fuel: u64,
    /// What the image is, once it is known: `sha256:…` of its module, or its name in its registry with the
    /// digest that it has there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image_id: String,
    /// Whether a registry was asked for the image: the node then told of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pulled: bool,
    /// How far its newest run is, where the task tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

impl ContainerStatus {
    /// Returns a container that has not been started, waiting for `reason`.
    #[must_use]
    pub fn waiting(reason: &str, message: impl Into<String>) -> Self {
        let waiting = Waiting { reason: reason.to_owned(), message: message.into() };
        Self {
            state: ContainerState::Waiting(waiting),
            last: None,
            restarts: 0,
            fuel: 0,
            image_id: String::new(),
            pulled: false,
            progress: None,
        }
    }
}

/// A pod condition, such as `PodScheduled` or `DisruptionTarget`; only those that the phase and the
/// containers do not tell are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Such as `PodScheduled`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Such as `Unschedulable`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it last became what it is.
    pub at: Timestamp,
}

/// What has become of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PodStatus {
    /// Where it is in its life.
    pub phase: PodPhase,
    /// Why, where the containers do not tell: `DeadlineExceeded`, `Evicted`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A sentence that goes with `reason`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When the node took it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Conditions that nothing else here tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// In the template's order of initContainers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub init_containers: Vec<ContainerStatus>,
    /// In the template's order of containers; empty until the node first reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<ContainerStatus>,
}

impl PodStatus {
    /// Returns how often containers of this pod were started again, all together.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.containers.iter().chain(&self.init_containers).map(|c| c.restarts).sum()
    }

    /// Returns how far the first container that tells its progress is.
    #[must_use]
    pub fn progress(&self) -> Option<&Progress> {
        self.containers.iter().find_map(|container| container.progress.as_ref())
    }

    /// Returns the fuel used by the newest runs of the containers, all together, in units.
    #[must_use]
    pub fn fuel_used(&self) -> u64 {
        let all = self.containers.iter().chain(&self.init_containers);
        all.fold(0, |sum, container| sum.saturating_add(container.fuel))
    }
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_progress_leaves_out_what_nobody_knows() {
        for (done, total, text, told) in [
            (3, 10, "rows read", "3/10 rows read"),
            (3, 0, "rows read", "3 rows read"),
            (0, 10, "", "0/10"),
        ] {
            assert_eq!(Progress { done, total, text: text.into() }.to_string(), told);
        }
    }
}

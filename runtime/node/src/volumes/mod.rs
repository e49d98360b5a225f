//! The volumes of a pod: where each kind of volume lives on this host, and what of it a container sees.
//!
//! Below the data directory, which is the daemon's alone:
//! - `claims/NAMESPACE/NAME-UID`: a claim's files, for all pods that name it, until the claim is deleted;
//! - `pods/POD/volumes/VOLUME`: an emptyDir, or the files of a configMap, secret, downwardAPI or projected
//!   volume. Those are written once, before the pod's first container, and guests only read them: a change
//!   of a ConfigMap or Secret reaches the next pod, not this one;
//! - `pods/POD/files/CONTAINER`: copies of single files that the container mounts;
//! - `pods/POD/messages/CONTAINER-RUN`: the directory of a run's termination message;
//! - `pods/POD/requests/CONTAINER-RUN`: the directory with the body of the request that a run answers.
//!
//! What a container mounts at a file's path is a copy made as the container starts, which it may read and
//! not write: guests are given directories, never files.

mod body;
mod claims;
mod contents;
mod error;
#[cfg(test)]
mod guests;
mod held;
mod host_path;
mod message;
mod mounts;
mod own;
mod path;
mod set_up;
mod source;
#[cfg(test)]
mod tests;
mod working_directory;

pub(crate) use body::BodyFile;
pub(crate) use error::{MountError, VolumeError};
pub(crate) use held::Held;
pub(crate) use message::MessageFile;
pub(crate) use set_up::{Volumes, VolumesOfPod};

//! How a pod lives on this host: the kubelet's part. It takes pods through core's `Runner` and reports
//! their statuses; it knows neither server nor store, and never decides whether a pod should live.

mod awaited;
mod calls;
mod capture;
mod containers;
mod env;
mod images;
mod limits;
mod logs;
mod node;
mod pod;
mod ports;
mod pull_secrets;
mod sandboxed;
mod settings;
mod task;
#[cfg(test)]
mod testing;
mod usage;
mod volumes;

pub use calls::{CallEnd, CallRefused};
pub use limits::Defaults;
pub use logs::{
    Follow, KeptLog, LogCursor, LogQuery, LogStream, LogTail, Logs, Printed, RunKey, Slot, Stamps,
};
pub use node::{Node, Outside};
pub use ports::{
    Clock, ImageError, ImageSource, Images, LocalImage, Objects, ObjectsError, Pull, PullPolicy,
    PullSecret, PullSecretForm, PulledImage,
};
pub use settings::{Backoff, Host, LogBounds, Settings};
pub use usage::{ContainerUsage, Meters, PodUsage};

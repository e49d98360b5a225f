//! How people reach it: the Kubernetes REST subset, watch and logs over hyper.
//!
//! The way of a request: a [`Listener`] accepts its connection, [`Access`] lets it in as somebody, the
//! route says what it is about, `access::decide` whether this caller may have that, and `read`, `watch`,
//! `write`, `logs` or `images` answers it from the [`Backend`], which the binary implements. This crate knows core alone: no store, no node, no clock.

mod access;
mod answer;
mod api;
mod audit;
mod backend;
mod deletion;
mod discovery;
mod encode;
mod events;
mod images;
mod limits;
mod listen;
mod logs;
mod media;
mod metrics;
mod openapi;
mod options;
mod own_schemas;
mod protobuf;
mod queues;
mod read;
mod review;
mod route;
mod served;
mod table;
mod tokens;
mod transfer;
mod trigger;
mod watch;
mod write;

pub use access::{
    Access, AccessError, Address, Authority, Endpoint, Role, Session, Token, kubeconfig, tls_config,
};
pub use answer::{Answer, AnswerBody};
pub use api::Api;
pub use backend::{
    Backend, ContainerUsage, Image, ImageDetails, LogFollow, LogQuery, LogRun, LogStamps,
    LogStream, PodUsage, PruneImages,
};
pub use limits::Limits;
pub use listen::{ListenError, Listener, TlsListener, UnixSocket, serve};
pub use transfer::{PushFormat, Transfer, TransferOrder, TransferStep};
pub use trigger::{
    CallRefused, TriggerBackend, TriggerEndpoint, TriggerLimits, TriggerListener, serve_triggers,
};

//! How people reach it: the Kubernetes REST subset, watch and logs over hyper.
//!
//! The way of a request: a [`Listener`] accepts its connection, the gate lets it in, the route says what
//! it is about, and `read`, `watch`, `write`, `logs` or `images` answers it from the [`Backend`], which
//! the binary implements. This crate knows core alone: no store, no node, no clock.

mod access;
mod answer;
mod api;
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
mod openapi;
mod protobuf;
mod read;
mod review;
mod route;
mod table;
mod trigger;
mod watch;
mod write;

pub use access::{AccessError, Address, Authority, Token, kubeconfig, tls_config};
pub use answer::{Answer, AnswerBody};
pub use api::Api;
pub use backend::{Backend, Image, LogFollow, LogQuery, LogRun, LogStamps, LogStream};
pub use limits::Limits;
pub use listen::{ListenError, Listener, TlsListener, UnixSocket, serve};
pub use trigger::{
    CallRefused, Endpoint, TriggerBackend, TriggerLimits, TriggerListener, serve_triggers,
};

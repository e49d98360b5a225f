//! The trigger endpoint: where requests come in that run Jobs, apart from the API's own listeners.
//!
//! The way of a request: `serve` accepts its connection, `known` says whose it is, `authorize` whether it
//! may come in, `event`, `idempotency` and `call` what it says; `record` has the engine remember it or
//! `direct` runs it at once; `answer` makes of what the pod printed what the client gets. Every refusal is
//! a [`refusal::Refusal`]. What is decided is decided in core (`control::trigger`).

mod answer;
mod authorize;
mod backend;
mod body;
mod call;
mod direct;
mod endpoint;
mod event;
mod idempotency;
mod known;
mod limits;
mod location;
mod prefer;
mod record;
mod refusal;
mod serve;
mod waiting;

pub use backend::{CallRefused, TriggerBackend};
pub use endpoint::TriggerEndpoint;
pub use limits::TriggerLimits;
pub use serve::{TriggerListener, serve_triggers};

//! What every kind of queue promises, asked of each through the one trait.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[allow(unreachable_pub, reason = "it is the end-to-end tests' own")]
#[path = "../../../../tests/harness/broker.rs"]
mod broker;
mod brokers;
mod builtin;
mod contract;
mod crowd;

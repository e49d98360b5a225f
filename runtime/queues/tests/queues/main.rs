//! What every kind of queue promises, asked of each through the one trait.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod builtin;
mod contract;
mod crowd;

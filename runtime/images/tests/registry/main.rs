//! Pulls from registries that are played: honest ones in every shape, and those that lie, stall or never end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod given;
mod hostile;
mod played;
mod shapes;

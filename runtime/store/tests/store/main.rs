//! What the store promises, asked of its public face alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calls;
mod crashes;
mod events;
mod feed;
mod given;
mod model;
mod round_trips;
mod secrets;
mod versions;

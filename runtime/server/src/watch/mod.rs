//! Watches: a stream of what happens to the selected objects of a kind.
//!
//! A watch is pulled by its client: it reads the feed of changes when the connection can take more, so
//! that a slow reader costs one chunk of memory. One that falls behind what the feed keeps is told 410
//! and lists anew, as with any API server.

mod filter;
mod stream;

pub(crate) use stream::{Hold, watch};

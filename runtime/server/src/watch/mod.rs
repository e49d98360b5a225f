//! Watches: a stream of what happens to the selected objects of a kind.
//!
//! A watch is pulled by its client: it reads what there is, and then the feed of changes, when the
//! connection can take more, so that a slow reader costs one page and one chunk of memory, and after a
//! while its connection. One that falls behind what the feed keeps is told 410
//! and lists anew, as with any API server.

mod filter;
mod hold;
mod opening;
mod stream;

pub(crate) use hold::Hold;
pub(crate) use stream::watch;

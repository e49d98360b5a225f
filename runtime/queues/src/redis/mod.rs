//! Queues in Redis: a stream with a consumer group, or a list.
//!
//! Every step is one script, so that nothing lies between looking and taking; only the waiting is a plain
//! blocking command. A queue NAME has its dead letters in `NAME:dead`. Which of the two kinds a queue is, its key
//! says; one that is not there yet is a stream, unless the place says `kind=list`.

mod connection;
mod keys;
mod session;

pub(crate) use session::RedisSession;

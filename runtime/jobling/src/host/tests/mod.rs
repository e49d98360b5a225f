//! The host in a directory of its own: with played pods, and with the real node and sandbox.

mod asking;
mod driven;
mod played;
mod real;
mod scheduled;

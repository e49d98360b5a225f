//! `serve`: the daemon's outer side. Where clients come in, what it tells them and the service manager,
//! and the signals that end it. The engine behind it is the host's.

mod doors;
mod notify;
mod passed;
mod signals;
mod watchdog;

pub(crate) use doors::{Doors, reachable};
pub(crate) use notify::notify;
pub(crate) use passed::Passed;
pub(crate) use signals::{interrupts, told_to_stop};
pub(crate) use watchdog::{interval, keep_telling};

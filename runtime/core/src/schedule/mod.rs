//! Cron expressions in time zones, as Kubernetes' CronJobs have them: text in, fire times out.
//!
//! The grammar is that of robfig/cron v3's standard parser, which Kubernetes uses. The calendar is the
//! `cron` crate's, which is asked in local time without a zone, because it loses repeated hours and
//! matches both day fields at once; the zones are `chrono-tz`'s. Nothing here reads a clock.

mod calendar;
mod duration;
mod error;
mod expression;
mod fire;
mod walk;
mod words;
mod zone;

pub use error::{Fault, Field, ScheduleError};
pub use fire::{Fold, Schedule};
pub use zone::{UnknownZone, Zone};

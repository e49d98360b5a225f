//! A year of a hundred CronJobs: outages, crashes, failed commits, clocks that are set, people who meddle.

mod accounts;
mod cron_jobs;
mod play;
mod watched;

pub use accounts::Tally;
pub use play::{Year, year};

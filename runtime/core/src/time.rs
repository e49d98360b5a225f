//! A moment in time, as every rule of this crate sees it.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use serde::{Deserialize, Serialize};

/// A moment in UTC, in microseconds since the Unix epoch.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Returns the moment `micros` microseconds after the Unix epoch.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the moment `seconds` seconds after the Unix epoch.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Returns microseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Returns whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Returns this moment moved forward by `delay`, at most the end of time.
    #[must_use]
    pub fn plus(self, delay: Duration) -> Self {
        let micros = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// Returns this moment moved back by `delay`, at most to the beginning of time.
    #[must_use]
    pub fn minus(self, delay: Duration) -> Self {
        let micros = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros))
    }

    /// Returns the time from `earlier` to this moment; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0).max(0);
        Duration::from_micros(micros.unsigned_abs())
    }

    /// Returns this moment as `metav1.Time` writes it: whole seconds, rounded down.
    #[must_use]
    pub fn to_time(self) -> Time {
        Time(jiff_seconds(self.unix_seconds()))
    }

    /// Returns this moment as `metav1.MicroTime` writes it.
    #[must_use]
    pub fn to_micro_time(self) -> MicroTime {
        MicroTime(jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX))
    }
}

impl From<&Time> for Timestamp {
    fn from(time: &Time) -> Self {
        Self(time.0.as_microsecond())
    }
}

/// RFC 3339 in UTC, whole seconds: `2026-11-23T19:01:10Z`.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", jiff_seconds(self.unix_seconds()))
    }
}

fn jiff_seconds(seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX)
}

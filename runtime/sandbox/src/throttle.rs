//! The cpu share: a future that is polled no more than its share of the time, and how long it was polled.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use crate::meter::Meter;

/// How much of its share a guest may use at once after waiting, as the kernel's cpu bandwidth control has
/// it for containers.
const PERIOD: Duration = Duration::from_millis(100);

/// Runs `inner` for at most a share of the time. The guest gives way every so many units of fuel, so a
/// debt is small. Time within a file operation runs on another thread and is not counted.
pub(crate) struct Throttle<F> {
    inner: Pin<Box<F>>,
    share: Share,
    meter: Meter,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<F: Future> Throttle<F> {
    pub(crate) fn new(inner: F, cpu_millis: u32, meter: Meter) -> Self {
        let share = Share::new(cpu_millis, Instant::now());
        Self { inner: Box::pin(inner), share, meter, sleep: None }
    }
}

impl<F: Future> Future for Throttle<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if let Some(sleep) = &mut self.sleep {
            std::task::ready!(sleep.as_mut().poll(context));
            self.sleep = None;
        }
        let started = Instant::now();
        let polled = self.inner.as_mut().poll(context);
        let ended = Instant::now();
        self.meter.ran(ended.saturating_duration_since(started));
        if self.share.is_whole() {
            return polled;
        }
        let debt = self.share.used(started, ended);
        if polled.is_pending() && !debt.is_zero() {
            let mut sleep = Box::pin(tokio::time::sleep(debt));
            // The first poll registers the waker; the debt is never over at once.
            if sleep.as_mut().poll(context).is_pending() {
                self.sleep = Some(sleep);
            }
        }
        polled
    }
}

/// How much of its share a guest has left: it earns `cpu_millis` thousandths of the time that passes, saves
/// at most those of one [`PERIOD`], and pays for the time that it runs.
#[derive(Debug)]
struct Share {
    cpu_millis: u32,
    saved_nanos: i128,
    earned_until: Instant,
}

impl Share {
    fn new(cpu_millis: u32, now: Instant) -> Self {
        let cpu_millis = cpu_millis.max(1);
        let mut share = Self { cpu_millis, saved_nanos: 0, earned_until: now };
        share.saved_nanos = share.of(PERIOD);
        share
    }

    /// Returns whether a guest of one thread cannot use more.
    fn is_whole(&self) -> bool {
        self.cpu_millis >= 1000
    }

    fn of(&self, time: Duration) -> i128 {
        i128::try_from(time.as_nanos()).unwrap_or(i128::MAX / 1000) * i128::from(self.cpu_millis)
            / 1000
    }

    /// Notes that the guest ran from `started` to `now`; returns how long it has to wait.
    fn used(&mut self, started: Instant, now: Instant) -> Duration {
        let earned = self.of(now.saturating_duration_since(self.earned_until));
        self.earned_until = now;
        let ran = i128::try_from(now.saturating_duration_since(started).as_nanos()).unwrap_or(0);
        self.saved_nanos = (self.saved_nanos + earned).min(self.of(PERIOD)) - ran;
        if self.saved_nanos >= 0 {
            return Duration::ZERO;
        }
        let wait = -self.saved_nanos * 1000 / i128::from(self.cpu_millis);
        Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_guest_waits_in_proportion_to_what_it_ran() {
        for (cpu_millis, wait_millis) in [(500, 20), (250, 60), (100, 180)] {
            let start = Instant::now();
            let mut share = Share::new(cpu_millis, start);
            share.saved_nanos = 0;
            let wait = share.used(start, start + 20 * MS);
            assert_eq!(wait, wait_millis * MS, "at {cpu_millis} thousandths");
        }
    }

    #[test]
    fn waiting_saves_up_one_period_and_no_more() {
        let start = Instant::now();
        let mut share = Share::new(500, start);
        let later = start + 10_000 * MS;
        assert_eq!(share.used(later, later + 50 * MS), Duration::ZERO);
        assert_eq!(share.used(later + 50 * MS, later + 150 * MS), 100 * MS);
    }
}

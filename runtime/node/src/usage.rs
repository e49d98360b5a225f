//! What running containers use, reckoned when somebody asks: nothing is sampled in between.

use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;

use jobling_sandbox::Meter;
use tokio::time::Instant;

use crate::logs::Slot;
use crate::node::Shared;

/// A share of a core is reckoned over at least that long, where the container has run for it.
const WINDOW: Duration = Duration::from_secs(15);

/// What a pod uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodUsage {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Each container that runs.
    pub containers: Vec<ContainerUsage>,
}

/// What a container uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerUsage {
    /// Its name.
    pub name: String,
    /// Time on a core within `window`.
    pub cpu: Duration,
    /// How long before now `cpu` is counted from: the start of the container when it is asked for the
    /// first time, and otherwise about the last time.
    pub window: Duration,
    /// Bytes of its memories and tables.
    pub memory_bytes: u64,
}

/// Reads what the pods of a node use; it keeps none of them. By default it is of no node.
#[derive(Clone, Default)]
pub struct Meters(pub(crate) Weak<Shared>);

impl Meters {
    /// Returns what each running pod uses, in the order of their namespaces and names.
    #[must_use]
    pub fn read(&self) -> Vec<PodUsage> {
        let Some(shared) = self.0.upgrade() else { return Vec::new() };
        let now = Instant::now();
        let mut all: Vec<PodUsage> =
            shared.living().iter().filter_map(|pod| pod.usage(now)).collect();
        all.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        all
    }
}

/// The meters of a pod's containers that run.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<Vec<Run>>);

#[derive(Debug)]
struct Run {
    slot: Slot,
    meter: Meter,
    marks: Marks,
}

/// Takes a container off the list when its run is over, however it ends.
pub(crate) struct Metered<'a> {
    running: &'a Running,
    slot: Slot,
}

impl Running {
    /// Lists the run of `slot` that begins.
    pub(crate) fn begin(&self, slot: Slot, meter: Meter) -> Metered<'_> {
        let marks = Marks::at(Instant::now());
        self.runs().push(Run { slot, meter, marks });
        Metered { running: self, slot }
    }

    /// Returns what each running container uses at `now`; `name` knows what they are called.
    pub(crate) fn read(
        &self,
        now: Instant,
        name: impl Fn(Slot) -> Option<String>,
    ) -> Vec<ContainerUsage> {
        let mut runs = self.runs();
        let used = runs.iter_mut().filter_map(|run| {
            let (cpu, window) = run.marks.since(now, run.meter.cpu());
            let memory_bytes = run.meter.memory_bytes();
            Some(ContainerUsage { name: name(run.slot)?, cpu, window, memory_bytes })
        });
        used.collect()
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, Vec<Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Metered<'_> {
    fn drop(&mut self) {
        self.running.runs().retain(|run| run.slot != self.slot);
    }
}

/// Two moments at which the meter was read: a window from the earlier one is long enough.
#[derive(Debug, Clone, Copy)]
struct Marks {
    earlier: (Instant, Duration),
    later: (Instant, Duration),
}

impl Marks {
    const fn at(now: Instant) -> Self {
        Self { earlier: (now, Duration::ZERO), later: (now, Duration::ZERO) }
    }

    /// Returns the time on a core of a meter that shows `cpu`, and the window that it is counted over.
    fn since(&mut self, now: Instant, cpu: Duration) -> (Duration, Duration) {
        if now.saturating_duration_since(self.later.0) >= WINDOW {
            self.earlier = self.later;
            self.later = (now, cpu);
        }
        let window = now.saturating_duration_since(self.earlier.0);
        (cpu.saturating_sub(self.earlier.1), window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_share_is_reckoned_since_about_the_last_time_it_was_asked_for() {
        let start = Instant::now();
        let mut marks = Marks::at(start);
        let secs = Duration::from_secs;
        for (at, cpu, told) in [
            (5, 5, (5, 5)),
            // The first time after long: since the start.
            (100, 50, (50, 100)),
            (105, 55, (55, 105)),
            (120, 60, (10, 20)),
            (125, 60, (10, 25)),
            (140, 60, (0, 20)),
        ] {
            let read = marks.since(start + secs(at), secs(cpu));
            assert_eq!(read, (secs(told.0), secs(told.1)), "after {at} s");
        }
    }

    #[tokio::test]
    async fn a_container_is_listed_while_it_runs() {
        let running = Running::default();
        let name = |slot| (slot == Slot::Main(0)).then(|| "main".to_owned());
        let metered = running.begin(Slot::Main(0), Meter::default());
        assert_eq!(running.read(Instant::now(), name).len(), 1);
        drop(metered);
        assert!(running.read(Instant::now(), name).is_empty());
    }
}

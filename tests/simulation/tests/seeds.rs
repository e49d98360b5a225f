//! Many runs, each from its seed. `JOBLING_SEED=n` plays one, `JOBLING_SEEDS=n` so many.

use std::sync::atomic::{AtomicU64, Ordering};

use jobling_simulation::{Report, run};

/// Enough that each pair of policies meets crashes hundreds of times; about a minute on two cores.
const SEEDS: u64 = 10_000;

#[test]
fn nothing_is_lost_or_counted_twice_whatever_fails() {
    if let Some(seed) = number("JOBLING_SEED") {
        let report = run(seed).unwrap_or_else(|error| panic!("{error}"));
        println!("seed {seed}: {report:?}");
        return;
    }
    let seeds = number("JOBLING_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let reports = std::thread::scope(|scope| {
        let play = || {
            let mut sum = Report::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds {
                    return sum;
                }
                let report = run(seed)
                    .unwrap_or_else(|error| panic!("{error}\nreplay with JOBLING_SEED={seed}"));
                sum = added(sum, report);
            }
        };
        let players: Vec<_> = (0..threads).map(|_| scope.spawn(play)).collect();
        players
            .into_iter()
            .map(|player| player.join().expect("a run failed"))
            .fold(Report::default(), added)
    });
    println!("{seeds} seeds: {reports:?}");
    assert!(reports.crashes > seeds && reports.failed_commits > seeds, "{reports:?}");
}

fn added(a: Report, b: Report) -> Report {
    Report {
        steps: a.steps + b.steps,
        crashes: a.crashes + b.crashes,
        failed_commits: a.failed_commits + b.failed_commits,
        jumps: a.jumps + b.jumps,
        jobs: a.jobs + b.jobs,
        starts: a.starts + b.starts,
    }
}

#[expect(clippy::disallowed_methods, reason = "how a person replays a seed")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

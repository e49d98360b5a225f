//! Years of a hundred CronJobs, each from its seed. `JOBLING_SEED=n` plays one, `JOBLING_YEARS=n` so many.

use jobling_simulation::year;

/// Each is a minute of a hundred CronJobs' lives for every second that it takes; more only differ in detail.
const YEARS: u64 = 2;

#[test]
fn each_run_of_a_year_is_started_once_or_accounted_for() {
    let seeds =
        number("JOBLING_SEED").map_or(0..number("JOBLING_YEARS").unwrap_or(YEARS), |n| n..n + 1);
    for seed in seeds {
        let year =
            year(seed).unwrap_or_else(|error| panic!("{error}\nreplay with JOBLING_SEED={seed}"));
        println!("year {seed}: {year:?}");
        let runs = year.runs;
        for (what, count) in [
            ("started", runs.started),
            ("missed", runs.missed),
            ("too late", runs.too_late),
            ("skipped", runs.skipped),
            ("in the way", runs.in_the_way),
            ("replaced", runs.replaced),
        ] {
            assert!(count > 0, "a year without a run that was {what} shows little: {year:?}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how a person replays a seed")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

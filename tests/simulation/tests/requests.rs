//! Requests to triggers, many plays, each from its seed. `JOBLING_SEED=n` plays one, `JOBLING_SEEDS=n` so
//! many.

use jobling_simulation::requests;

/// Some hundred requests each, so that each policy meets crashes and failed commits a thousand times.
const SEEDS: u64 = 600;

#[test]
fn each_key_is_one_job_and_no_accepted_request_is_lost() {
    let seeds =
        number("JOBLING_SEED").map_or(0..number("JOBLING_SEEDS").unwrap_or(SEEDS), |n| n..n + 1);
    let (mut jobs, mut failures, mut queued, mut crashes, mut replays, mut refusals) =
        (0, 0, 0, 0, 0, 0);
    for seed in seeds.clone() {
        let play = requests(seed)
            .unwrap_or_else(|error| panic!("{error}\nreplay with JOBLING_SEED={seed}"));
        jobs += play.tally.jobs;
        failures += play.tally.failures;
        queued += play.tally.queued;
        crashes += play.crashes;
        replays += play.replays;
        refusals += play.refusals;
    }
    println!(
        "{seeds:?}: {jobs} Jobs, {failures} failed, {queued} waited, {crashes} crashes, {replays} \
         repeats, {refusals} turned away"
    );
    if seeds.end - seeds.start > 100 {
        for (what, count) in [
            ("failed", failures),
            ("had to wait", queued),
            ("was repeated", replays),
            ("was turned away", refusals),
            ("met a crash", crashes),
        ] {
            assert!(count > 100, "plays without a request that {what} show little: {count}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how a person replays a seed")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

//! Works for a moment and then fails, by number or by chance.
//!
//! By number: the first `FAIL_ATTEMPTS` attempts fail, counted in the file `ATTEMPTS_FILE`, which has to
//! outlive an attempt (on an emptyDir for a restarted container, on a claim for a new pod). By chance,
//! where no such file is named: `FAIL_PERCENT` of the attempts fail (25 unless set). With `HOSTNAME`, the
//! pod's name, that is drawn from the name, so that the same pod always meets the same fate.

use std::error::Error;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, RandomState};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;
use std::{env, fs, thread};

/// What a failed attempt exits with: sysexits' `EX_TEMPFAIL`, which a podFailurePolicy can tell apart.
const TEMPORARY_FAILURE: u8 = 75;

fn main() -> ExitCode {
    match attempt() {
        Ok(Fate::Success) => {
            println!("done");
            ExitCode::SUCCESS
        }
        Ok(Fate::Failure) => {
            eprintln!("failed, as it was meant to");
            ExitCode::from(TEMPORARY_FAILURE)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Success,
    Failure,
}

fn attempt() -> Result<Fate, Box<dyn Error>> {
    let fate = match env::var("ATTEMPTS_FILE") {
        Ok(path) => by_number(count_attempt(&path)?, number("FAIL_ATTEMPTS", 1)?),
        Err(_) => {
            by_chance(draw(env::var("HOSTNAME").ok().as_deref()), number("FAIL_PERCENT", 25)?)
        }
    };
    thread::sleep(Duration::from_millis(number("WORK_MILLISECONDS", 100)?));
    Ok(fate)
}

/// Returns how many attempts there have been, this one included, and writes it down.
fn count_attempt(path: &str) -> Result<u64, Box<dyn Error>> {
    let before = match fs::read_to_string(path) {
        Ok(text) => text.trim().parse()?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(format!("{path} cannot be read: {error}").into()),
    };
    let attempt = before + 1;
    fs::write(path, attempt.to_string())?;
    println!("attempt {attempt}");
    Ok(attempt)
}

fn by_number(attempt: u64, failures: u64) -> Fate {
    if attempt > failures { Fate::Success } else { Fate::Failure }
}

/// Returns a number that belongs to the pod, or to nobody where its name is not known.
fn draw(pod: Option<&str>) -> u64 {
    match pod {
        Some(name) => BuildHasherDefault::<DefaultHasher>::default().hash_one(name),
        None => RandomState::new().hash_one(()),
    }
}

fn by_chance(drawn: u64, percent: u64) -> Fate {
    if drawn % 100 < percent { Fate::Failure } else { Fate::Success }
}

/// Returns the number in an environment variable, or `default` where it is unset.
fn number<N: FromStr>(name: &str, default: N) -> Result<N, String> {
    match env::var(name) {
        Ok(text) => text.parse().map_err(|_| format!("{name} is \"{text}\"; it must be a number")),
        Err(_) => Ok(default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_attempts_fail_and_the_next_one_succeeds() {
        let rows = [
            (1, 2, Fate::Failure),
            (2, 2, Fate::Failure),
            (3, 2, Fate::Success),
            (1, 0, Fate::Success),
        ];
        for (attempt, failures, fate) in rows {
            assert_eq!(
                by_number(attempt, failures),
                fate,
                "attempt {attempt} of {failures} failures"
            );
        }
    }

    #[test]
    fn about_as_many_pods_fail_as_was_asked_for() {
        for percent in [0, 25, 60, 100] {
            let failures = (0..10_000)
                .filter(|pod| {
                    by_chance(draw(Some(&format!("flaky-{pod}"))), percent) == Fate::Failure
                })
                .count() as u64;
            assert!(failures.abs_diff(percent * 100) < 300, "{failures} of 10000 at {percent} %");
        }
    }

    #[test]
    fn a_pod_always_meets_the_same_fate() {
        for pod in ["flaky-bcdfg", "flaky-hjklm"] {
            assert_eq!(draw(Some(pod)), draw(Some(pod)), "{pod}");
        }
    }
}

//! Counts the primes of one range: the one that `JOB_COMPLETION_INDEX` numbers, `RANGE` numbers long.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    match (number("JOB_COMPLETION_INDEX"), number("RANGE")) {
        (Ok(index), Ok(length)) => {
            let low = index * length;
            println!(
                "{} primes from {low} to {}",
                primes_between(low, low + length),
                low + length - 1
            );
            ExitCode::SUCCESS
        }
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn number(name: &str) -> Result<u64, String> {
    let text = env::var(name).map_err(|_| format!("{name} is not set"))?;
    let number =
        text.parse::<u32>().map_err(|_| format!("{name} is \"{text}\"; it must be a number"))?;
    Ok(u64::from(number))
}

/// Returns how many primes are in `low..high`, by a sieve of that stretch alone.
fn primes_between(low: u64, high: u64) -> usize {
    let low = low.max(2);
    if high <= low {
        return 0;
    }
    let mut composite = vec![false; (high - low) as usize];
    for prime in primes_below(high.isqrt() + 1) {
        let first = (prime * prime).max(low.next_multiple_of(prime));
        for multiple in (first..high).step_by(prime as usize) {
            composite[(multiple - low) as usize] = true;
        }
    }
    composite.iter().filter(|&&composite| !composite).count()
}

/// Returns the primes below `limit`, by Eratosthenes' sieve.
fn primes_below(limit: u64) -> Vec<u64> {
    let mut composite = vec![false; limit as usize];
    let mut primes = Vec::new();
    for candidate in 2..limit {
        if composite[candidate as usize] {
            continue;
        }
        primes.push(candidate);
        for multiple in (candidate * candidate..limit).step_by(candidate as usize) {
            composite[multiple as usize] = true;
        }
    }
    primes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counts are those of the On-Line Encyclopedia of Integer Sequences, A006880.
    #[test]
    fn ranges_add_up_to_the_known_counts() {
        for (limit, ranges, count) in [(100, 1, 25), (1_000, 10, 168), (1_000_000, 8, 78_498)] {
            let length = limit / ranges;
            let sum: usize =
                (0..ranges).map(|i| primes_between(i * length, (i + 1) * length)).sum();
            assert_eq!(sum, count, "{limit} in {ranges} ranges");
        }
    }

    #[test]
    fn a_range_holds_its_first_number_and_not_its_end() {
        for (low, high, count) in
            [(0, 0, 0), (0, 2, 0), (2, 3, 1), (2, 2, 0), (7, 11, 1), (7, 12, 2)]
        {
            assert_eq!(primes_between(low, high), count, "{low}..{high}");
        }
    }
}

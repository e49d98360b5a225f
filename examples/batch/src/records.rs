//! Records that look like what sensors send, drawn from a name; and what is known after reading them.

use std::fmt;

/// Returns the records that belong to `name`, without end: `SENSOR,DEGREES`, one in a hundred damaged.
pub fn records(name: &str) -> impl Iterator<Item = String> {
    // FNV-1a, so that names that differ in a letter have nothing in common.
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut state = seed | 1;
    std::iter::repeat_with(move || {
        // Marsaglia's xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 100 {
            0 => format!("{},?", state % 17),
            _ => format!("{},{}.{}", state % 17, state / 1000 % 40, state / 7 % 10),
        }
    })
}

/// What is known of a batch.
#[derive(Debug, Default, PartialEq)]
pub struct Summary {
    read: u64,
    damaged: u64,
    sum: f64,
}

impl Summary {
    /// Takes a record into account.
    pub fn add(&mut self, record: &str) {
        self.read += 1;
        match record.split_once(',').and_then(|(_, degrees)| degrees.parse::<f64>().ok()) {
            Some(degrees) => self.sum += degrees,
            None => self.damaged += 1,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let good = self.read - self.damaged;
        write!(formatter, "{} records, {} of them damaged", self.read, self.damaged)?;
        match good {
            0 => Ok(()),
            _ => write!(formatter, ", {:.2} degrees on average", self.sum / good as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pods_records_are_always_the_same_and_another_pods_are_not() {
        let of = |name| records(name).take(100).collect::<Vec<_>>();
        assert_eq!(of("batch-x7k2p"), of("batch-x7k2p"));
        assert_ne!(of("batch-x7k2p"), of("batch-x7k2q"));
    }

    #[test]
    fn a_damaged_record_is_counted_and_not_added() {
        let mut summary = Summary::default();
        for record in ["1,20.5", "2,?", "3,21.5", "none"] {
            summary.add(record);
        }
        assert_eq!(summary.to_string(), "4 records, 2 of them damaged, 21.00 degrees on average");
    }

    #[test]
    fn about_one_record_in_a_hundred_is_damaged() {
        let damaged = records("batch-x7k2p").take(10_000).filter(|r| r.ends_with('?')).count();
        assert!((50..200).contains(&damaged), "{damaged}");
    }
}

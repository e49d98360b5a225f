//! Works through one batch of records: the one that belongs to this pod's name.

mod records;

use jobling_sdk::{Failure, Task};

use records::{Summary, records};

/// After how many records it is told how far the task is.
const STEP: u64 = 1000;

#[jobling_sdk::task]
fn main(task: Task) -> jobling_sdk::Result {
    let count: u64 = task.var_or("RECORDS", 10_000)?;
    let pod = task.pod().ok_or_else(|| Failure::fatal("the pod has no name"))?;
    let mut summary = Summary::default();
    for (done, record) in (1_u64..).zip(records(&pod).take(usize::try_from(count)?)) {
        summary.add(&record);
        if done.is_multiple_of(STEP) {
            task.progress(done, count, "records read");
        }
    }
    let told = summary.to_string();
    println!("{told}");
    task.conclude(&told);
    Ok(())
}

#[cfg(test)]
mod tests {
    use jobling_sdk::testing::Host;

    use super::*;

    #[test]
    fn a_batch_is_read_to_its_end_and_told_in_a_line() {
        let host = Host::new().var("HOSTNAME", "batch-process-x7k2p").var("RECORDS", "2500");
        main(host.task()).unwrap();
        assert_eq!(host.progress(), ["1000 2500 records read", "2000 2500 records read"]);
        assert!(host.message().unwrap().starts_with("2500 records, "));
    }

    #[test]
    fn a_number_of_records_that_is_none_is_the_manifests_fault() {
        let host = Host::new().var("HOSTNAME", "a").var("RECORDS", "none");
        assert_eq!(main(host.task()).unwrap_err().exit_code(), Failure::CONFIGURATION);
    }
}

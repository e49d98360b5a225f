//! Writes the report of the time that the run was scheduled for.

use jobling_sdk::Task;

#[jobling_sdk::task]
fn main(task: Task) -> jobling_sdk::Result {
    let time: String = task.var("SCHEDULED_TIME")?;
    println!("{}", report(&time));
    Ok(())
}

fn report(time: &str) -> String {
    format!("The report of {time}.")
}

#[cfg(test)]
mod tests {
    use jobling_sdk::testing::Host;

    use super::*;

    #[test]
    fn a_report_is_of_the_time_that_it_was_scheduled_for() {
        assert_eq!(report("2026-11-24T06:00:00Z"), "The report of 2026-11-24T06:00:00Z.");
        let host = Host::new().var("SCHEDULED_TIME", "2026-11-24T06:00:00Z");
        assert!(main(host.task()).is_ok());
    }

    #[test]
    fn a_missing_time_is_the_manifests_fault() {
        let failure = main(Host::new().task()).unwrap_err();
        assert_eq!(failure.exit_code(), jobling_sdk::Failure::CONFIGURATION);
    }
}

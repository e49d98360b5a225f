//! Greets whom the first argument names.

use jobling_sdk::Task;

#[jobling_sdk::task]
fn main(task: Task) -> jobling_sdk::Result {
    let name: String = task.arg(1)?;
    println!("{}", greeting(&name));
    Ok(())
}

fn greeting(name: &str) -> String {
    format!("Hello, {name}!")
}

#[cfg(test)]
mod tests {
    use jobling_sdk::testing::Host;

    use super::*;

    #[test]
    fn everyone_is_greeted_by_name() {
        assert_eq!(greeting("Ada"), "Hello, Ada!");
        assert!(main(Host::new().argument("Ada").task()).is_ok());
    }

    #[test]
    fn a_missing_name_is_the_manifests_fault() {
        let failure = main(Host::new().task()).unwrap_err();
        assert_eq!(failure.exit_code(), jobling_sdk::Failure::CONFIGURATION);
    }
}

//! Works off the queue `{{name}}`; what the arguments name is pushed first.

use std::time::Duration;

use jobling_sdk::Task;

/// So long it waits for another item before it ends.
const IDLE: Duration = Duration::from_secs(1);

#[jobling_sdk::task]
fn main(task: Task) -> jobling_sdk::Result {
    let mut queue = task.queue("{{name}}")?.waiting(IDLE);
    for item in task.args() {
        queue.push(item)?;
    }
    // An item is acknowledged when the closure returns Ok, and given back when it does not.
    let worked = queue.work(|item| {
        println!("{}", line(item.text()?));
        Ok(())
    })?;
    task.conclude(&format!("{} done, {} failed", worked.done, worked.failed));
    Ok(())
}

fn line(item: &str) -> String {
    format!("{{before}}{item}{{after}}")
}

#[cfg(test)]
mod tests {
    use jobling_sdk::testing::Host;

    use super::*;

    #[test]
    fn every_item_is_done_once() {
        assert_eq!(line("{{example}}"), "{{before}}{{example}}{{after}}");
        let host = Host::new().queue("{{name}}", ["{{example}}"]).argument("Alan");
        assert!(main(host.task()).is_ok());
        assert_eq!(host.done("{{name}}"), [b"{{example}}".to_vec(), b"Alan".to_vec()]);
    }

    #[test]
    fn an_item_that_fails_is_a_dead_letter_in_the_end() {
        let host = Host::new().queue("{{name}}", [[0xff_u8].as_slice()]);
        assert!(main(host.task()).is_ok());
        assert_eq!(host.dead("{{name}}").len(), 1);
    }
}

//! What the end of a run comes to: an exit code, a reason and a message.

use jobling_core::Timestamp;
use jobling_core::pods::Terminated;

use crate::containers::Ending;

/// The exit code of what was ended from here: 128 and SIGTERM.
pub(crate) const STOPPED: i32 = 143;

/// Returns what `ending` comes to. A container that failed without a message of its own tells the `tail`
/// of its stderr.
pub(crate) fn terminated(
    ending: Ending,
    tail: &str,
    started_at: Timestamp,
    finished_at: Timestamp,
) -> Terminated {
    let (exit_code, reason, message) = match ending {
        Ending::Exited(0) => (0, "Completed", String::new()),
        Ending::Exited(code) => (i32::from(code), "Error", tail.to_owned()),
        Ending::Trapped(message) | Ending::HostFailed(message) => (134, "Error", message),
        Ending::OutOfMemory => (137, "OOMKilled", tail.to_owned()),
        Ending::OutOfFuel => (152, "FuelExhausted", tail.to_owned()),
        // 128 and SIGXFSZ, the signal for files that grow too large.
        Ending::OutputLimit => {
            (153, "OutputLimitExceeded", "it printed more than its limit".to_owned())
        }
        Ending::StorageLimit(quota) => {
            (137, "Error", format!("it wrote more than the limit of {quota}"))
        }
        Ending::NotStarted(why) => (128, "StartError", why),
        Ending::Stopped => (STOPPED, "Error", String::new()),
    };
    Terminated { exit_code, reason: reason.to_owned(), message, started_at, finished_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_code_and_reason() {
        let text = || "why".to_owned();
        for (ending, code, reason, message) in [
            (Ending::Exited(0), 0, "Completed", ""),
            (Ending::Exited(7), 7, "Error", "tail"),
            (Ending::Trapped(text()), 134, "Error", "why"),
            (Ending::OutOfMemory, 137, "OOMKilled", "tail"),
            (Ending::OutOfFuel, 152, "FuelExhausted", "tail"),
            (Ending::NotStarted(text()), 128, "StartError", "why"),
            (Ending::Stopped, 143, "Error", ""),
        ] {
            let at = Timestamp::default();
            let end = terminated(ending.clone(), "tail", at, at);
            let told = (end.exit_code, end.reason.as_str(), end.message.as_str());
            assert_eq!(told, (code, reason, message), "{ending:?}");
        }
    }
}

//! What the end of a run comes to: an exit code, a reason and a message.

use jobling_core::Timestamp;
use jobling_core::pods::Terminated;

use crate::containers::Ending;

/// The exit code of what was ended from here: 128 and SIGTERM.
pub(crate) const STOPPED: i32 = 143;

/// Returns what `ending` comes to. What the guest `left` as its termination message is told before what is
/// known from here; a container that failed without either tells the `tail` of its stderr.
pub(crate) fn terminated(
    ending: Ending,
    left: &str,
    tail: &str,
    started_at: Timestamp,
    finished_at: Timestamp,
) -> Terminated {
    let said = if left.is_empty() { tail } else { left }.to_owned();
    let (exit_code, reason, message) = match ending {
        Ending::Exited(0) => (0, "Completed", left.to_owned()),
        Ending::Exited(code) => (i32::from(code), "Error", said),
        Ending::Trapped(why) | Ending::HostFailed(why) => (134, "Error", after(left, why)),
        Ending::OutOfMemory => (137, "OOMKilled", said),
        Ending::OutOfFuel => (152, "FuelExhausted", said),
        // 128 and SIGXFSZ, the signal for files that grow too large.
        Ending::OutputLimit => {
            (153, "OutputLimitExceeded", after(left, "it printed more than its limit".to_owned()))
        }
        Ending::StorageLimit(quota) => {
            (137, "Error", after(left, format!("it wrote more than the limit of {quota}")))
        }
        Ending::NotStarted(why) => (128, "StartError", why),
        Ending::Stopped => (STOPPED, "Error", left.to_owned()),
    };
    Terminated { exit_code, reason: reason.to_owned(), message, started_at, finished_at }
}

fn after(left: &str, known: String) -> String {
    if left.is_empty() { known } else { format!("{left}\n{known}") }
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
            let end = terminated(ending.clone(), "", "tail", at, at);
            let told = (end.exit_code, end.reason.as_str(), end.message.as_str());
            assert_eq!(told, (code, reason, message), "{ending:?}");
        }
    }

    #[test]
    fn what_the_guest_left_is_told_first() {
        for (ending, message) in [
            (Ending::Exited(0), "left"),
            (Ending::Exited(7), "left"),
            (Ending::OutOfFuel, "left"),
            (Ending::Trapped("why".to_owned()), "left\nwhy"),
            (Ending::NotStarted("why".to_owned()), "why"),
        ] {
            let at = Timestamp::default();
            let end = terminated(ending.clone(), "left", "tail", at, at);
            assert_eq!(end.message, message, "{ending:?}");
        }
    }
}

//! The service manager's watchdog: it is told that the daemon lives only when the engine's thread has just
//! gone round, so that one that hangs is replaced.

use std::time::Duration;

use super::notify;
use crate::host::Handle;

/// Returns how often the watchdog wants to hear of process `own`, by what its environment says
/// (`sd_watchdog_enabled`): twice in its time.
pub(crate) fn interval(usec: Option<&str>, pid: Option<&str>, own: u32) -> Option<Duration> {
    let for_this = pid.is_none_or(|pid| pid.parse() == Ok(own));
    let usec: u64 = usec.filter(|_| for_this)?.parse().ok()?;
    Some(Duration::from_micros(usec / 2)).filter(|interval| !interval.is_zero())
}

/// Tells the service manager at `socket` for as long as the engine goes round.
pub(crate) async fn keep_telling(socket: String, interval: Duration, handle: Handle) {
    loop {
        handle.beat().await;
        notify(&socket, "WATCHDOG=1");
        tokio::time::sleep(interval).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_hears_twice_in_its_time_of_the_process_that_it_means() {
        let half = Some(Duration::from_secs(15));
        for (usec, pid, told) in [
            (Some("30000000"), None, half),
            (Some("30000000"), Some("7"), half),
            (Some("30000000"), Some("8"), None),
            (None, Some("7"), None),
            (Some("0"), None, None),
            (Some("soon"), None, None),
        ] {
            assert_eq!(interval(usec, pid, 7), told, "{usec:?} {pid:?}");
        }
    }
}

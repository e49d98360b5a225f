//! Tells when the wall clock was set: small hosts boot with a wrong time and are put right later, and
//! what waits for a time must not sleep on by the old one. The kernel tells; nothing polls.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// The year 2200: the timer is never to run out, only to be cancelled.
const FAR: i64 = 7_258_118_400;

/// The kernel's word that the wall clock jumped: it was set, or the host slept.
pub(super) struct ClockSets(AsyncFd<OwnedFd>);

impl ClockSets {
    /// Begins to listen. Must be called within a tokio runtime with I/O.
    pub(super) fn listen() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
        let never = Timespec { tv_sec: FAR, tv_nsec: 0 };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: never };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        timerfd_settime(&timer, flags, &once)?;
        #[expect(
            deprecated,
            reason = "unsound for types that change their descriptor; an OwnedFd does not, and what \
                      replaces it is unsafe"
        )]
        let timer = AsyncFd::new(timer)?;
        Ok(Self(timer))
    }

    /// Waits for the next jump.
    pub(super) async fn next(&self) -> io::Result<()> {
        loop {
            let mut ready = self.0.readable().await?;
            let mut expirations = [0; 8];
            match rustix::io::read(self.0.get_ref(), &mut expirations) {
                Err(Errno::CANCELED) => return Ok(()),
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                // Past the year 2200 by a jump: the timer is spent.
                Ok(_) => return std::future::pending().await,
            }
        }
    }
}

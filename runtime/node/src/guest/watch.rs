//! Waits for the runtime, and reaps every process that outlived its parent.

use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};
use tokio::signal::unix::{Signal as Arrivals, SignalKind, signal};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use crate::limits::GUEST_STOP_MAX;

/// How a guest ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// In one word.
    pub(super) reason: &'static str,
    /// The runtime's status, if it ended by itself.
    pub(super) status: Option<i32>,
    /// The signal that ended it, if one did.
    pub(super) signal: Option<i32>,
}

impl Ending {
    /// There was no runtime.
    pub(super) const NOT_STARTED: Self = Self { reason: "not_started", status: None, signal: None };

    fn of(signal: Option<i32>, status: Option<i32>, asked: bool) -> Self {
        let reason = match (signal, status) {
            (None, Some(0)) if asked => "stopped",
            (None, Some(0)) => "ended",
            (None, Some(2)) => "refused",
            (None, Some(3)) => "no_conclusion",
            (None, _) => "failed",
            (Some(_), _) => "killed",
        };
        Self { reason, status, signal }
    }
}

/// What process 1 is told by signals.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Arrivals,
    interrupt: Arrivals,
    child: Arrivals,
}

impl Signals {
    /// Takes them from now on.
    pub(super) fn take() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            child: signal(SignalKind::child())?,
        })
    }

    /// Returns when the process `runtime` has ended. Passes a request to end on to it, and ends it if
    /// it does not follow.
    pub(super) async fn watch(mut self, runtime: u32) -> io::Result<Ending> {
        let runtime = i32::try_from(runtime).ok().and_then(Pid::from_raw);
        let runtime = runtime.ok_or_else(|| io::Error::other("it has no process id"))?;
        let (mut deadline, mut told): (Option<Instant>, bool) = (None, false);
        loop {
            if let Some(status) = reap(runtime)? {
                let (signal, status) = (status.terminating_signal(), status.exit_status());
                return Ok(Ending::of(signal, status, told));
            }
            tokio::select! {
                _ = self.child.recv() => {}
                () = any(&mut self.terminate, &mut self.interrupt) => {
                    info!("the guest is told to end");
                    told = true;
                    deadline.get_or_insert_with(|| Instant::now() + GUEST_STOP_MAX);
                    kill_process(runtime, Signal::TERM)?;
                }
                () = at(deadline) => {
                    warn!("the runtime does not end; killed");
                    deadline = None;
                    kill_process(runtime, Signal::KILL)?;
                }
            }
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => core::future::pending().await,
    }
}

async fn any(first: &mut Arrivals, second: &mut Arrivals) {
    tokio::select! {
        _ = first.recv() => {}
        _ = second.recv() => {}
    }
}

/// Reaps whatever has ended; the runtime's status, if it is among them.
fn reap(runtime: Pid) -> io::Result<Option<WaitStatus>> {
    let mut ended = None;
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == runtime => ended = Some(status),
            Ok(Some(_)) => {}
            Ok(None) | Err(Errno::CHILD) => return Ok(ended),
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ending;

    #[test]
    fn each_end_has_its_word() {
        let ended = |status, told| Ending::of(None, Some(status), told).reason;
        assert_eq!(ended(0, true), "stopped");
        assert_eq!(ended(0, false), "ended");
        assert_eq!(ended(1, false), "failed");
        assert_eq!(ended(2, false), "refused");
        assert_eq!(ended(3, true), "no_conclusion");
        assert_eq!(Ending::of(Some(9), None, true).reason, "killed");
    }
}

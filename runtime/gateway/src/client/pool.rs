//! The connections to the agent that wait for a request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::time::{Instant, sleep};

use super::line::Line;
use crate::limits::AGENT_IDLE_MAX;

/// Idle connections, the one that was used last at the end.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    lines: Vec<(Line, Instant)>,
    /// Whether a task closes what is idle for too long.
    is_swept: bool,
}

impl Idle {
    fn last(&mut self, address: SocketAddr) -> Option<(Line, Instant)> {
        let at = self.lines.iter().rposition(|(line, _)| line.address() == address)?;
        Some(self.lines.remove(at))
    }
}

impl Pool {
    /// A connection to `address` on which the agent has not hung up.
    pub(super) fn take(&self, address: SocketAddr) -> Option<Line> {
        loop {
            let (mut line, since) = self.lock().last(address)?;
            if since.elapsed() < AGENT_IDLE_MAX && line.is_idle() {
                return Some(line);
            }
        }
    }

    /// Takes back a connection whose answer has ended; closes it, if more is under way on it.
    pub(super) fn put(self: &Arc<Self>, mut line: Line) {
        if !line.is_idle() {
            return;
        }
        let mut idle = self.lock();
        idle.lines.push((line, Instant::now()));
        if !core::mem::replace(&mut idle.is_swept, true) {
            drop(tokio::spawn(sweep(Arc::downgrade(self))));
        }
    }

    /// Closes what is idle for too long; whether there is anything left.
    fn close_idle(&self) -> bool {
        let mut idle = self.lock();
        idle.lines.retain(|(_, since)| since.elapsed() < AGENT_IDLE_MAX);
        idle.is_swept = !idle.lines.is_empty();
        idle.is_swept
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(AGENT_IDLE_MAX / 4).await;
        let Some(pool) = pool.upgrade() else { return };
        if !pool.close_idle() {
            return;
        }
    }
}

//! Puts on record what the kernel denied the agent.

use std::sync::Arc;

use cloister_audit::record::Barrier;
use cloister_guest::fence::group::Refusals;
use cloister_guest::fence::kernel_log::KernelLog;
use tracing::warn;

use super::{AGENT_USER, Fence};
use crate::audit::AuditLog;
use crate::limits::FENCE_LOOK_INTERVAL;

/// What has been recorded of what the kernel counts.
#[derive(Debug, Default)]
struct Seen {
    unrouted: u64,
    refusals: Refusals,
}

/// Looks for as long as it runs.
pub(crate) async fn watch(fence: Arc<Fence>, audit: Arc<AuditLog>) {
    let mut log = KernelLog::open()
        .inspect_err(|error| warn!(%error, "the kernel's log cannot be read: denied system calls are not on record"))
        .ok();
    let (mut seen, mut ticks) = (Seen::default(), tokio::time::interval(FENCE_LOOK_INTERVAL));
    loop {
        ticks.tick().await;
        log = log.and_then(|log| calls(log, &audit));
        if let Err(error) = counts(&fence, &audit, &mut seen) {
            warn!(%error, "the kernel does not say what it denied the agent");
        }
    }
}

/// `None` once the log cannot be read any more.
fn calls(mut log: KernelLog, audit: &AuditLog) -> Option<KernelLog> {
    let (violations, lost) = log
        .violations()
        .inspect_err(|error| warn!(%error, "the kernel's log cannot be read any more"))
        .ok()?;
    if lost {
        warn!("the kernel left out lines of its log: denied system calls may not be on record");
    }
    for violation in violations.iter().filter(|violation| violation.user == AGENT_USER) {
        audit.fenced(Barrier::SystemCall, Some(&violation.call), Some("fence.system_call"), 1);
    }
    Some(log)
}

fn counts(fence: &Fence, audit: &AuditLog, seen: &mut Seen) -> std::io::Result<()> {
    let unrouted = fence.namespace.unrouted()?;
    let refusals = fence.group.as_ref().map_or(Ok(seen.refusals), |group| group.refusals())?;
    let new = [
        (Barrier::Network, "fence.network", unrouted.saturating_sub(seen.unrouted)),
        (
            Barrier::Processes,
            "fence.processes",
            refusals.processes.saturating_sub(seen.refusals.processes),
        ),
        (Barrier::Memory, "fence.memory", refusals.memory.saturating_sub(seen.refusals.memory)),
    ];
    *seen = Seen { unrouted, refusals };
    for (barrier, code, count) in new.into_iter().filter(|(_, _, count)| *count > 0) {
        audit.fenced(barrier, None, Some(code), count);
    }
    Ok(())
}

//! Whoever has proved nothing may fail as often as it likes, and fill no log with it.

use std::time::Instant;

use crate::limits::{AUDIT_STRANGERS_BURST, AUDIT_STRANGERS_INTERVAL};
use crate::press::Quota;

/// Who is recorded on its own, and how many were not.
#[derive(Debug)]
pub(super) struct Strangers {
    quota: Quota,
    began: Instant,
    omitted: u64,
}

impl Default for Strangers {
    fn default() -> Self {
        let quota = Quota::new(AUDIT_STRANGERS_BURST, AUDIT_STRANGERS_INTERVAL);
        Self { quota, began: Instant::now(), omitted: 0 }
    }
}

impl Strangers {
    /// Takes one more; says how many were left out before it, or `None` if it is left out itself.
    pub(super) fn admit(&mut self) -> Option<u64> {
        if self.quota.take(self.began.elapsed()).is_err() {
            self.omitted = self.omitted.saturating_add(1);
            return None;
        }
        Some(core::mem::take(&mut self.omitted))
    }
}

#[cfg(test)]
mod tests {
    use super::Strangers;
    use crate::limits::AUDIT_STRANGERS_BURST;

    #[test]
    fn those_that_are_too_many_are_counted() {
        let mut strangers = Strangers::default();
        let admitted = (0..AUDIT_STRANGERS_BURST + 100).filter(|_| strangers.admit().is_some());
        let admitted = u64::try_from(admitted.count()).unwrap();
        assert_eq!(admitted + strangers.omitted, u64::from(AUDIT_STRANGERS_BURST) + 100);
        assert!(strangers.omitted > 0);
    }
}

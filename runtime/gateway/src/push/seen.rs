//! Which bodies were there a short time ago.

use std::collections::VecDeque;

use cloister_audit::Hash;
use tokio::time::Instant;

use crate::limits::{PUSH_REPEAT_WINDOW, PUSH_SEEN_MAX};

/// Digests of the bodies of one configuration, oldest first.
#[derive(Debug, Default)]
pub(super) struct Seen(VecDeque<(Instant, Hash)>);

impl Seen {
    /// Whether a body was noted that is not yet to be forgotten.
    pub(super) fn has(&self, digest: &Hash, now: Instant) -> bool {
        let recent = |at: Instant| now.saturating_duration_since(at) < PUSH_REPEAT_WINDOW;
        self.0.iter().any(|(at, known)| known == digest && recent(*at))
    }

    /// Notes a body.
    pub(super) fn note(&mut self, digest: Hash, now: Instant) {
        self.0.push_back((now, digest));
        while self.0.len() > PUSH_SEEN_MAX {
            self.0.pop_front();
        }
    }

    /// Forgets a body that did not get through, so that it may be sent anew.
    pub(super) fn forget(&mut self, digest: &Hash) {
        self.0.retain(|(_, known)| known != digest);
    }
}

#[cfg(test)]
mod tests {
    use cloister_audit::Hash;
    use tokio::time::{Instant, advance};

    use super::{PUSH_REPEAT_WINDOW, PUSH_SEEN_MAX, Seen};

    #[tokio::test(start_paused = true)]
    async fn a_body_repeats_itself_for_a_time_and_among_so_many() {
        let (mut seen, body) = (Seen::default(), Hash::of(b"body"));
        assert!(!seen.has(&body, Instant::now()));
        seen.note(body, Instant::now());
        assert!(seen.has(&body, Instant::now()) && !seen.has(&Hash::of(b"other"), Instant::now()));
        advance(PUSH_REPEAT_WINDOW).await;
        assert!(!seen.has(&body, Instant::now()));
        seen.note(body, Instant::now());
        (1..PUSH_SEEN_MAX).for_each(|n| seen.note(Hash::of(&n.to_be_bytes()), Instant::now()));
        assert!(seen.has(&body, Instant::now()));
        seen.note(Hash::of(b"one more"), Instant::now());
        assert!(!seen.has(&body, Instant::now()));
    }

    #[tokio::test]
    async fn what_did_not_get_through_may_come_again() {
        let (mut seen, body) = (Seen::default(), Hash::of(b"body"));
        seen.note(body, Instant::now());
        seen.forget(&body);
        assert!(!seen.has(&body, Instant::now()));
    }
}

//! An established channel at one end.

use std::sync::Arc;

use cloister_attestation::time::UnixTime;
use cloister_channel::life::Life;
use cloister_channel::{Established, TrustBundle};

use super::clock::Ms;

#[derive(Debug)]
pub(super) struct Open {
    pub(super) life: Life,
    /// When something was last heard from the peer.
    pub(super) heard: Ms,
    /// When something was last said to it.
    pub(super) spoke: Ms,
    /// The life was given renewals that its peer did not send.
    pub(super) misled: bool,
}

impl Open {
    pub(super) fn new(
        verdict: Established,
        trust: Arc<TrustBundle>,
        now: UnixTime,
        at: Ms,
    ) -> Self {
        Self { life: Life::new(verdict, trust, now), heard: at, spoke: at, misled: false }
    }
}

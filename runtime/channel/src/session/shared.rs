//! What both roles have in common: what they check against, and what they put out.

use std::collections::VecDeque;
use std::sync::Arc;

use cloister_attestation::time::UnixTime;

use super::{Event, Role, SessionError};
use crate::credentials::Credentials;
use crate::limits::SESSION_DEADLINE;
use crate::svid::Svid;
use crate::tls::Handshake;
use crate::trust::TrustBundle;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) local: Arc<Credentials>,
    pub(super) trust: Arc<TrustBundle>,
    pub(super) handshake: Handshake,
    /// The peer's certificate, whose chain TLS has verified.
    pub(super) svid: Svid,
    pub(super) deadline: UnixTime,
    pub(super) transmits: VecDeque<Vec<u8>>,
    pub(super) events: VecDeque<Event>,
}

impl Shared {
    pub(super) fn new(
        local: Arc<Credentials>,
        trust: Arc<TrustBundle>,
        handshake: Handshake,
        role: Role,
        now: UnixTime,
    ) -> Result<Self, SessionError> {
        if handshake.role() != role {
            return Err(SessionError::WrongSide);
        }
        Ok(Self {
            svid: Svid::parse(handshake.peer_certificate())?,
            local,
            trust,
            handshake,
            deadline: now.plus(SESSION_DEADLINE),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        })
    }

    pub(super) fn is_late(&self, now: UnixTime) -> bool {
        now >= self.deadline
    }
}

//! What both roles have in common: what they check against, and what they put out.

use std::collections::VecDeque;
use std::sync::Arc;

use cloister_attestation::time::UnixTime;

use super::{Event, EvidenceWanted, PeerProven, Role, SessionError};
use crate::credentials::Credentials;
use crate::limits::{EVIDENCE_PROOF_BYTES_MAX, PROOF_BYTES_MAX, SESSION_DEADLINE};
use crate::svid::Svid;
use crate::tls::{Freshness, Handshake};
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
            svid: trust.svid(handshake.peer_certificate())?,
            local,
            trust,
            handshake,
            deadline: now.plus(SESSION_DEADLINE),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        })
    }

    /// Whether both proofs carry Evidence made for this session.
    pub(super) fn is_fresh(&self) -> bool {
        self.handshake.freshness() == Freshness::Session
    }

    /// How long a proof may be.
    pub(super) fn proof_bytes_max(&self) -> usize {
        if self.is_fresh() { EVIDENCE_PROOF_BYTES_MAX } else { PROOF_BYTES_MAX }
    }

    /// Asks for Evidence of this side.
    pub(super) fn want_evidence(&mut self) {
        let exporter = self.handshake.exporters().of(self.handshake.role());
        let wanted = EvidenceWanted::new(self.local.lease().claims(), exporter);
        self.events.push_back(Event::EvidenceWanted(Box::new(wanted)));
    }

    /// Says that the peer has proved who it is. Whoever decides gets its Evidence.
    pub(super) fn ask_about(&mut self, proven: &mut PeerProven) {
        let evidence = proven.evidence.take();
        let asked = PeerProven { evidence, ..proven.clone() };
        self.events.push_back(Event::PeerProven(Box::new(asked)));
    }

    pub(super) fn is_late(&self, now: UnixTime) -> bool {
        now >= self.deadline
    }
}

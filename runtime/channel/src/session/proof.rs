//! The proof: what an identity key signs about one connection, and how the other end checks it.
//!
//! The statement is deterministic CBOR, embedded in the COSE_Sign1 as its payload:
//! `["cloister/session/1", role, sha384(own CK), sha384(peer CK), exporter, sha384(own lease),
//! intended agent or null, own policy epoch]`. Keys are hashed as SPKI. Role and own key stop
//! reflection, exporter and both keys stop relay and replay, the intended agent stops diversion.

mod statement;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use cloister_attestation::time::UnixTime;

pub(super) use statement::Statement;

use super::evidence::UnappraisedEvidence;
use super::message::Message;
use super::shared::Shared;
use super::{PeerProven, SessionError};
use crate::frame::framed;
use crate::identity::stated_by;
use crate::lease::VerifiedLease;
use crate::name::AgentName;
use crate::peer::Peer;
use crate::trust::TrustBundle;

/// This side's message, framed, with `intended` as the agent that the dialling side means to reach,
/// and the Evidence that this side was asked for.
pub(super) fn make(
    shared: &Shared,
    intended: &AgentName,
    evidence: Option<Vec<u8>>,
) -> Result<Vec<u8>, SessionError> {
    let (local, role) = (&shared.local, shared.handshake.role());
    let statement = Statement {
        role,
        own_key: *local.channel().thumbprint(),
        peer_key: *shared.svid.key().thumbprint(),
        exporter: shared.handshake.exporters().of(role).clone(),
        lease: *local.lease().digest(),
        intended: Some(intended.clone()),
        policy_epoch: own_epoch(local.lease(), &shared.trust),
    };
    let proof = local.identity().state(&statement.encode()).map_err(SessionError::Signing)?;
    let message = Message {
        role,
        lease: local.lease_bytes().to_vec(),
        evidence: evidence.map(|envelope| own_evidence(shared, envelope)).transpose()?,
        proof,
        identity_key: local.identity().spki().to_vec(),
    };
    Ok(framed(&message.encode(), shared.proof_bytes_max())?)
}

/// Verifies the peer's message. `intended` is the agent that has to be named in it, and
/// `answering` the one that the peer has to be, where this side dialled.
pub(super) fn verify(
    shared: &Shared,
    bytes: &[u8],
    expected: &Expected<'_>,
    now: UnixTime,
) -> Result<PeerProven, SessionError> {
    let message = Message::decode(bytes)?;
    if message.role != shared.handshake.role().peer() {
        return Err(SessionError::Role);
    }
    if message.lease != shared.svid.lease() {
        return Err(SessionError::OtherLease);
    }
    let lease = shared.trust.verified_lease(&message.lease, now)?;
    shared.svid.check(&lease)?;
    let identity_key = lease.confirmed(&message.identity_key).ok_or(SessionError::IdentityKey)?;
    let statement = Statement::decode(&stated_by(&identity_key, &message.proof)?)?;
    about_this_connection(shared, &statement, &lease)?;
    expected.check(&statement, &lease)?;
    check_epoch(statement.policy_epoch, &lease, &shared.trust)?;
    let evidence = peer_evidence(shared, message.evidence, &lease)?;
    Ok(PeerProven { peer: Peer::from(&lease), lease, evidence, identity_key })
}

/// What a peer would refuse is refused here, where the reason can be seen.
fn own_evidence(shared: &Shared, envelope: Vec<u8>) -> Result<Vec<u8>, SessionError> {
    let exporter = shared.handshake.exporters().of(shared.handshake.role());
    let claims = shared.local.lease().claims();
    UnappraisedEvidence::check(envelope, claims, exporter).map(UnappraisedEvidence::into_envelope)
}

/// The peer's Evidence, where it was agreed on and nowhere else.
fn peer_evidence(
    shared: &Shared,
    envelope: Option<Vec<u8>>,
    lease: &VerifiedLease,
) -> Result<Option<UnappraisedEvidence>, SessionError> {
    let exporter = shared.handshake.exporters().of(shared.handshake.role().peer());
    match (shared.is_fresh(), envelope) {
        (true, Some(envelope)) => {
            UnappraisedEvidence::check(envelope, lease.claims(), exporter).map(Some)
        }
        (true, None) => Err(SessionError::EvidenceMissing),
        (false, Some(_)) => Err(SessionError::EvidenceUnasked),
        (false, None) => Ok(None),
    }
}

/// What the peer has to say about the agent that the dialling side means to reach.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected<'a> {
    /// This side dialled: the peer repeats the agent, and is it.
    ToBe(&'a AgentName),
    /// This side accepted: the peer means this agent.
    ToMean(&'a AgentName),
}

impl Expected<'_> {
    fn check(&self, statement: &Statement, lease: &VerifiedLease) -> Result<(), SessionError> {
        let (Self::ToBe(agent) | Self::ToMean(agent)) = self;
        let named = statement.intended.as_ref();
        if named != Some(*agent) {
            let observed = named.map_or_else(|| "nobody".to_owned(), AgentName::to_string);
            return Err(SessionError::IntendedPeer { expected: agent.to_string(), observed });
        }
        match self {
            Self::ToBe(agent) if &lease.claims().agent != *agent => {
                Err(SessionError::IntendedPeer {
                    expected: agent.to_string(),
                    observed: lease.claims().agent.to_string(),
                })
            }
            Self::ToBe(_) | Self::ToMean(_) => Ok(()),
        }
    }
}

fn about_this_connection(
    shared: &Shared,
    statement: &Statement,
    lease: &VerifiedLease,
) -> Result<(), SessionError> {
    let peer = shared.handshake.role().peer();
    if statement.role != peer {
        return Err(SessionError::Role);
    }
    let keys = (shared.svid.key().thumbprint(), shared.local.channel().thumbprint());
    if (&statement.own_key, &statement.peer_key) != keys {
        return Err(SessionError::Keys);
    }
    let exporter = shared.handshake.exporters().of(peer);
    verify_slices_are_equal(&*statement.exporter, &**exporter)
        .map_err(|_| SessionError::Exporter)?;
    if &statement.lease != lease.digest() {
        return Err(SessionError::LeaseDigest);
    }
    Ok(())
}

/// The policy epoch that this side states: that of its lease, or of a newer bundle.
pub(crate) fn own_epoch(lease: &VerifiedLease, trust: &TrustBundle) -> u64 {
    lease.claims().policy_epoch.max(trust.policy_epoch_floor())
}

/// Whether a peer with this lease may act under the policy epoch that it states.
pub(crate) fn check_epoch(
    observed: u64,
    lease: &VerifiedLease,
    trust: &TrustBundle,
) -> Result<(), SessionError> {
    let floor = own_epoch(lease, trust);
    if observed < floor { Err(SessionError::PolicyEpoch { floor, observed }) } else { Ok(()) }
}

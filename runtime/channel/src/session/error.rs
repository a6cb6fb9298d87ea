//! Why a session was refused.

use cloister_attestation::binding::BindingError;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::envelope::EnvelopeError;
use cloister_attestation::manifest::ManifestError;

use crate::frame::OddLength;
use crate::identity::{KeyError, StatementError};
use crate::lease::LeaseError;
use crate::svid::SvidError;

cloister_attestation::codes! {
    /// The proof does not decode.
    MALFORMED = "session.malformed", Peer, "",
        "Use runtimes of versions that know each other.",
        "The first message after the handshake is not the one encoding of a session proof that this version knows.";
    /// The proof states a length that no proof has.
    LENGTH = "session.length", Peer, "",
        "Use runtimes of versions that know each other.",
        "A session proof has 1 byte to 64 KiB, and up to 512 KiB more where it carries Evidence. The length was refused before anything was stored for it.";
    /// No verdict in time.
    DEADLINE = "session.deadline", Peer, "",
        "Look at the peer's log and at the network between the two.",
        "The session proof, or the first application bytes after it, did not arrive in time.";
    /// The peer closed the connection before the verdict.
    ENDED = "session.ended", Peer, "",
        "Look at the peer's log: it says why it refused.",
        "The peer closed the connection before the session was established. A peer that refuses does so without a word.";
    /// Bytes arrived before the verdict.
    EARLY = "session.early", Peer, "",
        "Send nothing after the session proof until the session is established.",
        "The peer sent more bytes after its proof than the proof has, before there was a verdict on it. They were not looked at.";
    /// The proof is of the wrong role.
    ROLE = "session.role", Peer, "",
        "Look for somebody between the two runtimes.",
        "The proof was made for the other end of a connection. This is what a reflected proof looks like.";
    /// The lease in the proof is not the one in the certificate.
    OTHER_LEASE = "session.other_lease", Peer, "",
        "Use the certificate and the lease that were issued together.",
        "The proof carries another lease than the certificate of this connection.";
    /// The identity key is not the one in the lease.
    IDENTITY_KEY = "session.identity_key", Peer, "RFC 8747 section 3.1",
        "Prove the session with the identity key that the lease was issued for.",
        "The proof was made with another identity key than the lease confirms. This is what a lease borrowed from another runtime looks like.";
    /// The identity key did not sign the statement.
    SIGNATURE = "session.signature", Peer, "RFC 9052 section 4.4",
        "Look for somebody between the two runtimes.",
        "The identity key that the lease confirms did not sign the statement in the proof.";
    /// The statement is about other channel keys.
    KEYS = "session.keys", Peer, "",
        "Look for somebody between the two runtimes.",
        "The statement names other channel keys than the two of this connection. This is what a relayed proof looks like.";
    /// The statement is about another connection.
    EXPORTER = "session.exporter", Peer, "RFC 8446 section 7.5",
        "Look for somebody between the two runtimes.",
        "The statement is bound to another TLS connection than this one. This is what a replayed or relayed proof looks like.";
    /// The statement answers another question.
    NONCE = "session.nonce", Peer, "RFC 9334 section 10",
        "Look for somebody between here and the runtime.",
        "A visitor asks with a random number of its own, which the runtime's statement has to repeat. This one repeats another: it was made for somebody else, or earlier.";
    /// The statement is about another lease.
    LEASE_DIGEST = "session.lease_digest", Peer, "",
        "Look for somebody between the two runtimes.",
        "The statement was made under another lease than the one that the proof carries.";
    /// The two sides do not mean the same agent.
    INTENDED_PEER = "session.intended_peer", Peer, "",
        "Check the address that the agent's name resolved to, and dial again.",
        "The dialling side meant another agent than the one that answered. This is what a connection diverted to another admitted runtime looks like.";
    /// The peer acts under an older policy epoch.
    POLICY_EPOCH = "session.policy_epoch", Peer, "",
        "Have the runtime fetch the present policy.",
        "The peer states a policy epoch older than its own lease, or than the oldest that is accepted here.";
    /// There is no Evidence made for this session.
    EVIDENCE_MISSING = "session.evidence_missing", Peer, "",
        "Use runtimes of versions that know each other.",
        "The two ends agreed to prove themselves by Evidence made for this session, and the proof has none.";
    /// There is Evidence that nobody asked for.
    EVIDENCE_UNASKED = "session.evidence_unasked", Peer, "",
        "Use runtimes of versions that know each other.",
        "The two ends agreed to prove themselves by their leases, and the proof carries Evidence. Nothing is taken that was not agreed on.";
    /// The Evidence was not made for this session.
    EVIDENCE_BINDING = "session.evidence_binding", Peer, "",
        "Collect Evidence for the exporter value of this connection and the keys of this lease.",
        "The binding of the Evidence names another session, other keys or another manifest than this proof is about. This is what replayed or borrowed Evidence looks like.";
    /// Policy does not let this peer connect.
    POLICY = "session.policy", Operator, "",
        "Permit the connection in the policy bundle of the image, if it is meant to be.",
        "The peer proved who it is, and policy does not let it connect.";
    /// The proof could not be made.
    SIGNING = "session.signing", Cloister, "",
        "Report this as a defect.",
        "The cryptographic library could not make a signature.";
    /// The handshake is not of the session's role.
    WRONG_SIDE = "session.wrong_side", Caller, "",
        "Start an initiator on a dialled connection, and a responder on an accepted one.",
        "The session was started in one role on a connection that this side has the other role in.";
    /// The session is over.
    OVER = "session.over", Caller, "",
        "Stop driving a session after it is established or refused.",
        "The session has ended: bytes belong to the channel that it established, or to nobody.";
    /// No Evidence is awaited.
    NO_EVIDENCE = "session.no_evidence_awaited", Caller, "",
        "Provide Evidence once, after the event that asks for it.",
        "Evidence was provided while the session did not ask for it.";
    /// No decision is awaited.
    NO_VERDICT = "session.no_verdict_awaited", Caller, "",
        "Decide once, after the event that asks for it.",
        "A decision was given while the session did not ask for one.";
}

/// A session was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The proof does not decode.
    #[error("session proof is malformed: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// A length that no proof has.
    #[error("session proof states {observed} bytes, which no proof here has")]
    Length {
        /// What the prefix says.
        observed: u32,
    },
    /// No verdict in time.
    #[error("no verdict in time")]
    Deadline,
    /// The peer closed the connection.
    #[error("peer closed the connection before the session was established")]
    Ended,
    /// Bytes before the verdict.
    #[error("peer sent bytes before the verdict")]
    Early,
    /// Of the wrong role.
    #[error("session proof is of the wrong role")]
    Role,
    /// The certificate is refused.
    #[error("peer certificate is refused")]
    Svid(#[from] SvidError),
    /// The lease is refused.
    #[error("peer lease is refused")]
    Lease(#[from] LeaseError),
    /// Another lease than in the certificate.
    #[error("session proof carries another lease than the certificate")]
    OtherLease,
    /// Another identity key than in the lease.
    #[error("session proof is by another identity key than the lease confirms")]
    IdentityKey,
    /// Not signed by the identity key.
    #[error("session proof signature does not verify")]
    Signature,
    /// About other channel keys.
    #[error("session proof is about other channel keys")]
    Keys,
    /// About another connection.
    #[error("session proof is bound to another connection")]
    Exporter,
    /// In answer to another question.
    #[error("statement answers another question")]
    Nonce,
    /// About another lease.
    #[error("session proof is about another lease")]
    LeaseDigest,
    /// About another agent.
    #[error("session is meant for {expected}, observed {observed}")]
    IntendedPeer {
        /// What this side demands.
        expected: String,
        /// What the peer says, or is.
        observed: String,
    },
    /// Under an older policy epoch.
    #[error("peer acts under policy epoch {observed}, the floor is {floor}")]
    PolicyEpoch {
        /// The oldest epoch accepted.
        floor: u64,
        /// The peer's.
        observed: u64,
    },
    /// No Evidence where it was agreed on.
    #[error("session proof has no evidence made for this session")]
    EvidenceMissing,
    /// Evidence where none was agreed on.
    #[error("session proof has evidence that was not asked for")]
    EvidenceUnasked,
    /// The Evidence envelope does not read.
    #[error("session evidence is refused")]
    Envelope(#[from] EnvelopeError),
    /// The Evidence's binding does not read.
    #[error("session evidence is refused")]
    Binding(#[from] BindingError),
    /// The Evidence's manifest does not read.
    #[error("session evidence is refused")]
    Manifest(#[from] ManifestError),
    /// Not made for this session.
    #[error("session evidence was made for another {what}")]
    EvidenceBinding {
        /// What it names another of.
        what: &'static str,
    },
    /// Refused by policy.
    #[error("policy does not let this peer connect")]
    Policy,
    /// The own proof could not be made.
    #[error("session proof could not be made")]
    Signing(#[source] KeyError),
    /// Started on the wrong side.
    #[error("connection is not of the session's role")]
    WrongSide,
}

impl SessionError {
    pub(crate) fn malformed(reason: &str) -> Self {
        Self::Malformed { reason: reason.to_owned() }
    }
}

impl From<minicbor::decode::Error> for SessionError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::malformed(&error.to_string())
    }
}

impl From<OddLength> for SessionError {
    fn from(OddLength { observed }: OddLength) -> Self {
        Self::Length { observed }
    }
}

impl From<StatementError> for SessionError {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::Malformed(reason) => Self::malformed(reason),
            StatementError::Signature => Self::Signature,
        }
    }
}

impl Diagnostic for SessionError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed { .. } => &MALFORMED,
            Self::Length { .. } => &LENGTH,
            Self::Deadline => &DEADLINE,
            Self::Ended => &ENDED,
            Self::Early => &EARLY,
            Self::Role => &ROLE,
            Self::Svid(error) => error.code(),
            Self::Lease(error) => error.code(),
            Self::OtherLease => &OTHER_LEASE,
            Self::IdentityKey => &IDENTITY_KEY,
            Self::Signature => &SIGNATURE,
            Self::Keys => &KEYS,
            Self::Exporter => &EXPORTER,
            Self::Nonce => &NONCE,
            Self::LeaseDigest => &LEASE_DIGEST,
            Self::IntendedPeer { .. } => &INTENDED_PEER,
            Self::PolicyEpoch { .. } => &POLICY_EPOCH,
            Self::EvidenceMissing => &EVIDENCE_MISSING,
            Self::EvidenceUnasked => &EVIDENCE_UNASKED,
            Self::Envelope(error) => error.code(),
            Self::Binding(error) => error.code(),
            Self::Manifest(error) => error.code(),
            Self::EvidenceBinding { .. } => &EVIDENCE_BINDING,
            Self::Policy => &POLICY,
            Self::Signing(_) => &SIGNING,
            Self::WrongSide => &WRONG_SIDE,
        }
    }
}

/// The caller did something that the session's state does not provide for. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// The session is established or refused.
    #[error("session is over")]
    Over,
    /// No decision is awaited.
    #[error("no decision is awaited")]
    NoVerdictAwaited,
    /// No Evidence is awaited.
    #[error("no evidence is awaited")]
    NoEvidenceAwaited,
}

impl Diagnostic for Misuse {
    fn code(&self) -> &'static Code {
        match self {
            Self::Over => &OVER,
            Self::NoVerdictAwaited => &NO_VERDICT,
            Self::NoEvidenceAwaited => &NO_EVIDENCE,
        }
    }
}

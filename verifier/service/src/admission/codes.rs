//! Codes of admission itself; those of parsing, verification and appraisal are in their crates.

use cloister_attestation::code::Code;

use crate::challenge;
use crate::store::Objection;

cloister_attestation::codes! {
    /// The request does not have the fields that it should.
    REQUEST = "admission.request", Peer, "",
        "Use a runtime of a version that this Verifier supports.",
        "A lease request has an Evidence envelope, two public keys and a signature of 64 bytes by each. In this one a field has another length.";
    /// The Evidence was made for a session.
    SESSION_EVIDENCE = "admission.session_evidence", Peer, "",
        "Collect Evidence for the Verifier's challenge, without an exporter value.",
        "The Evidence is bound to one TLS session with a peer. It speaks for that session and not for a lease.";
    /// The Evidence was not made for this session.
    OTHER_SESSION = "admission.other_session", Peer, "",
        "Collect Evidence for the exporter value of this session.",
        "The Evidence is bound to another TLS session than the one that it is presented for, or to none. This is what replayed Evidence looks like.";
    /// The Evidence names another head of the audit log.
    AUDIT_HEAD = "admission.audit_head", Peer, "",
        "Send the signed checkpoint whose digest the Evidence binds.",
        "Evidence binds the digest of the newest signed checkpoint of the runtime's audit log, and the checkpoint goes with the request. Here the two do not belong together, or one is missing.";
    /// There was an audit log, and there is none.
    NO_AUDIT_LOG = "admission.no_audit_log", Peer, "",
        "Restart the runtime: a new boot has a new identity key, and a new log.",
        "This boot of the runtime showed an audit log before, and shows none any more. A log does not end before its runtime does.";
    /// Nothing failed and nothing admits.
    NOT_ADMITTED = "admission.not_admitted", Operator, "",
        "Admit this image with `cloister image admit`.",
        "No check failed, and no admitted Reference Value matched. What nobody admitted is refused.";
    /// The image is retired.
    IMAGE_RETIRED = "image.retired", Operator, "",
        "Roll out a newer image, or admit this one again with `cloister image admit`.",
        "The measurements match a Reference Value that was admitted once and has been retired since.";
    /// The image is revoked.
    IMAGE_REVOKED = "image.revoked", Operator, "",
        "Build and admit a new version of the image.",
        "The measurements match a Reference Value that was revoked. Revoking is for good.";
    /// The agent is quarantined.
    QUARANTINED = "agent.quarantined", Operator, "",
        "Find the reason with `cloister agents show`, and lift the quarantine once it no longer holds.",
        "An operator quarantined this agent. Its leases were taken away, and it gets none until the quarantine is lifted.";
    /// The agent is retired.
    RETIRED = "agent.retired", Operator, "",
        "Give the agent another name.",
        "An operator retired this agent's name. That is for good, so that nobody comes back under it.";
    /// The instance is revoked.
    REVOKED = "instance.revoked", Operator, "",
        "Restart the runtime: a new boot has a new identity key.",
        "The leases of this boot of the runtime were taken away for good.";
    /// The identity key belongs to another agent.
    OTHER_AGENT = "instance.other_agent", Peer, "",
        "Make an identity key of its own for every boot.",
        "This identity key already holds a lease under another agent's name. One boot of one runtime runs one agent.";
}

/// The code for what speaks against a lease although the Evidence is good, and what was expected;
/// `None` for what is no fault of the runtime's, which has to ask again.
pub(super) const fn objection(objection: Objection) -> Option<(&'static Code, &'static str)> {
    Some(match objection {
        Objection::Quarantined => (&QUARANTINED, "an agent that is not quarantined"),
        Objection::Retired => (&RETIRED, "an agent that is not retired"),
        Objection::Revoked => (&REVOKED, "an instance that is not revoked"),
        Objection::OtherAgent => (&OTHER_AGENT, "an identity key of this agent"),
        Objection::ImageRetired => (&IMAGE_RETIRED, "an image that is still admitted"),
        Objection::Spent => (&challenge::SPENT, "a challenge that bought no lease yet"),
        Objection::NoLog => (&NO_AUDIT_LOG, "an audit log that extends the one shown before"),
        Objection::Log => (&cloister_audit::EQUIVOCATION, "a log that extends the one before"),
        Objection::EpochEnded => return None,
    })
}

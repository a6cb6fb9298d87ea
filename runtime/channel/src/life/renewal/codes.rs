//! Codes of renewals.

cloister_attestation::codes! {
    /// The renewal does not decode.
    MALFORMED = "renewal.malformed", Peer, "",
        "Use runtimes of versions that know each other.",
        "A message on the channel's own stream is not the one encoding of a renewal that this version knows.";
    /// The renewal states a length that no renewal has.
    LENGTH = "renewal.length", Peer, "",
        "Use runtimes of versions that know each other.",
        "A renewal has 1 byte to 17 KiB. The length was refused before anything was stored for it.";
    /// More than one renewal ahead of the decision.
    AHEAD = "renewal.ahead", Peer, "",
        "Renew once for each new lease.",
        "The peer sent more than one further renewal while policy was being asked about the first. Leases are minutes apart.";
    /// The renewal is of the wrong role.
    ROLE = "renewal.role", Peer, "",
        "Look for somebody between the two runtimes.",
        "The renewal was made for the other end of a channel. This is what a reflected renewal looks like.";
    /// The lease is another runtime's.
    IDENTITY_KEY = "renewal.identity_key", Peer, "RFC 8747 section 3.1",
        "Renew a channel with a lease for the identity key that it was opened with.",
        "The new lease confirms another identity key than the one that proved the session. A runtime that booted anew opens new channels.";
    /// The identity key did not sign the statement.
    SIGNATURE = "renewal.signature", Peer, "RFC 9052 section 4.4",
        "Look for somebody between the two runtimes.",
        "The identity key that proved the session did not sign the statement in the renewal.";
    /// The statement is about another channel.
    EXPORTER = "renewal.exporter", Peer, "RFC 8446 section 7.5",
        "Look for somebody between the two runtimes.",
        "The statement is bound to another TLS connection than this one. This is what a renewal taken from another channel looks like.";
    /// The statement replaces another lease than the one that counts.
    PREVIOUS_LEASE = "renewal.previous_lease", Peer, "",
        "Look for somebody between the two runtimes.",
        "The statement replaces another lease than the one that counts on this channel. This is what a replayed renewal, or one after a renewal that was left out, looks like.";
    /// The statement is about another lease than the one that travels with it.
    LEASE_DIGEST = "renewal.lease_digest", Peer, "",
        "Look for somebody between the two runtimes.",
        "The statement was made about another new lease than the one that the renewal carries.";
    /// Something changed that a renewal does not change.
    CHANGED = "renewal.changed", Peer, "",
        "Open a new channel: policy then decides about what the peer is now.",
        "The new lease is for the same identity key and says something else about the image, the machine, or what the image declares. A renewal prolongs what was accepted, and nothing else.";
    /// The lease was not issued later than the one that it replaces.
    OLDER = "renewal.older", Peer, "",
        "Renew with a lease that was issued later.",
        "The lease in the renewal was issued no later than the one that counts. Going back to an older lease would go back to what was known then.";
    /// The peer acts under an older policy epoch.
    POLICY_EPOCH = "renewal.policy_epoch", Peer, "",
        "Have the runtime fetch the present policy.",
        "The peer states a policy epoch older than its leases, or than the oldest that is accepted here.";
    /// The renewal could not be made.
    SIGNING = "renewal.signing", Cloister, "",
        "Report this as a defect.",
        "The cryptographic library could not make a signature.";
}

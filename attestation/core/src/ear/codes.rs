//! Codes of results.

crate::codes! {
    /// The bytes are not a result.
    MALFORMED = "result.malformed", Peer, "draft-ietf-rats-ear section 3",
        "Ask the Verifier for the result again and pass it on unchanged.",
        "The token is not an EAR of the form that this version reads: a claim is missing, unknown, twice there, of another type or out of range, or the envelope has other parts than a header of exactly alg, kid and typ, claims and a signature.";
    /// The signature algorithm is not ES256.
    ALGORITHM = "result.algorithm", Peer, "RFC 8725 section 3.1",
        "Use a result that a Verifier signed with ES256.",
        "Results are signed with ES256. The header names another algorithm, or none. The header never chooses how a result is verified, so a token with `none`, or with a code made from the public key, is refused before any key is looked at.";
    /// The token is something else than a result.
    KIND = "result.kind", Caller, "RFC 8725 section 3.11",
        "Pass an Attestation Result; a lease proves something else and is checked by peers.",
        "The header says that this is a token of another kind. A Verifier signs several kinds, and none is ever taken for another.";
    /// No trusted key has this id.
    UNKNOWN_KEY = "result.unknown_key", Peer, "RFC 7515 section 4.1.4",
        "Fetch the Verifier's key set again, or find out who signed the result.",
        "The result names a signing key that is not among the given ones. Either the Verifier's key was rotated, or someone else signed. No other key is tried.";
    /// The signature does not verify.
    SIGNATURE = "result.signature", Peer, "RFC 7515 section 5.2",
        "Use the result exactly as the Verifier sent it.",
        "The result names a given key, and that key did not sign these bytes. The result was altered or forged.";
    /// The result was issued in the future.
    NOT_YET_VALID = "result.not_yet_valid", Peer, "RFC 7519 section 4.1.6",
        "Set the clocks of the Verifier and of this machine.",
        "The result was issued later than the present time on this side, by more than clocks may differ.";
    /// The result has expired.
    EXPIRED = "result.expired", Peer, "RFC 7519 section 4.1.4",
        "Ask for a new appraisal.",
        "A result says something about a machine for minutes. This one's time is over.";
    /// The result lives too long, or not at all.
    LIFETIME = "result.lifetime", Peer, "",
        "Have results issued for at most 60 minutes.",
        "A result lives from 1 second to 60 minutes. A longer one would be believed long after anybody looked at the machine.";
    /// The result was issued for somebody else.
    AUDIENCE = "result.audience", Peer, "RFC 7519 section 4.1.3",
        "Ask for a result that names this audience.",
        "The result names another audience. Whoever it was issued for could otherwise pass it on as its own.";
    /// The result answers another request.
    NONCE = "result.nonce", Peer, "RFC 9711 section 4.1",
        "Ask for a result with a fresh nonce and compare with that one.",
        "The result has another nonce than the one that was given, or none. This is what a replayed result looks like.";
    /// The result contradicts itself.
    INCONSISTENT = "result.inconsistent", Peer, "draft-ietf-rats-ear, ear_status",
        "Report this as a defect of the Verifier that signed.",
        "A status never says better than the worst claim of its vector, and nothing about a simulator is affirmed. This result says otherwise.";
    /// A key set does not read.
    KEY_SET = "result.key_set", Caller, "RFC 7517",
        "Pass the key set that the Verifier publishes under /v1/jwks, or the key itself as PEM.",
        "The key set has no key for what is asked, has one that is not an ECDSA P-256 key, or lists a key under an id that is not its own.";
    /// A result could not be signed.
    SIGNING = "result.signing", Cloister, "",
        "Report this as a defect.",
        "The cryptographic library could not make a signature.";
}

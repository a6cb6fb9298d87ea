//! What can go wrong with a runtime that is asked what it is.

cloister_attestation::codes! {
    /// The runtime cannot be reached.
    UNREACHABLE = "cli.remote.unreachable", Peer, "RFC 8446",
        "Check the address and that a runtime with a live lease listens there.",
        "No TLS 1.3 connection to the runtime came about, or it broke: nobody answers there, the one who answers is no runtime, or it has no live lease and turns everybody away.";
    /// The runtime gives no document.
    DECLINED = "cli.remote.declined", Peer, "",
        "Follow the runtime's message; ask again later if it is busy.",
        "The runtime was reached and gave no attestation document. The message is its own. Evidence is rationed, so that strangers cannot use up the TEE.";
    /// Nothing to ask with.
    PROCESS = "cli.remote.process", Caller, "",
        "Check the machine's randomness and the limits of the process.",
        "The command needs 32 random bytes and a place to wait for an answer. The operating system gave one of them not.";
    /// The trust file does not read.
    TRUST = "cli.remote.trust", Operator, "",
        "Pass the Verifier's trust.pem, or what its /v1/trust answers.",
        "What chains and leases are verified against is a file of certificates in PEM, or a trust bundle in JSON. To ask a Verifier, its certificates are needed. This file is neither, or not the one that is needed.";
    /// The document is about another connection's certificates.
    CERTIFICATES = "cli.remote.certificates", Peer, "RFC 8446 section 4.4.2",
        "Look for somebody between here and the runtime.",
        "The document carries another certificate chain than the runtime showed in the TLS handshake of this connection.";
    /// The chain ends at an issuer that is trusted.
    CHAIN = "cli.remote.chain", Peer, "SPIFFE X509-SVID section 5",
        "Pass the trust.pem of the Verifier that admitted the runtime.",
        "The certificate has to be an SVID that is valid now and whose chain ends at an issuer of the trust domain. Without --trust nobody says who the issuers are.";
    /// It is the agent that is meant.
    AGENT = "cli.remote.agent", Peer, "SPIFFE-ID section 2",
        "Check the address, or name the agent that runs there.",
        "Certificate and manifest name the agent. Both have to name the one that is meant, and somebody who is trusted has to stand behind one of them: the Verifier, or Reference Values that match the whole image.";
    /// The lease verifies.
    LEASE = "cli.remote.lease", Peer, "RFC 9052 section 4.4",
        "Pass --verifier, or a trust bundle as the Verifier's /v1/trust answers.",
        "The lease has to be live, signed by a key of the trust bundle, and confirm the key of this certificate. trust.pem alone has no such key: it is not decided then.";
    /// Nobody took the lease away.
    REVOCATION = "cli.remote.revocation", Operator, "",
        "Pass --verifier, so that the Verifier is asked.",
        "A lease can be taken away before it ends. Only the Verifier can say now that it was not.";
    /// The identity key is the instance's.
    INSTANCE = "cli.remote.instance", Peer, "RFC 8747 section 3.1",
        "Look for somebody between here and the runtime.",
        "The certificate names an instance by its identity key, and so does the lease. The Evidence was made for another identity key.";
    /// The Evidence is for this connection.
    CONNECTION = "cli.remote.connection", Peer, "RFC 8446 section 7.5",
        "Look for somebody between here and the runtime.",
        "The Evidence has to be bound to this very TLS connection. This one is bound to another, or to none: somebody passed on what a runtime told them.";
}

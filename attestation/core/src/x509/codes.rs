//! What can be wrong with a certificate or a CRL.

crate::codes! {
    /// The structure is not DER, or not the structure that it should be.
    MALFORMED = "x509.malformed", Endorser, "RFC 5280 section 4.1, 5.1",
        "Fetch the certificate or CRL again from the vendor, unaltered.",
        "The bytes are not the DER of an X.509 version 3 certificate or version 2 CRL: a field is missing, out of order, badly encoded, or bytes follow the end.";
    /// The input is larger than its limit.
    TOO_LARGE = "x509.too_large", Peer, "",
        "Send only the certificates or CRL that verification asks for.",
        "A certificate, CRL or PEM file is larger than any that a vendor issues. It was not read.";
    /// A signature or key algorithm outside the three that AMD and Intel use.
    ALGORITHM = "x509.algorithm", Endorser, "RFC 4055 section 3.1, RFC 5758 section 3.2",
        "Use certificates signed with RSASSA-PSS SHA-384 (salt 48), ECDSA P-256 SHA-256 or ECDSA P-384 SHA-384.",
        "The signature or key algorithm, or one of its parameters, is not one of those that are supported. RSASSA-PSS counts only with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.";
    /// An extension occurs twice.
    DUPLICATE_EXTENSION = "x509.extension.duplicate", Endorser, "RFC 5280 section 4.2",
        "Replace the certificate with one that has each extension once.",
        "The same extension occurs more than once, so two readers could see two different values.";
    /// A critical extension is not understood.
    CRITICAL_EXTENSION = "x509.extension.critical", Endorser, "RFC 5280 section 4.2",
        "Replace the certificate with one without this extension, or upgrade Cloister.",
        "The issuer marked an extension critical that this version does not process. Ignoring it would accept what the issuer meant to restrict.";
    /// Issuer and subject names do not chain.
    ISSUER = "x509.issuer", Endorser, "RFC 5280 section 6.1.3",
        "Supply the certificate of the issuer that is named.",
        "The issuer name of the certificate or CRL is not the subject name of the certificate that should have signed it.";
    /// The issuer may not sign this.
    NOT_CA = "x509.not_ca", Endorser, "RFC 5280 section 6.1.4",
        "Supply a chain whose issuers are certification authorities with the matching key usage.",
        "The certificate that should have signed is not a certification authority, lacks the key usage for signing certificates or CRLs, or is limited to a shorter path.";
    /// The signature does not verify.
    SIGNATURE = "x509.signature", Endorser, "RFC 5280 section 6.1.3",
        "Fetch the certificate or CRL again from the vendor, and check that it belongs to this machine.",
        "The signature over the received bytes does not verify with the issuer's key: the bytes were altered, or another key signed.";
    /// The validity period has not begun.
    NOT_YET_VALID = "x509.not_yet_valid", Endorser, "RFC 5280 section 4.1.2.5",
        "Check the verification time, or wait until the certificate or CRL becomes valid.",
        "The verification time is before the period in which the issuer vouches for the certificate or CRL.";
    /// The validity period is over.
    EXPIRED = "x509.expired", Endorser, "RFC 5280 section 4.1.2.5, 5.1.2.5",
        "Fetch the current certificate or CRL from the vendor.",
        "The verification time is after the period in which the issuer vouches for the certificate or CRL.";
    /// The text is not PEM.
    PEM = "x509.pem", Caller, "RFC 7468",
        "Supply PEM blocks labelled CERTIFICATE and nothing else.",
        "The text is not a sequence of PEM blocks labelled CERTIFICATE.";
}

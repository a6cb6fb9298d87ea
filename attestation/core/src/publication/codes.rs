//! What can be wrong with a fetched document.

crate::codes! {
    /// The body has another form.
    FORMAT = "publication.format", Endorser, "AMD 57230 section 4, Intel Trusted Services API, PCS version 4",
        "Check that the configured address is a key distribution service or a mirror of one.",
        "The answer of the vendor's service, or of the mirror that stands in for it, is not in the form that the vendor documents: no DER, no PEM chain of two certificates, no JSON document with a signature.";
    /// The chain of the signer is missing or does not read.
    ISSUER_CHAIN = "publication.issuer_chain", Endorser, "Intel Trusted Services API, PCS version 4",
        "Check that the mirror passes on the headers that carry an issuer chain.",
        "Intel's service sends the certificates of the signer in a header, percent-encoded. The header is missing or does not read. A mirror that stores bodies alone loses it.";
    /// Signed, and not what was asked for.
    OTHER = "publication.other", Endorser, "AMD 57230 table 11, Intel Trusted Services API, PCS version 4",
        "Clear the cache of the mirror: its key leaves out part of the request.",
        "The answer is genuine and for another chip, TCB, processor family or authority than the one that was asked for. Using it would refuse good Evidence or judge it by the wrong levels.";
    /// Not signed under a pinned root.
    ROOT = "publication.root", Endorser, "AMD 57230 section 2.3",
        "Find out who answers at the configured address; do not pin what it sent.",
        "The answer does not chain to the root key that is pinned for this vendor and product. A root that is downloaded never counts on its own.";
}

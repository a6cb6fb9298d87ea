//! What can be wrong with a bundle.

crate::codes! {
    /// The bytes are not a bundle.
    MALFORMED = "bundle.malformed", Caller, "RFC 9052 section 4.2; RFC 8949 section 4.2",
        "Fetch the bundle again, or make it anew with `cloister bundle create`.",
        "A bundle is one COSE_Sign1 in deterministic CBOR: entries and contents in order, each once, each within its size, nothing referred to that is absent and nothing present that is not referred to. This one is cut, changed, or was not written by cloister.";
    /// The bundle is by another signer.
    SIGNER = "bundle.signer", Operator, "",
        "Use a bundle of the operator that you believe, or pass that operator's fingerprint.",
        "A bundle names the key that signed it. It is believed only if SHA-384 over that key is the fingerprint that the reader was given, which has to come from elsewhere than the bundle.";
    /// Something inside is not what its key says.
    CONTENT = "bundle.content", Operator, "",
        "Make the bundle anew from endorsements that read.",
        "Every entry of a bundle has a key that says what it is: which certificate of which chip at which TCB, which CRL, which document. The content has to parse as that and say the same about itself.";
    /// The bundle was made later than the time of judgement.
    NOT_YET = "bundle.not_yet", Operator, "",
        "Check the clock; or judge as of a time after the bundle was made.",
        "A bundle from the future says that one of two clocks is wrong, and every date inside is judged by that clock.";
    /// Something inside has ended.
    EXPIRED = "bundle.expired", Operator, "",
        "Make a new bundle; `cloister bundle verify` shows which part ended first.",
        "A bundle lasts as long as the part of it that ends first: a CRL or a document whose nextUpdate passes, or a certificate. After that it is refused whole, because a part that is silently left out is a check that is silently left out.";
    /// The bundle is older than the reader accepts.
    ROLLBACK = "bundle.rollback", Operator, "",
        "Fetch the current bundle.",
        "The reader has seen, or demands, a more recent bundle. An old one may lack a revocation that the newer one has, so it is not accepted in its place.";
}

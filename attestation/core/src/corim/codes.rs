//! Codes of CoRIM.

crate::codes! {
    /// The bytes are not a CoRIM.
    MALFORMED = "corim.malformed", Operator, "draft-ietf-rats-corim section 4",
        "Ask the publisher for the file again, or for one that this version reads.",
        "The file is not a CoRIM: it is cut, has a part twice or of another type, or is larger than its limit.";
    /// A CBOR message of another kind.
    KIND = "corim.kind", Operator, "draft-ietf-rats-corim section 4",
        "Pass a CoRIM (tag 501), or one that its publisher signed (tag 18).",
        "The file is CBOR of another kind. Concise evidence, for one, says what a machine measured and not what it should.";
    /// Not the profile that images are published under.
    PROFILE = "corim.profile", Operator, "draft-ietf-rats-corim section 4.1.4",
        "Have the image published as `cloister` writes it.",
        "Only whole tuples of one image are admitted: image, version, manifest and everything that the launch measures. A CoRIM of another profile, or one with anything beside that, may mean something that would be passed over here.";
    /// The CoRIM does not hold at this time.
    VALIDITY = "corim.validity", Operator, "draft-ietf-rats-corim section 7.3",
        "Ask the publisher for a current one.",
        "The publisher says from when to when its Reference Values hold, and the present time is outside that.";
    /// Signed with an algorithm that the key does not have.
    ALGORITHM = "corim.algorithm", Operator, "RFC 9053 section 2.1",
        "Pass the publisher's own key; ES256 and ES384 are read.",
        "The signature's algorithm is not the one of the given key. The key decides, never the file.";
    /// The publisher's key did not sign this.
    SIGNATURE = "corim.signature", Operator, "RFC 9052 section 4.4",
        "Find out who signed the file, and pass that key only if its owner is to be believed.",
        "The given key did not sign these bytes: another publisher did, or the file was altered.";
    /// The CoRIM is not signed.
    UNSIGNED = "corim.unsigned", Operator, "",
        "Have the publisher sign it.",
        "Reference Values decide who is admitted. Those in a CoRIM are taken from a publisher whose key is given, and from nobody else.";
    /// The publisher's key does not read.
    KEY = "corim.key", Caller, "RFC 5480 section 2",
        "Pass an ECDSA public key on P-256 or P-384, as PEM.",
        "The publisher's key is not one PEM block labelled PUBLIC KEY with an uncompressed point on P-256 or P-384.";
    /// The publisher's own key does not read.
    SIGNING_KEY = "corim.signing_key", Caller, "RFC 5958",
        "Pass an ECDSA private key on P-256 or P-384 as PEM, made with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384`.",
        "The key that is to sign is not one PEM block labelled PRIVATE KEY with an ECDSA key on P-256 or P-384.";
    /// A CoRIM could not be signed.
    SIGNING = "corim.signing", Cloister, "",
        "Report this as a defect.",
        "The cryptographic library could not make a signature.";
}

//! Codes of TPM structures and of quote verification.

crate::codes! {
    /// A structure ends before its fields do, or after them.
    LENGTH = "tpm.length", Peer, "TPM 2.0 Part 2, section 4.11",
        "Send each TPM structure exactly as the TPM returned it.",
        "A TPM structure declares the size of each of its parts. These bytes are cut, have bytes behind the last field, or are longer than any such structure.";
    /// The structure was not made by a TPM.
    MAGIC = "tpm.quote.magic", Peer, "TPM 2.0 Part 2, section 10.12.8, TPMS_ATTEST",
        "Send the TPMS_ATTEST that TPM2_Quote returned.",
        "An attestation structure begins with TPM_GENERATED_VALUE. A restricted key signs nothing with that beginning unless the TPM itself made it, so without it the bytes could be anybody's.";
    /// The structure attests something else than PCRs.
    TYPE = "tpm.quote.type", Peer, "TPM 2.0 Part 2, section 10.12.8, TPMI_ST_ATTEST",
        "Send the answer of TPM2_Quote.",
        "The same key signs other attestations too: of keys, of the clock, of sessions. Only TPM_ST_ATTEST_QUOTE says anything about PCRs.";
    /// A field of the quote has a value that is not known.
    FIELD = "tpm.quote.field", Peer, "TPM 2.0 Part 2, section 10.12.8",
        "Send the TPMS_ATTEST exactly as the TPM returned it.",
        "A field holds a value outside of what the specification allows there.";
    /// The PCR selection is not one bank of 24 PCRs.
    SELECTION = "tpm.quote.selection", Peer, "TPM 2.0 Part 2, section 10.9.7, TPML_PCR_SELECTION",
        "Quote PCRs of the SHA-256 or the SHA-384 bank, one bank at a time.",
        "A quote selects PCRs 0 to 23 of exactly one bank. With two banks, or the same one twice, the same register would have two values; a SHA-1 bank is not accepted at all.";
    /// The signature is absent or of an unknown kind.
    SIGNATURE_FORMAT = "tpm.signature.format", Peer, "TPM 2.0 Part 2, section 11.3.4, TPMT_SIGNATURE",
        "Quote with a key whose scheme is RSASSA, RSAPSS or ECDSA with SHA-256 or SHA-384.",
        "The signature names an algorithm that is not accepted, or none at all: a quote under the null key is unsigned, and anybody can write one.";
    /// The PCR values are not as many as were quoted.
    PCR_VALUES = "tpm.pcr_values", Peer, "TPM 2.0 Part 3, section 18.4, TPM2_Quote",
        "Send the value of every quoted PCR, in ascending order, and nothing else.",
        "The values travel beside the quote, in the order of its selection. Their length is not that of the selected PCRs.";
    /// The key is not an attestation key.
    PUBLIC = "tpm.public", Peer, "TPM 2.0 Part 2, section 12.2.4, TPMT_PUBLIC",
        "Quote with a restricted signing key that was created in the TPM and cannot leave it.",
        "The public area is malformed or of another kind of key. Only a restricted signing key refuses to sign a forged quote; a key that can leave the TPM, or that decrypts, proves nothing.";
    /// The quote is signed by the attestation key.
    SIGNATURE = "tpm.quote.signature", Peer, "TPM 2.0 Part 3, section 18.4, TPM2_Quote",
        "Quote with the attestation key that the Evidence names, and send the signature unaltered.",
        "The signature over the received TPMS_ATTEST does not verify with the attestation key that is vouched for: another key signed, or the quote was altered.";
    /// The PCR values are the quoted ones.
    PCR_DIGEST = "tpm.quote.pcr_digest", Peer, "TPM 2.0 Part 2, section 10.12.1, TPMS_QUOTE_INFO",
        "Read the PCRs and quote them without extending one in between.",
        "The TPM signs a digest of the selected PCR values, in ascending order, made with the hash of the signature. The values that came with the quote have another digest, so they are not what the TPM holds.";
    /// Resettable PCRs were quoted.
    RESETTABLE = "tpm.pcr.resettable", Peer, "TCG PTP 1.05, section 4.6.2, PCR attributes",
        "Measure what matters into PCRs 0 to 15.",
        "The quote covers PCRs that software can reset while the system runs: 16 and 23 at will, 17 to 22 from a dynamic launch. Their values are shown to nobody and count for nothing.";
    /// Who the quote says has signed.
    QUALIFIED_SIGNER = "tpm.quote.qualified_signer", Peer, "TPM 2.0 Part 1, section 16.3",
        "Rely on the key that verified the signature.",
        "The quote names its signer by a hash over the key's place in the TPM's hierarchy. The signature already says which key it was; nobody vouches for the place.";
    /// The TPM's clock and counters.
    CLOCK = "tpm.quote.clock", Peer, "TPM 2.0 Part 2, section 10.11.1, TPMS_CLOCK_INFO",
        "Compare the counters with earlier quotes of the same machine if resets matter.",
        "The TPM's own clock, its reset and restart counters and its firmware version. Nothing is demanded of them, since freshness comes from the qualifying data.";
}

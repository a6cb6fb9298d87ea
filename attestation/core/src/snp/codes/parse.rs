//! Format errors.

crate::codes! {
    /// Another length than a report has.
    LENGTH = "snp.report.length", Peer, "AMD 56860 table 23",
        "Send the report exactly as the firmware returned it.",
        "Every SEV-SNP report has 1184 bytes. These have another number: the report was cut or padded, or is something else.";
    /// A version that is not known.
    VERSION = "snp.report.version", Peer, "AMD 56860 table 23",
        "Upgrade Cloister if the firmware is newer than it.",
        "Report versions 2 to 5 are known. Another version may give the same bytes another meaning, so it is not guessed at.";
    /// A reserved byte is not zero.
    RESERVED = "snp.report.reserved", Peer, "AMD 56860 table 23",
        "Send the report exactly as the firmware returned it, or upgrade Cloister if the firmware is newer than it.",
        "A byte that this report version leaves unused is not zero. Either the report was altered, or its firmware says something that this version of Cloister cannot read.";
    /// Reserved guest policy bits are not as they must be.
    GUEST_POLICY = "snp.report.guest_policy", Peer, "AMD 56860 table 10",
        "Launch the guest with bit 17 of its policy set and no bit above 25.",
        "Bit 17 of the guest policy must be one, and bits 63 to 26 must be zero. Firmware launches no other guest.";
    /// The flags have a reserved value.
    FLAGS = "snp.report.flags", Peer, "AMD 56860 table 23",
        "Send the report exactly as the firmware returned it, or upgrade Cloister if the firmware is newer than it.",
        "The flags at 48h name a signing key that is not known, or set a bit that is reserved.";
    /// The privilege level does not exist.
    VMPL = "snp.report.vmpl", Peer, "AMD 56860 table 23",
        "Send the report exactly as the firmware returned it.",
        "A guest has the privilege levels 0 to 3.";
    /// The host's certificate table does not read.
    CERTIFICATE_TABLE = "snp.certificate_table", Peer, "GHCB specification 56421 section 4.1.8.1",
        "Correct the certificates that the host passes to the guest, or collect Evidence without them.",
        "The host's certificate table is a list of identifiers with offsets and lengths, ended by an empty entry. An entry points outside the table or into the list, is there twice, or the end is missing.";
}

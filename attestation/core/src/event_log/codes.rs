//! Codes of event logs.

crate::codes! {
    /// The log is larger than any real one.
    SIZE = "eventlog.size", Peer, "",
        "Send the firmware's log as the kernel shows it.",
        "The log has more bytes or more events than the limits allow. They lie far above what firmware writes.";
    /// The log ends inside an event.
    TRUNCATED = "eventlog.truncated", Peer, "TCG PC Client Platform Firmware Profile 1.06, section 10.2.2",
        "Send the whole log, and nothing behind it but padding of one repeated byte, 0x00 or 0xff.",
        "An event's length runs past the end of the log. The log was cut, an event's length was changed, or something that is no event stands behind the last one.";
    /// The header is not one of a crypto-agile log.
    HEADER = "eventlog.header", Peer, "TCG PC Client Platform Firmware Profile 1.06, section 10.4.5.1",
        "Send a crypto-agile log (Spec ID Event03), and say rightly whether it is a CCEL or a TPM log.",
        "The first event of a log is the header: it names the hash algorithms and the length of their digests. A field of this one is out of its range. Logs in the older SHA-1 format are not read.";
    /// An event's digests are not those that the header announces.
    DIGESTS = "eventlog.digests", Peer, "TCG PC Client Platform Firmware Profile 1.06, section 10.2.2",
        "Send the log as the firmware wrote it.",
        "Every event has exactly one digest for each algorithm that the header names. A digest that is missing, twice there, or of another algorithm would be read differently by different readers.";
    /// An event is for a register that does not exist.
    REGISTER = "eventlog.register", Peer, "UEFI 2.10 section 38.4.1; TCG PC Client Platform TPM Profile 1.06, section 4.6",
        "Send the log as the firmware wrote it.",
        "A CCEL log measures into indexes 1 to 4, which are RTMR0 to RTMR3: index 0 is MRTD, which no event can extend. A TPM log measures into PCR 0 to 16 and 23; PCR 17 to 22 belong to a dynamic launch, which has a log of its own.";
    /// What the log says about the TPM's start contradicts itself.
    STARTUP_LOCALITY = "eventlog.startup_locality", Peer, "TCG PC Client Platform Firmware Profile 1.06, section 10.4.5.3",
        "Send the log as the firmware wrote it.",
        "The StartupLocality event says with which value PCR 0 starts. There is at most one, it comes before anything is extended into PCR 0, and it names locality 0, 3 or 4.";
    /// A runtime log does not read.
    RUNTIME = "eventlog.runtime", Peer, "",
        "Send the runtime's log as its library returns it.",
        "A runtime log is a JSON list of events with `imr`, `event_type`, `digest`, `event` and `event_payload`, or the lines of an attestation agent's log. This one lacks a field, has an unknown one, or holds a value out of range.";
    /// The log does not give the registers.
    REPLAY = "eventlog.replay", Peer, "TCG PC Client Platform Firmware Profile 1.06, section 3.3.4",
        "Send the log of this very boot, whole and unchanged.",
        "Replaying the log's digests does not give the value of a register that the quote vouches for. An event was left out, added, changed or moved, or the log is of another boot.";
    /// Nothing explains a register.
    UNEXPLAINED = "eventlog.unexplained", Peer, "",
        "Send the log of whatever extends this register too, or leave it to the Reference Values.",
        "The register was extended, and the log has no event for it, so nothing says what was measured into it. Its value still counts where a Reference Value names it.";
    /// The quote does not vouch for a register that the log measures into.
    UNQUOTED = "eventlog.unquoted", Peer, "",
        "Include the register in the quote.",
        "The log has events for a register that is not in the quote, or that any software in the guest can reset. Nobody vouches for those events.";
    /// A payload is not what was measured.
    PAYLOAD = "eventlog.payload", Peer, "TCG PC Client Platform Firmware Profile 1.06, section 10.4.1",
        "Send the log as the firmware wrote it.",
        "The digest of an event of this type is the hash of its payload, and here it is not: the text or the variable in the log is not the one that was measured.";
    /// Payloads that nothing vouches for.
    UNMEASURED = "eventlog.unmeasured", Peer, "TCG PC Client Platform Firmware Profile 1.06, section 10.4.1",
        "Compare the digests of these events with Reference Values, and read their payloads as labels.",
        "For images, tables and files the log holds only a name: the digest is that of the thing itself. The digest is vouched for, the name is not.";
    /// A register has more than one separator.
    SEPARATORS = "eventlog.separators", Peer, "TCG PC Client Platform Firmware Profile 1.06, section 10.4.1, EV_SEPARATOR",
        "Update the guest firmware, or let the policy accept repeated separators.",
        "A separator marks where the firmware ends and what it starts begins, once for each register. A second one can be extended by anything that runs later, to pass its own events off as the firmware's. Some firmware for TDX writes the separator of RTMR1 into RTMR0 by mistake.";
    /// A separator reports an error.
    SEPARATOR_VALUE = "eventlog.separator_value", Peer, "TCG PC Client Platform Firmware Profile 1.06, section 10.4.1, EV_SEPARATOR",
        "Find out why the firmware could not measure, and boot again.",
        "A separator holds 0 or 0xffffffff. Any other value says that the firmware failed to measure something before it handed over.";
    /// The log demanded by the policy is not there.
    ABSENT = "eventlog.absent", Peer, "",
        "Send the firmware's event log with the Evidence, or make it optional in the policy.",
        "No event log came with the Evidence. The registers are compared with Reference Values all the same; without a log nothing says what they were made of.";
    /// An event that is not extended carries a digest.
    NO_ACTION = "eventlog.no_action", Peer, "TCG PC Client Platform Firmware Profile 1.06, section 10.4.5",
        "Read such an event as a remark of whoever wrote the log.",
        "EV_NO_ACTION events are never extended and their digests are zero. Whatever they say is vouched for by nobody.";
}

//! The codes of this crate.

use cloister_attestation::code::Code;

cloister_attestation::codes! {
    /// The service is not asked.
    OFF = "fetch.off", Operator, "",
        "Configure an address for the vendor's service, or put the document into the endorsements folder.",
        "Verification needs a document that is not kept here, and the service that publishes it is switched off.";
    /// The service failed a short while ago.
    BACKING_OFF = "fetch.backing_off", Endorser, "",
        "Wait until the time that the message names, or configure a mirror.",
        "The vendor's service failed or asked to be left alone a short while ago. It is not asked again before the time that the message names, so that an outage is not made worse. What is kept is used meanwhile.";
    /// The document was asked for in vain.
    IN_VAIN = "fetch.in_vain", Endorser, "",
        "Find the first failure in the log, and wait until the time that the message names.",
        "The same document was asked for a short while ago, and the service did not have it or answered with something that does not verify. It is not asked for again before the time that the message names.";
    /// The service does not have it.
    ABSENT = "fetch.absent", Peer, "AMD 57230 section 4, Intel Trusted Services API, PCS version 4",
        "Check that the chip id, TCB or FMSPC in the Evidence are those of a real machine.",
        "The vendor's service answered that there is no such document. Either the Evidence names a chip, a TCB or a processor family that the vendor does not know, or a mirror holds less than the service.";
    /// The service asked to be left alone.
    THROTTLED = "fetch.throttled", Endorser, "RFC 6585 section 4, RFC 9110 section 10.2.3",
        "Wait until the time that the message names, or configure a mirror.",
        "The vendor's service answered that too many requests came from here, and how long to wait. AMD's service allows few requests a minute.";
    /// The service failed.
    STATUS = "fetch.status", Endorser, "RFC 9110 section 15",
        "Wait for the vendor's service to recover, or configure a mirror.",
        "The vendor's service, or a mirror, answered with an error of its own. It is asked again later; what is kept is used meanwhile.";
    /// The service redirects.
    REDIRECT = "fetch.redirect", Operator, "RFC 9110 section 15.4",
        "Configure the address at which the service itself answers.",
        "The service answered with a redirect. None is followed: an answer must not be able to make the Verifier send requests to a host that nobody configured.";
    /// The answer is too large.
    TOO_LARGE = "fetch.too_large", Endorser, "",
        "Check that the configured address is a key distribution service or a mirror of one.",
        "The answer is larger than any such document can be. Reading stopped at the limit.";
    /// The answer is not understood.
    ANSWER = "fetch.answer", Endorser, "RFC 9110",
        "Check that the configured address is a key distribution service or a mirror of one.",
        "The answer has a status, an encoding or header fields that a key distribution service does not send.";
    /// No answer in time.
    TIMEOUT = "fetch.timeout", Endorser, "",
        "Check the way from here to the service, or configure a mirror.",
        "The service did not answer in full within the time that one request has, from looking up its name to the last byte.";
    /// No connection.
    CONNECTION = "fetch.connection", Operator, "",
        "Check name resolution, the firewall and the mirror's certificate, or configure a mirror.",
        "No connection to the service came about, its certificate was refused, or the connection broke before the answer was complete.";
    /// The document does not verify.
    REFUSED = "fetch.refused", Endorser, "",
        "Read the cause that follows; if it persists, find out who answers at the configured address.",
        "An answer arrived and is not the document that was asked for, signed by the vendor and current. It was thrown away; what is kept stays.";
    /// The document is older than the one that is kept.
    OLDER = "fetch.older", Endorser, "",
        "Update the mirror; if the vendor's own service answered, wait for it to agree with itself.",
        "The answer is genuine and an earlier issue of a document that is already kept in a later one. Taking it would bring back levels or revocations that the vendor has replaced.";
}

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    CODES.iter().chain(crate::store::CODES).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::codes;

    #[test]
    fn codes_are_unique_and_say_what_to_do() {
        let mut ids = BTreeSet::new();
        for code in codes() {
            assert!(ids.insert(code.id), "{} is there twice", code.id);
            assert!(code.remedy.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", code.id);
            assert!(code.remedy.ends_with('.') && !code.explanation.is_empty(), "{}", code.id);
        }
    }
}

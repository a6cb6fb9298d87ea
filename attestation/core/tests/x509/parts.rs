//! A certificate and a CRL in pieces, so that any piece can be wrong. The signatures are not real:
//! these are for the parser.

use cloister_attestation::time::UnixTime;
use cloister_simulator::asn1;
use const_oid::ObjectIdentifier;

/// `ecdsa-with-SHA384`.
pub(super) const ECDSA_SHA384: &[u8] =
    &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
/// `ecdsa-with-SHA256`.
pub(super) const ECDSA_SHA256: &[u8] =
    &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Each field is a whole DER element.
pub(super) struct CertificateParts {
    pub(super) version: Vec<u8>,
    pub(super) serial: Vec<u8>,
    pub(super) inner_algorithm: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) validity: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) spki: Vec<u8>,
    /// What follows the key: unique identifiers, extensions.
    pub(super) rest: Vec<u8>,
    pub(super) outer_algorithm: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl CertificateParts {
    /// One that parses.
    pub(super) fn good() -> Self {
        let (from, until) =
            (UnixTime::from_secs(1_700_000_000), UnixTime::from_secs(1_800_000_000));
        let p384 = [
            0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 4, 0,
            0x22,
        ];
        let algorithm = asn1::element(0x30, &p384);
        Self {
            version: asn1::explicit(0, &asn1::number(2)),
            serial: asn1::number(5),
            inner_algorithm: ECDSA_SHA384.to_vec(),
            issuer: name(&["issuer"]),
            validity: asn1::sequence([asn1::time(from), asn1::time(until)]),
            subject: name(&["subject"]),
            spki: asn1::sequence([algorithm, asn1::bit_string(&[4; 97])]),
            rest: Vec::new(),
            outer_algorithm: ECDSA_SHA384.to_vec(),
            signature: asn1::bit_string(&[0x30, 0]),
        }
    }

    /// The whole certificate.
    pub(super) fn der(&self) -> Vec<u8> {
        let tbs = asn1::sequence([
            &self.version,
            &self.serial,
            &self.inner_algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.spki,
            &self.rest,
        ]);
        asn1::sequence([&tbs, &self.outer_algorithm, &self.signature])
    }
}

/// Each field is a whole DER element, or nothing.
pub(super) struct CrlParts {
    pub(super) version: Vec<u8>,
    pub(super) next_update: Vec<u8>,
    pub(super) revoked: Vec<u8>,
    pub(super) rest: Vec<u8>,
    pub(super) outer_algorithm: Vec<u8>,
}

impl CrlParts {
    /// One that parses.
    pub(super) fn good() -> Self {
        Self {
            version: asn1::number(1),
            next_update: asn1::time(UnixTime::from_secs(1_800_000_000)),
            revoked: asn1::sequence([entry(&[7], &[]), entry(&[1, 0, 1], &[])]),
            rest: Vec::new(),
            outer_algorithm: ECDSA_SHA384.to_vec(),
        }
    }

    /// The whole CRL.
    pub(super) fn der(&self) -> Vec<u8> {
        let this_update = asn1::time(UnixTime::from_secs(1_700_000_000));
        let issuer = name(&["issuer"]);
        let algorithm = ECDSA_SHA384.to_vec();
        let tbs = asn1::sequence([
            &self.version,
            &algorithm,
            &issuer,
            &this_update,
            &self.next_update,
            &self.revoked,
            &self.rest,
        ]);
        asn1::sequence([&tbs, &self.outer_algorithm, &asn1::bit_string(&[0x30, 0])])
    }
}

/// A CRL entry with these extensions.
pub(super) fn entry(serial: &[u8], extensions: &[u8]) -> Vec<u8> {
    let date = asn1::time(UnixTime::from_secs(1_600_000_000));
    asn1::sequence([asn1::element(2, serial), date, extensions.to_vec()])
}

/// One extension.
pub(super) fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let oid = asn1::oid(&ObjectIdentifier::new_unwrap(oid));
    let critical = if critical { asn1::boolean(true) } else { Vec::new() };
    asn1::sequence([oid, critical, asn1::octet_string(value)])
}

/// A name with these common names.
pub(super) fn name(common_names: &[&str]) -> Vec<u8> {
    let attribute =
        |text: &&str| asn1::set([asn1::sequence([asn1::oid(&COMMON_NAME), asn1::utf8(text)])]);
    asn1::sequence(common_names.iter().map(attribute))
}

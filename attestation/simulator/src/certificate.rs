//! X.509 certificates as a plain value, signed only when everything in it is as wanted.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;
use const_oid::ObjectIdentifier;

use crate::asn1;
use crate::key::{Algorithm, SigningKey};
use crate::name::Name;

const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const CRL_DISTRIBUTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
pub(crate) const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");

/// An X.509 version 3 certificate before it is signed.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Serial number, big-endian.
    pub serial: Vec<u8>,
    /// Who signs.
    pub issuer: Name,
    /// Whose key this is.
    pub subject: Name,
    /// First second of validity.
    pub not_before: UnixTime,
    /// Last second of validity.
    pub not_after: UnixTime,
    /// DER of the SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// In the order in which they are written, twice if they are here twice.
    pub extensions: Vec<Extension>,
    /// How the certificate says that it is signed, and how it is.
    pub algorithm: Algorithm,
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// What it is.
    pub oid: ObjectIdentifier,
    /// Whether a reader that does not know it must refuse the certificate.
    pub critical: bool,
    /// The content of the octet string.
    pub value: Vec<u8>,
}

impl Extension {
    /// One that a reader may ignore.
    #[must_use]
    pub const fn new(oid: ObjectIdentifier, value: Vec<u8>) -> Self {
        Self { oid, critical: false, value }
    }

    fn critical(oid: ObjectIdentifier, value: Vec<u8>) -> Self {
        Self { oid, critical: true, value }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut parts = vec![asn1::oid(&self.oid)];
        if self.critical {
            parts.push(asn1::boolean(true));
        }
        parts.push(asn1::octet_string(&self.value));
        asn1::sequence(parts)
    }
}

impl Certificate {
    /// Signs and returns the DER.
    #[must_use]
    pub fn sign(&self, issuer: &SigningKey) -> Vec<u8> {
        let tbs = self.tbs();
        let signature = issuer.sign_x509(self.algorithm, &tbs);
        asn1::sequence([tbs, self.algorithm.identifier(), asn1::bit_string(&signature)])
    }

    /// Takes every extension with this identifier out.
    pub fn remove_extension(&mut self, oid: &ObjectIdentifier) {
        self.extensions.retain(|extension| extension.oid != *oid);
    }

    /// Writes every extension with this identifier twice.
    pub fn duplicate_extension(&mut self, oid: &ObjectIdentifier) {
        let again: Vec<_> = self.extensions.iter().filter(|e| e.oid == *oid).cloned().collect();
        self.extensions.extend(again);
    }

    /// Gives the extension with this identifier another value.
    pub fn replace_extension(&mut self, oid: &ObjectIdentifier, value: &[u8]) {
        for extension in self.extensions.iter_mut().filter(|e| e.oid == *oid) {
            extension.value = value.to_vec();
        }
    }

    fn tbs(&self) -> Vec<u8> {
        let validity = asn1::sequence([asn1::time(self.not_before), asn1::time(self.not_after)]);
        let extensions = asn1::sequence(self.extensions.iter().map(Extension::encode));
        asn1::sequence([
            asn1::explicit(0, &asn1::number(2)),
            asn1::integer(&self.serial),
            self.algorithm.identifier(),
            self.issuer.der().to_vec(),
            validity,
            self.subject.der().to_vec(),
            self.spki.clone(),
            asn1::explicit(3, &extensions),
        ])
    }
}

/// Key usage bits, as the first byte of the bit string holds them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Usage {
    /// `keyCertSign` and `cRLSign`.
    CertificatesAndCrls,
    /// `keyCertSign` alone.
    Certificates,
    /// `digitalSignature` and `nonRepudiation`.
    Signatures,
}

pub(crate) fn key_usage(usage: Usage) -> Extension {
    let (unused, bits) = match usage {
        Usage::CertificatesAndCrls => (1, 0b0000_0110),
        Usage::Certificates => (2, 0b0000_0100),
        Usage::Signatures => (6, 0b1100_0000),
    };
    Extension::critical(KEY_USAGE, asn1::element(0x03, &[unused, bits]))
}

/// `cA` with an optional path length, or the empty constraints of an end entity.
pub(crate) fn basic_constraints(authority: Option<Option<u64>>) -> Extension {
    let mut parts = Vec::new();
    if let Some(path_length) = authority {
        parts.push(asn1::boolean(true));
        parts.extend(path_length.map(asn1::number));
    }
    Extension::critical(BASIC_CONSTRAINTS, asn1::sequence(parts))
}

pub(crate) fn subject_key_id(key: &SigningKey) -> Extension {
    Extension::new(SUBJECT_KEY_ID, asn1::octet_string(&key_id(key)))
}

pub(crate) fn authority_key_id(key: &SigningKey) -> Extension {
    Extension::new(AUTHORITY_KEY_ID, asn1::sequence([asn1::implicit(0, &key_id(key))]))
}

/// Where the vendor would publish the CRL. Nothing may ever follow such an address.
pub(crate) fn crl_distribution(url: &str) -> Extension {
    let uri = asn1::implicit(6, url.as_bytes());
    let name = asn1::explicit(0, &asn1::explicit(0, &uri));
    Extension::new(CRL_DISTRIBUTION, asn1::sequence([asn1::sequence([name])]))
}

/// Twenty bytes that name a key. RFC 5280 leaves the method open.
fn key_id(key: &SigningKey) -> Vec<u8> {
    Digest48::sha384(key.public_key()).as_bytes()[..20].to_vec()
}

/// Writes certificates one after the other.
#[must_use]
pub fn pem<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> String {
    certificates.into_iter().map(block).collect()
}

fn block(der: &[u8]) -> String {
    pem_rfc7468::encode_string("CERTIFICATE", pem_rfc7468::LineEnding::LF, der)
        .expect("a certificate is far shorter than what PEM can carry")
}

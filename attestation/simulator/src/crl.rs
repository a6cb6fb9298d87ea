//! Certificate revocation lists as a plain value.

use cloister_attestation::time::UnixTime;
use const_oid::ObjectIdentifier;

use crate::asn1;
use crate::certificate::{Extension, authority_key_id};
use crate::key::{Algorithm, SigningKey};
use crate::name::Name;

const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const KEY_COMPROMISE: u8 = 1;

/// An X.509 version 2 CRL before it is signed.
#[derive(Clone, Debug)]
pub struct Crl {
    /// Who signs.
    pub issuer: Name,
    /// When it was made.
    pub this_update: UnixTime,
    /// When the next one is due.
    pub next_update: UnixTime,
    /// Serial numbers of revoked certificates, big-endian.
    pub revoked: Vec<Vec<u8>>,
    /// In the order in which they are written.
    pub extensions: Vec<Extension>,
    /// How the list says that it is signed, and how it is.
    pub algorithm: Algorithm,
}

impl Crl {
    /// An empty list with number 1.
    pub(crate) fn new(
        issuer: Name,
        key: &SigningKey,
        algorithm: Algorithm,
        (this_update, next_update): (UnixTime, UnixTime),
    ) -> Self {
        let number = Extension::new(CRL_NUMBER, asn1::number(1));
        let extensions = vec![number, authority_key_id(key)];
        Self { issuer, this_update, next_update, revoked: Vec::new(), extensions, algorithm }
    }

    /// Signs and returns the DER.
    #[must_use]
    pub fn sign(&self, issuer: &SigningKey) -> Vec<u8> {
        let tbs = self.tbs();
        let signature = issuer.sign_x509(self.algorithm, &tbs);
        asn1::sequence([tbs, self.algorithm.identifier(), asn1::bit_string(&signature)])
    }

    fn tbs(&self) -> Vec<u8> {
        let mut parts = vec![
            asn1::number(1),
            self.algorithm.identifier(),
            self.issuer.der().to_vec(),
            asn1::time(self.this_update),
            asn1::time(self.next_update),
        ];
        // SPEC: RFC 5280 section 5.1.2.6: absent, not empty, when nothing is revoked.
        if !self.revoked.is_empty() {
            parts.push(asn1::sequence(self.revoked.iter().map(|serial| self.entry(serial))));
        }
        let extensions = asn1::sequence(self.extensions.iter().map(Extension::encode));
        parts.push(asn1::explicit(0, &extensions));
        asn1::sequence(parts)
    }

    fn entry(&self, serial: &[u8]) -> Vec<u8> {
        let reason = Extension::new(REASON_CODE, asn1::enumerated(KEY_COMPROMISE));
        let extensions = asn1::sequence([reason.encode()]);
        asn1::sequence([asn1::integer(serial), asn1::time(self.this_update), extensions])
    }
}

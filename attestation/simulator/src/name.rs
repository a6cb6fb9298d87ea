//! Distinguished names in the vendors' attribute order.

use const_oid::ObjectIdentifier;

use crate::asn1;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const LOCALITY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.7");
const STATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.8");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

/// What the organisation in every simulated certificate starts with, and what every binary with
/// this crate inside therefore contains. No shipped binary may.
pub const MARKER: &str = "Cloister simulator, not ";

/// A distinguished name, encoded.
///
/// Common names are the vendors', because verifiers check them. The organisation is not: whoever
/// reads such a certificate sees at once that no vendor signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(Vec<u8>);

impl Name {
    /// In AMD's attribute order.
    #[must_use]
    pub fn amd(common_name: &str) -> Self {
        Self(asn1::sequence([
            attribute(&UNIT, &asn1::utf8("Engineering")),
            attribute(&COUNTRY, &asn1::printable("US")),
            attribute(&LOCALITY, &asn1::utf8("Santa Clara")),
            attribute(&STATE, &asn1::utf8("CA")),
            attribute(&ORGANIZATION, &asn1::utf8(&[MARKER, "AMD"].concat())),
            attribute(&COMMON_NAME, &asn1::utf8(common_name)),
        ]))
    }

    /// In Intel's attribute order.
    #[must_use]
    pub fn intel(common_name: &str) -> Self {
        Self(asn1::sequence([
            attribute(&COMMON_NAME, &asn1::utf8(common_name)),
            attribute(&ORGANIZATION, &asn1::utf8(&[MARKER, "Intel"].concat())),
            attribute(&LOCALITY, &asn1::utf8("Santa Clara")),
            attribute(&STATE, &asn1::utf8("CA")),
            attribute(&COUNTRY, &asn1::printable("US")),
        ]))
    }

    /// The DER encoding.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0
    }
}

fn attribute(kind: &ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    asn1::set([asn1::sequence([asn1::oid(kind).as_slice(), value])])
}

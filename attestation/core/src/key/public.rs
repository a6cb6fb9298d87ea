//! Public keys and signatures of ES256, each with one encoding.

use core::fmt;

use super::KeyError;
use crate::bytes::Digest48;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// SPEC: RFC 7468 section 2: characters of one line of PEM.
const LINE: usize = 64;

/// The SPKI of a P-256 key up to the point: algorithm, curve and the BIT STRING's header.
///
/// SPEC: RFC 5480 sections 2.1.1 and 2.2.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT_LEN: usize = 65;
const COORDINATE_LEN: usize = 32;
const UNCOMPRESSED: u8 = 4;

/// An ECDSA P-256 public key, with the one DER encoding that names it.
#[derive(Clone)]
pub struct PublicKey {
    spki: [u8; Self::LEN],
    thumbprint: Digest48,
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// Length of the encoding in bytes.
    pub const LEN: usize = SPKI_PREFIX.len() + POINT_LEN;

    /// From the DER of a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for every other key type and every other encoding.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let spki: [u8; Self::LEN] = der.try_into().map_err(|_| KeyError::Malformed)?;
        let point = spki.strip_prefix(&SPKI_PREFIX).ok_or(KeyError::Malformed)?;
        if point.first() != Some(&UNCOMPRESSED) {
            return Err(KeyError::Malformed);
        }
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .map_err(|_| KeyError::Malformed)?;
        Ok(Self { spki, thumbprint: Digest48::sha384(&spki), parsed })
    }

    /// From the uncompressed point that the cryptographic library hands out.
    pub(super) fn from_point(point: &[u8]) -> Result<Self, KeyError> {
        Self::from_spki(&[&SPKI_PREFIX, point].concat())
    }

    /// From PEM text with one `PUBLIC KEY` block.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for every other text, and as [`Self::from_spki`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, der) =
            pem_rfc7468::decode_vec(text.trim().as_bytes()).map_err(|_| KeyError::Malformed)?;
        if label == "PUBLIC KEY" { Self::from_spki(&der) } else { Err(KeyError::Malformed) }
    }

    /// PEM text with one `PUBLIC KEY` block.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let base64 = STANDARD.encode(self.spki);
        let (mut text, mut rest) = ("-----BEGIN PUBLIC KEY-----\n".to_owned(), base64.as_str());
        while !rest.is_empty() {
            let (line, more) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
            text.extend([line, "\n"]);
            rest = more;
        }
        text + "-----END PUBLIC KEY-----\n"
    }

    /// From the two coordinates, 32 bytes each, as a JSON Web Key has them.
    ///
    /// SPEC: RFC 7518 section 6.2.1.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for other lengths, and for a point that is not on the curve.
    pub fn from_coordinates(x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        if x.len() == COORDINATE_LEN {
            Self::from_point(&[&[UNCOMPRESSED], x, y].concat())
        } else {
            Err(KeyError::Malformed)
        }
    }

    /// The two coordinates, as a JSON Web Key has them.
    #[must_use]
    pub fn coordinates(&self) -> (&[u8], &[u8]) {
        let point = self.point().get(1..).unwrap_or_default();
        point.split_at_checked(COORDINATE_LEN).unwrap_or_default()
    }

    /// The DER of the SubjectPublicKeyInfo.
    #[must_use]
    pub const fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The uncompressed point inside [`Self::spki`], as certificate builders want it.
    #[must_use]
    pub fn point(&self) -> &[u8] {
        self.spki.get(SPKI_PREFIX.len()..).unwrap_or_default()
    }

    /// SHA-384 over the SPKI: how leases, Evidence and proofs name this key.
    #[must_use]
    pub const fn thumbprint(&self) -> &Digest48 {
        &self.thumbprint
    }

    /// Verifies an ES256 signature over `message`.
    ///
    /// # Errors
    /// [`KeyError::Signature`] if this key did not make it.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        self.parsed.verify_sig(message, signature.as_bytes()).map_err(|_| KeyError::Signature)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.thumbprint)
    }
}

/// An ES256 signature: `r` and `s`, 32 bytes each.
///
/// SPEC: RFC 9053 section 2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature([u8; Self::LEN]);

impl Signature {
    /// Length in bytes.
    pub const LEN: usize = 64;

    /// From `r` and `s`.
    #[must_use]
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// From exactly 64 bytes; `None` for every other length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The DER form that TLS uses: `SEQUENCE { r INTEGER, s INTEGER }`.
    ///
    /// SPEC: RFC 8446 section 4.2.3, RFC 3279 section 2.2.3.
    #[must_use]
    pub fn to_der(self) -> Vec<u8> {
        let (r, s) = self.0.split_at(Self::LEN / 2);
        let body = [integer(r), integer(s)].concat();
        // Two INTEGERs of at most 33 bytes: every length fits the short form.
        [&[0x30, short_length(&body)], body.as_slice()].concat()
    }
}

fn integer(big_endian: &[u8]) -> Vec<u8> {
    let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
    let magnitude = big_endian.get(zeros..).unwrap_or_default();
    let negative = magnitude.first().is_none_or(|byte| byte & 0x80 != 0);
    let value = if negative { [&[0], magnitude].concat() } else { magnitude.to_vec() };
    [&[0x02, short_length(&value)], value.as_slice()].concat()
}

fn short_length(bytes: &[u8]) -> u8 {
    debug_assert!(bytes.len() < 0x80, "longer than DER's short length form");
    u8::try_from(bytes.len()).unwrap_or(u8::MAX)
}

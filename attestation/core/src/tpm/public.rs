//! The public area of a key inside a TPM: `TPMT_PUBLIC`, as far as attestation keys have it.

use super::digest::HashAlgorithm;
use super::error::{ParseError, finished, truncated};
use super::key::AttestationKey;
use super::signature::{ALG_NULL, Scheme};
use crate::bytes::Reader;

const WHAT: &str = "TPMT_PUBLIC";
// SPEC: TPM 2.0 Part 2, section 6.3, TPM_ALG_ID.
const ALG_RSA: u16 = 0x0001;
const ALG_ECC: u16 = 0x0023;
// SPEC: TPM 2.0 Part 2, section 6.4, TPM_ECC_CURVE.
const CURVES: [(u16, usize); 2] = [(0x0003, 32), (0x0004, 48)];

// SPEC: TPM 2.0 Part 2, section 8.3, TPMA_OBJECT.
const FIXED_TPM: u32 = 1 << 1;
const FIXED_PARENT: u32 = 1 << 4;
const SENSITIVE_DATA_ORIGIN: u32 = 1 << 5;
const RESTRICTED: u32 = 1 << 16;
const DECRYPT: u32 = 1 << 17;
const SIGN: u32 = 1 << 18;
const REQUIRED: u32 = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | RESTRICTED | SIGN;

/// The public area of an attestation key: restricted, for signing only, made in the TPM and bound
/// to it.
///
/// # Security
/// The attributes are what the sender says. They mean something once somebody vouches for these
/// bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicArea {
    attributes: u32,
    key: AttestationKey,
}

impl PublicArea {
    /// Parses exactly one `TPMT_PUBLIC` of an attestation key.
    ///
    /// # Errors
    /// [`ParseError`]: another length, another kind of key, or attributes that an attestation key
    /// does not have.
    // SPEC: TPM 2.0 Part 2, sections 12.2.4 (TPMT_PUBLIC), 12.2.3.5 and 12.2.3.6.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let truncated = truncated(WHAT);
        let mut reader = Reader::new(bytes);
        let kind = reader.u16_be().ok_or_else(&truncated)?;
        let name_algorithm = reader.u16_be().ok_or_else(&truncated)?;
        if HashAlgorithm::from_id(name_algorithm).is_none() {
            return Err(refused(format!("the name algorithm {name_algorithm:#06x}")));
        }
        let attributes = reader.u32_be().ok_or_else(&truncated)?;
        if attributes & (REQUIRED | DECRYPT) != REQUIRED {
            return Err(refused(format!(
                "the attributes {attributes:#010x}, and an attestation key is restricted, signs, \
                 does not decrypt, and was made in the TPM that it cannot leave"
            )));
        }
        let _auth_policy = reader.sized_be().ok_or_else(&truncated)?;
        let key = match kind {
            ALG_RSA => rsa(&mut reader)?,
            ALG_ECC => ecc(&mut reader)?,
            other => return Err(refused(format!("the key type {other:#06x}"))),
        };
        finished(&reader, WHAT)?;
        Ok(Self { attributes, key })
    }

    /// `objectAttributes`.
    #[must_use]
    pub const fn attributes(&self) -> u32 {
        self.attributes
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &AttestationKey {
        &self.key
    }
}

fn rsa(reader: &mut Reader<'_>) -> Result<AttestationKey, ParseError> {
    let truncated = truncated(WHAT);
    let scheme = scheme(reader)?;
    if !matches!(scheme, Scheme::Rsassa | Scheme::Rsapss) {
        return Err(refused("an RSA key with a scheme of another kind".to_owned()));
    }
    let bits = reader.u16_be().ok_or_else(&truncated)?;
    // Zero stands for 65537.
    let exponent = reader.u32_be().ok_or_else(&truncated)?;
    if exponent != 0 && exponent != 65_537 {
        return Err(refused(format!("the exponent {exponent}")));
    }
    let modulus = reader.sized_be().ok_or_else(&truncated)?;
    if modulus.len().checked_mul(8) != Some(bits.into()) {
        return Err(refused(format!("{} bytes of modulus for {bits} bits", modulus.len())));
    }
    AttestationKey::rsa(modulus).map_err(refused)
}

fn ecc(reader: &mut Reader<'_>) -> Result<AttestationKey, ParseError> {
    let truncated = truncated(WHAT);
    if scheme(reader)? != Scheme::Ecdsa {
        return Err(refused("an ECC key with a scheme of another kind".to_owned()));
    }
    let id = reader.u16_be().ok_or_else(&truncated)?;
    let Some((_, length)) = CURVES.iter().find(|(curve, _)| *curve == id) else {
        return Err(refused(format!("the curve {id:#06x}")));
    };
    null(reader, "key derivation")?;
    let x = reader.sized_be().ok_or_else(&truncated)?;
    let y = reader.sized_be().ok_or_else(&truncated)?;
    let key = AttestationKey::ecc(x, y).filter(|_| x.len() == *length);
    key.ok_or_else(|| refused("coordinates of another length than the curve's".to_owned()))
}

/// A signing key has no symmetric algorithm, and its scheme says which hash it signs.
fn scheme(reader: &mut Reader<'_>) -> Result<Scheme, ParseError> {
    null(reader, "symmetric algorithm")?;
    let id = reader.u16_be().ok_or_else(truncated(WHAT))?;
    let Some(scheme) = Scheme::from_id(id) else {
        return Err(refused(format!("the scheme {id:#06x}")));
    };
    let hash = reader.u16_be().ok_or_else(truncated(WHAT))?;
    match HashAlgorithm::from_id(hash) {
        Some(_) => Ok(scheme),
        None => Err(refused(format!("a scheme with the hash {hash:#06x}"))),
    }
}

fn null(reader: &mut Reader<'_>, what: &str) -> Result<(), ParseError> {
    match reader.u16_be().ok_or_else(truncated(WHAT))? {
        ALG_NULL => Ok(()),
        other => Err(refused(format!("the {what} {other:#06x}, expected none"))),
    }
}

const fn refused(reason: String) -> ParseError {
    ParseError::Public { reason }
}

//! Bare signature verifications: what a ratio's reference does and nothing else.

use anyhow::{Result, anyhow};
use aws_lc_rs::signature::{ParsedPublicKey, VerificationAlgorithm};

/// One signature with everything that is needed to verify it. The key is parsed beforehand, so
/// that the reference is as fast as it can be.
pub(crate) struct Signature {
    key: ParsedPublicKey,
    message: Vec<u8>,
    value: Vec<u8>,
}

impl Signature {
    /// From the parts as received.
    pub(crate) fn new(
        algorithm: &'static dyn VerificationAlgorithm,
        key: &[u8],
        message: &[u8],
        value: &[u8],
    ) -> Result<Self> {
        let key = ParsedPublicKey::new(algorithm, key).map_err(|_| anyhow!("not a public key"))?;
        Ok(Self { key, message: message.to_vec(), value: value.to_vec() })
    }

    /// Verifies it.
    pub(crate) fn verify(&self) -> Result<()> {
        let outcome = self.key.verify_sig(&self.message, &self.value);
        outcome.map_err(|_| anyhow!("a bare signature does not verify"))
    }
}

/// Verifies all of them, one after another.
pub(crate) fn verify_all(signatures: &[Signature]) -> Result<()> {
    signatures.iter().try_for_each(Signature::verify)
}

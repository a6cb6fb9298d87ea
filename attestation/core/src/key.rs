//! ECDSA P-256 keys: the one kind that Cloister's own signatures are made with (ES256).
//!
//! Private keys exist only inside AWS-LC, whose allocator overwrites what it frees; nothing here
//! reads them out except [`SigningKey::generate_pkcs8`], copies or prints them.

mod id;
mod message;
mod public;
mod signing;

use crate::code::{Code, Diagnostic};

pub use id::KeyId;
pub use message::{ShapeError, SignedMessage};
pub use public::{PublicKey, Signature};
pub use signing::SigningKey;

crate::codes! {
    /// No key could be made, or no signature.
    CRYPTO = "key.crypto", Cloister, "",
        "Report this as a defect, with the machine's CPU and kernel version.",
        "The cryptographic library could not make a key or a signature. It fails only when the machine has no entropy or no memory left.";
    /// The bytes are not a P-256 public key.
    MALFORMED = "key.malformed", Peer, "RFC 5480 section 2",
        "Send the DER SubjectPublicKeyInfo of an ECDSA P-256 key, uncompressed.",
        "The bytes are not the one DER encoding of an uncompressed P-256 public key on the curve. Other curves, compressed points and other encodings of the same key are refused, since the key is named by the digest of its encoding.";
    /// The bytes are not a P-256 private key.
    STORED = "key.stored", Operator, "RFC 5208",
        "Restore the key file from a backup, or remove it so that a new key is made.",
        "The stored private key is not the PKCS#8 form of an ECDSA P-256 key. The file was cut, altered, or written by another program.";
    /// A signature does not verify.
    SIGNATURE = "key.signature", Peer, "FIPS 186-5 section 6",
        "Sign with the key that is presented, over the bytes that are presented.",
        "The signature was not made by this key over these bytes.";
}

/// A key was refused, or could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Crypto,
    /// Not the SPKI of a P-256 key.
    #[error("not the SubjectPublicKeyInfo of an ECDSA P-256 key")]
    Malformed,
    /// Not the PKCS#8 form of a P-256 key.
    #[error("not the PKCS#8 form of an ECDSA P-256 key")]
    Stored,
    /// Not a signature by this key over these bytes.
    #[error("signature does not verify")]
    Signature,
}

impl Diagnostic for KeyError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Crypto => &CRYPTO,
            Self::Malformed => &MALFORMED,
            Self::Stored => &STORED,
            Self::Signature => &SIGNATURE,
        }
    }
}

#[cfg(test)]
mod tests;

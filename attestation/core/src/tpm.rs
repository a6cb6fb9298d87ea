//! TPM 2.0 quotes: what a TPM says about its PCRs, signed by its attestation key.
//!
//! ```text
//!  TPMS_ATTEST, TPMT_SIGNATURE, PCR values --SignedQuote::parse--> SignedQuote
//!                                                                     |
//!  AttestationKey, from where somebody vouches for it --verify--------'--> checks
//! ```
//!
//! A quote is worth as much as the key that signed it. This module verifies a quote under a key;
//! who vouches for that key is the caller's question, and without an answer nothing follows.
//!
//! PCRs 16 to 23 never count as measurement: software can reset them without a reboot.
//!
//! What this module deliberately does not do: talk to a TPM, choose a key, or accept a signature
//! algorithm or hash that it does not know.
//!
//! SPEC: TCG, Trusted Platform Module Library, revision 1.59, Part 1 (architecture), Part 2
//! (structures) and Part 3 (commands); TCG PC Client Platform TPM Profile (PTP) 1.05.

pub mod codes;
mod digest;
mod error;
mod key;
mod measured;
mod pcr;
mod public;
mod quote;
mod signature;
mod signed;

pub use digest::{Digest, HashAlgorithm};
pub use error::ParseError;
pub use key::AttestationKey;
pub(crate) use key::RSA_EXPONENT;
pub use measured::{MeasuredPcr, MeasuredPcrs};
pub use pcr::{PcrSelection, PcrValues};
pub use public::PublicArea;
pub use quote::{ClockInfo, Quote};
pub use signature::{Scheme, Signature};
pub use signed::SignedQuote;

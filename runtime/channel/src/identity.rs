//! The two keys of a runtime, both ECDSA P-256.
//!
//! The identity key lives as long as the boot and signs session proofs, renewals and lease requests. The
//! channel key is the TLS leaf key of one lease. Neither is ever read out, copied or printed.

mod channel_key;
mod identity_key;
mod statement;

pub use channel_key::ChannelKey;
pub use cloister_attestation::key::{KeyError, PublicKey, Signature};
pub use identity_key::IdentityKey;
pub(crate) use statement::{StatementError, stated_by};

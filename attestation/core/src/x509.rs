//! X.509 certificates and CRLs, as far as AMD, Intel and this project issue them.
//!
//! Parsing is strict DER over the received bytes and keeps the received slices: signatures are
//! verified over what arrived, never over a re-encoding. Three signature algorithms exist here;
//! every other one, and every other parameter of these, is refused. RSASSA-PKCS1-v1_5 counts only
//! where [`Certificate::parse_pkcs1`] is asked for it.
//!
//! What this module deliberately does not do: build paths, choose roots, follow the URLs inside a
//! certificate, or read a clock. The chain of each TEE is short and known, so its module walks it
//! with [`Certificate::verify_signed_by`] and ends at a pinned [`Certificate::key_pin`].

mod algorithm;
mod certificate;
pub mod codes;
mod crl;
mod der;
mod error;
mod extension;
mod name;
pub mod pem;

pub use algorithm::{KeyAlgorithm, SignatureAlgorithm};
pub use certificate::Certificate;
pub use crl::Crl;
pub use error::X509Error;
pub use name::Name;

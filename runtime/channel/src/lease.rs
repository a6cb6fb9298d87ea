//! The lease: what a Verifier concluded about one runtime, signed, minutes long, checked offline.
//!
//! A CWT (RFC 8392) in a COSE_Sign1 (RFC 9052) with ES256, whose claims are an EAR
//! (draft-ietf-rats-ear). The protected header is exactly `{1: -7, 4: kid}` with `kid` = SHA-256 of
//! the Verifier key's SPKI; the unprotected header is empty; no tag. The payload is deterministic
//! CBOR (RFC 8949 section 4.2.1), every claim present, in this order:
//!
//! | label | claim | value |
//! | --- | --- | --- |
//! | 1 | `iss` | `spiffe://` and the trust domain |
//! | 2 | `sub` | the SPIFFE ID of the agent's instance |
//! | 4 | `exp` | seconds since the epoch |
//! | 6 | `iat` | seconds since the epoch |
//! | 7 | `cti` | 16 bytes |
//! | 8 | `cnf` | `{-65537: sha384(SPKI of IK), -65538: sha384(SPKI of CK)}` |
//! | 265 | `eat_profile` | [`PROFILE`] |
//! | 266 | `submods` | `{"runtime": {1000: ear.status}}`; status 0 none, 2 affirming, 32 warning, 96 contraindicated |
//! | 1004 | `ear.verifier-id` | `{0: "cloister", 1: the Verifier's version}` |
//! | -65537 | principal | text |
//! | -65538 | scope | array of text |
//! | -65539 | image | text |
//! | -65540 | image version | text |
//! | -65541 | reference tuple | 48 bytes |
//! | -65542 | TEE | `"snp"` or `"tdx"` |
//! | -65543 | platform | `[0]` not asserted, `[1, chip]`, `[2, provider]`, `[3, PPID]` |
//! | -65544 | simulator | null for vendor hardware, else the simulator's fingerprint, 48 bytes |
//! | -65545 | appraisal | 48 bytes |
//! | -65546 | evidence | 48 bytes |
//! | -65547 | policy epoch | unsigned |
//! | -65548 | not asserted | array of text: check ids |
//!
//! Negative labels below -65536 are CWT's private use range.

mod claims;
mod codec;
mod error;
mod signer;
mod verified;

pub use claims::{LeaseClaims, LeaseId};
pub use codec::PROFILE;
pub use error::{CODES, LeaseError};
pub use signer::LeaseSigner;
pub use verified::{VerifiedLease, verify};

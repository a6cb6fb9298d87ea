//! The lease: what a Verifier concluded about one runtime, signed, minutes long, checked offline.
//!
//! It has two forms, signed by the same key with ES256 and verified by the same function:
//!
//! - a CWT (RFC 8392) in a COSE_Sign1 (RFC 9052), for peers. The protected header is exactly
//!   `{1: -7, 4: kid}`; the unprotected header is empty; no tag. The payload is deterministic CBOR
//!   (RFC 8949 section 4.2.1);
//! - a JWT (RFC 7519) in a compact JWS (RFC 7515), for whoever has a JWT library and the Verifier's
//!   key set. The header is exactly `alg`, `kid` and `typ` ([`JWT_TYP`]). The payload is JSON
//!   without white space; digests and ids are lower-case hex.
//!
//! `kid` is SHA-256 of the Verifier key's SPKI, in hex for JSON. The claims are an EAR
//! (draft-ietf-rats-ear), every one present, in this order; a lease has one encoding in each form:
//!
//! | CBOR | JSON | value |
//! | --- | --- | --- |
//! | 1 | `iss` | `spiffe://` and the trust domain |
//! | 2 | `sub` | the SPIFFE ID of the agent's instance |
//! | 4 | `exp` | seconds since the epoch |
//! | 6 | `iat` | seconds since the epoch |
//! | 7 | `jti` | 16 bytes |
//! | 8 | `cnf` | `{-65537: sha384(SPKI of IK), -65538: sha384(SPKI of CK)}`; `cloister.identity-key`, `cloister.channel-key` |
//! | 265 | `eat_profile` | [`PROFILE`] |
//! | 266 | `submods` | `{"runtime": {1000: ear_status}}`; status 0 none, 2 affirming, 32 warning, 96 contraindicated; the word in JSON |
//! | 1004 | `ear_verifier_id` | `{0: "cloister", 1: the Verifier's version}`; `developer`, `build` |
//! | -65537 | `cloister.principal` | text |
//! | -65538 | `cloister.scope` | array of text |
//! | -65539 to -65541 | `cloister.image` | name and version, text; reference tuple, 48 bytes; `{"name", "version", "tuple"}` |
//! | -65542 | `cloister.tee` | `"snp"` or `"tdx"` |
//! | -65543 | `cloister.platform` | `[0]` not asserted, `[1, chip]`, `[2, provider]`, `[3, PPID]`; `"not_asserted"`, `{"chip": …}`, … |
//! | -65544 | `cloister.simulator` | null for vendor hardware, else the simulator's fingerprint, 48 bytes |
//! | -65545 | `cloister.appraisal` | 48 bytes |
//! | -65546 | `cloister.evidence` | 48 bytes |
//! | -65547 | `cloister.policy-epoch` | unsigned |
//! | -65548 | `cloister.not-asserted` | array of text: check ids |
//! | -65549 | `cloister.tcb-status` | Intel's word for the TCB at admission, text; null where the vendor has none |
//! | -65550 | `cloister.region-claim` | where the operator says that the image runs, text; null where it says nothing |
//! | -65551 | `cloister.published-policy` | number of the newest authorization policy that is published for the agent, unsigned; 0 where there is none |
//!
//! Negative labels below -65536 are CWT's private use range. The names in JSON are those of an
//! Attestation Result's claims ([`cloister_attestation::ear`]).

mod claims;
mod codec;
mod error;
mod form;
mod json;
mod memory;
mod signer;
mod verified;

pub use claims::{LeaseClaims, LeaseId};
pub use codec::PROFILE;
pub use error::{CODES, LeaseError};
pub use form::{Form, JWT_TYP};
pub(crate) use memory::Memory;
pub use signer::LeaseSigner;
pub use verified::{VerifiedLease, verify};

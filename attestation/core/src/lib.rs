//! Evidence in, Attestation Result out: what a Cloister Verifier believes, and why.
//!
//! ```text
//!  bytes --parse--> Evidence --verify--> VerifiedEvidence --appraise--> AttestationResult
//!                   believed   signatures,                  Reference      every check, with
//!                   by nobody  chains, TCB                  Values, policy its state and remedy
//! ```
//!
//! Each arrow is a function of its arguments alone: no IO, no clock, no environment. Time is an
//! argument. What is missing comes back as a list of what to fetch ([`verify::Missing`]). The
//! types make the order unskippable: only [`verify`] constructs [`verify::VerifiedEvidence`], and
//! only [`appraise`] constructs [`result::AttestationResult`].
//!
//! What this crate deliberately does not do: fetch collateral, follow a URL found inside a
//! certificate, decide who may talk to whom, or believe a claim because the guest repeated it.
//!
//! Read first: [`verify::VerifiedEvidence`] and [`result::AttestationResult`].
#![forbid(unsafe_code)]

pub mod anchor;
pub mod appraise;
pub mod azure;
pub mod binding;
pub mod bundle;
pub mod bytes;
pub mod cache;
pub mod cbor;
pub mod check;
pub mod code;
pub mod corim;
pub mod cose;
pub mod diagnosis;
pub mod ear;
pub mod envelope;
pub mod event_log;
pub mod evidence;
pub mod forecast;
mod item;
pub mod jcs;
mod json;
pub mod jwk;
pub mod jws;
pub mod key;
pub mod limits;
pub mod manifest;
pub mod policy;
pub mod publication;
pub mod reference;
pub mod result;
pub mod revocation;
pub mod snp;
pub mod tdx;
mod text;
pub mod time;
pub mod tpm;
mod trail;
pub mod verify;
pub mod x509;

//! The targets, by what they parse.

mod azure;
mod channel;
mod event_log;
mod evidence;
mod publication;
mod results;
mod snp;
mod tdx;
mod tdx_signed;
mod x509;

use crate::{Outcome, Target};

/// Every target.
pub const ALL: &[Target] = &[
    snp::REPORT,
    snp::VERIFIED_REPORT,
    snp::CERTIFICATE_TABLE,
    tdx::QUOTE,
    tdx::VERIFIED_QUOTE,
    tdx::LOCAL_REPORT,
    tdx::COLLATERAL,
    tdx_signed::TCB_INFO,
    tdx_signed::QE_IDENTITY,
    x509::CERTIFICATE,
    x509::CRL,
    x509::PEM,
    azure::HCL_REPORT,
    azure::TPM_QUOTE,
    azure::TPM_SIGNATURE,
    azure::TPM_PUBLIC_AREA,
    event_log::EVENT_LOG,
    publication::PUBLICATION,
    results::EAR_CLAIMS,
    results::EAR,
    results::RESULT_KEYS,
    results::BUNDLE,
    evidence::ENVELOPE,
    evidence::BINDING,
    evidence::MANIFEST,
    evidence::REFERENCE_VALUES,
    evidence::POLICY,
    channel::LEASE,
    channel::SVID,
    channel::TRUST_BUNDLE,
];

/// Mutated inputs in a test run, for a target that only parses or verifies a signature or two.
const QUICK: u32 = 10_000;
/// The same for a target that has the simulator sign every input.
const QUICK_SIGNED: u32 = 1_000;

/// Parses twice, and requires the same answer.
fn twice<T: PartialEq, E>(data: &[u8], parse: impl Fn(&[u8]) -> Result<T, E>) -> Option<T> {
    let (first, second) = (parse(data).ok(), parse(data).ok());
    assert!(first == second, "two answers to the same bytes");
    first
}

/// [`Outcome::Accepted`] if something was parsed.
fn outcome<T>(parsed: &Option<T>) -> Outcome {
    if parsed.is_some() { Outcome::Accepted } else { Outcome::Refused }
}

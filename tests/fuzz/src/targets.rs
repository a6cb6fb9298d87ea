//! The targets, by what they parse.

mod attester;
mod audit;
mod azure;
mod channel;
mod corim;
mod delegation;
mod documents;
mod event_log;
mod evidence;
mod gateway;
mod guest;
mod images;
mod mcp;
mod prediction;
mod publication;
mod push;
mod renewal;
mod results;
mod session;
mod snp;
mod tdx;
mod tdx_signed;
mod tpm;
mod visit;
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
    evidence::POLICY_JSON,
    corim::CORIM,
    corim::SIGNED_CORIM,
    corim::PUBLISHER_KEY,
    prediction::FIRMWARE,
    prediction::AUTHENTICODE,
    prediction::PARTITIONS,
    prediction::SHAPES,
    documents::POLICY,
    documents::MINIMUMS,
    documents::AGENT_CONFIG,
    documents::NODE_CONFIG,
    documents::POLICY_BUNDLE,
    attester::SIMULATOR_ANSWER,
    tpm::RESPONSE,
    tpm::QUOTE_SERVICE,
    guest::DHCP,
    guest::METADATA,
    channel::LEASE,
    channel::SVID,
    channel::TRUST_BUNDLE,
    channel::ATTESTATION_DOCUMENT,
    channel::PUBLISHED_POLICY,
    delegation::CHAIN,
    delegation::STATEMENT,
    session::SESSION,
    session::SESSION_STATEMENT,
    renewal::RENEWAL,
    visit::GREETING,
    visit::PROOF,
    visit::STATEMENT,
    gateway::JSON_RPC,
    gateway::HTTP_JSON,
    gateway::GRPC,
    gateway::AGENT_CARD,
    mcp::REQUEST,
    mcp::TOOL_LIST,
    mcp::EVENTS,
    mcp::LINES,
    push::REQUEST,
    push::NOTIFICATION,
    audit::RECORD,
    audit::LOG,
    audit::CHECKPOINT,
    audit::COSIGNATURE,
    audit::CONSISTENCY_PROOF,
    audit::EXCHANGE,
    images::PE,
    images::ELF,
    images::TAR,
    images::ZIP,
    images::LOCK,
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

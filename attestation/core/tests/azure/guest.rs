//! A simulated guest behind Azure's paravisor to change one thing of, and what becomes of it.

use std::sync::LazyLock;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::azure::{AzureEvidence, Parts, VerifiedAzure};
use cloister_attestation::bytes::{Digest48, HostData, ReportData};
use cloister_attestation::check::{Check, State};
use cloister_attestation::code::Diagnostic;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::reference::{LaunchShape, ReferenceSet, ReferenceTuple};
use cloister_attestation::result::AttestationResult;
use cloister_attestation::snp::Product;
use cloister_attestation::verify::{Endorsements, VerifiedEvidence, VerifyError, verify};
use cloister_simulator::{AzureGuest, Guest, ProcessImage, SnpGuest, TdxGuest};

pub(crate) use crate::snp::guest::{NOW, pki};

/// What every guest here is bound to.
pub(crate) const REPORT_DATA: ReportData = ReportData::new([0x5a; 64]);

/// What the hardware measures.
pub(crate) const PARAVISOR: Digest48 = Digest48::new([0x17; 48]);

/// PCRs that the strict policy wants named.
pub(crate) const NAMED: [u8; 5] = [4, 7, 9, 11, 12];

/// What the guests boot.
pub(crate) fn image() -> ProcessImage {
    let digest = |name: &str| Digest48::sha384(name.as_bytes());
    ProcessImage {
        runtime: digest("runtime"),
        agent: digest("agent"),
        policy: digest("policy"),
        manifest: digest("manifest"),
    }
}

/// On SEV-SNP.
pub(crate) fn snp() -> AzureGuest {
    behind(SnpGuest::new(pki(), Product::Milan).with_measurement(PARAVISOR).into())
}

/// On TDX.
pub(crate) fn tdx() -> AzureGuest {
    let zero = Digest48::new([0; 48]);
    behind(TdxGuest::new(pki()).with_measurements(PARAVISOR, [zero; 4]).into())
}

pub(crate) fn behind(paravisor: Guest) -> AzureGuest {
    AzureGuest::booted(pki(), paravisor, &image())
}

/// On both.
pub(crate) fn both() -> [AzureGuest; 2] {
    [snp(), tdx()]
}

pub(crate) fn endorsements(guest: &AzureGuest) -> Endorsements {
    match guest.paravisor() {
        Guest::Snp(guest) => Endorsements::Snp(guest.endorsements()),
        Guest::Tdx(guest) => Endorsements::Tdx(guest.collateral()),
    }
}

/// Parses and verifies these parts with the guest's endorsements.
pub(crate) fn judge(
    guest: &AzureGuest,
    parts: &Parts<'_>,
) -> Result<VerifiedEvidence, &'static str> {
    judge_with(&endorsements(guest), &pki().anchors(), parts)
}

/// The same with endorsements that were made before.
pub(crate) fn judge_with(
    with: &Endorsements,
    anchors: &Anchors,
    parts: &Parts<'_>,
) -> Result<VerifiedEvidence, &'static str> {
    let evidence = AzureEvidence::parse(parts).map_err(|error| error.code().id)?;
    verify(Evidence::Azure(evidence), with, anchors, NOW).map_err(|error| {
        assert!(matches!(error, VerifyError::Refused { .. }), "no conclusion: {error}");
        assert!(error.checks().last().unwrap().failed(), "the last step is the failed one");
        error.code().id
    })
}

pub(crate) fn outcome(guest: &AzureGuest) -> Result<VerifiedEvidence, &'static str> {
    judge(guest, &guest.evidence(&REPORT_DATA).parts())
}

/// The code at which the guest's Evidence is refused.
pub(crate) fn refused(guest: &AzureGuest) -> &'static str {
    outcome(guest).expect_err("it verifies")
}

pub(crate) fn verified(guest: &AzureGuest) -> VerifiedEvidence {
    outcome(guest).unwrap_or_else(|code| panic!("refused with {code}"))
}

pub(crate) fn azure(verified: &VerifiedEvidence) -> &VerifiedAzure {
    match verified {
        VerifiedEvidence::Azure(azure) => azure,
        other => panic!("not from Azure: {other:?}"),
    }
}

/// How a step of a successful verification ended.
pub(crate) fn step(guest: &AzureGuest, id: &str) -> State {
    find(verified(guest).checks(), id).state
}

/// The one check with this id.
pub(crate) fn find<'a>(checks: &'a [Check], id: &str) -> &'a Check {
    let mut found = checks.iter().filter(|check| check.code.id == id);
    let check = found.next().unwrap_or_else(|| panic!("no check {id}"));
    assert!(found.next().is_none(), "{id} is there twice");
    check
}

/// The manifest that comes with the Evidence.
pub(crate) fn manifest() -> Digest48 {
    Digest48::sha384(b"manifest")
}

/// What the hardware measures of the paravisor on this guest's machine.
pub(crate) fn measured(guest: &AzureGuest) -> LaunchShape {
    let zero = Digest48::new([0; 48]);
    match guest.paravisor() {
        Guest::Snp(_) => {
            LaunchShape::Snp { measurement: PARAVISOR, host_data: HostData::new([0; 32]) }
        }
        Guest::Tdx(_) => LaunchShape::Tdx {
            mr_td: PARAVISOR,
            rtmr: [zero; 4],
            mr_config_id: zero,
            mr_owner: zero,
            mr_owner_config: zero,
        },
    }
}

/// A set that admits the guest's image by these PCRs.
pub(crate) fn admitted(shape: LaunchShape) -> ReferenceSet {
    core::iter::once(ReferenceTuple {
        image: "translator".to_owned(),
        version: "1.0.0".to_owned(),
        manifest: manifest(),
        shape,
    })
    .collect()
}

/// The strict policy for these tests' simulator.
pub(crate) fn policy() -> Policy {
    static FINGERPRINT: LazyLock<Digest48> = LazyLock::new(|| pki().anchor().fingerprint());
    Policy::strict_for_simulator(*FINGERPRINT)
}

/// Appraises against an admitted shape.
pub(crate) fn appraised(
    guest: &AzureGuest,
    admitted: &ReferenceSet,
    policy: &Policy,
) -> AttestationResult {
    let expected =
        Expected { report_data: Expect::Exactly(REPORT_DATA), image: Some((admitted, manifest())) };
    appraise(&verified(guest), &expected, policy, NOW)
}

/// The codes of what speaks against admission.
pub(crate) fn failures(result: &AttestationResult) -> Vec<&'static str> {
    result.failures().map(|check| check.code.id).collect()
}

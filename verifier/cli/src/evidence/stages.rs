//! The pipeline over a folder: parse, verify, appraise, and say where it ended.

use cloister_attestation::anchor::AnchorKind;
use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::check::Check;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::evidence::{Evidence, Tee};
use cloister_attestation::reference::{LaunchShape, ReferenceSet, ReferenceValues};
use cloister_attestation::result::Tier;
use cloister_attestation::snp::verify_chain;
use cloister_attestation::tdx::{Collateral, LocalReport};
use cloister_attestation::verify::{Endorsements, VerifiedEvidence, VerifyError, verify};

use super::authorities;
use super::demands::Demands;
use super::folder::{Folder, Kind};
use super::verdict::{Stage, Subject, Verdict};
use super::vtpm;

/// Judges what is in the folder. Always comes to a verdict; that nothing can be concluded is one.
#[must_use]
pub fn judge(folder: &Folder, demands: &Demands) -> Verdict {
    let simulated = demands.anchors.kind() == AnchorKind::Simulator;
    let open = |tee| Verdict::open(Some(tee), simulated);
    match folder.kind() {
        Kind::SnpReport => direct(folder, demands, Tee::Snp, open(Tee::Snp)),
        Kind::TdxQuote => direct(folder, demands, Tee::Tdx, open(Tee::Tdx)),
        Kind::TdReport => local_report(folder, open(Tee::Tdx)),
        Kind::Azure => vtpm::azure(folder, demands, simulated),
        Kind::TpmQuote => vtpm::alone(folder, simulated),
        Kind::SnpChain => chain(folder, demands, open(Tee::Snp)),
        Kind::SnpAuthorities => authorities::judge(folder, demands, open(Tee::Snp)),
    }
}

fn direct(folder: &Folder, demands: &Demands, tee: Tee, verdict: Verdict) -> Verdict {
    match Evidence::parse(tee, folder.evidence()) {
        Ok(evidence) => parsed(folder, demands, evidence, verdict),
        Err(error) => verdict.unparsed(error.code(), error),
    }
}

/// What follows once everything in a folder has parsed, whatever it came through.
pub(super) fn parsed(
    folder: &Folder,
    demands: &Demands,
    evidence: Evidence,
    verdict: Verdict,
) -> Verdict {
    let with = Companions {
        endorsements: endorsements(folder, &evidence),
        event_log: folder.event_log(),
        manifest: None,
    };
    judged(evidence, with, demands, verdict)
}

/// What came with Evidence. Hints from an untrusted host until they verify.
pub(crate) struct Companions<'a> {
    pub(crate) endorsements: Result<Endorsements, Unreadable>,
    pub(crate) event_log: Option<&'a [u8]>,
    /// Digest of the manifest; a folder of Evidence has none of its own.
    pub(crate) manifest: Option<Digest48>,
}

/// Verifies and appraises Evidence that has parsed.
pub(crate) fn judged(
    evidence: Evidence,
    with: Companions<'_>,
    demands: &Demands,
    mut verdict: Verdict,
) -> Verdict {
    verdict.stages.parse = Stage::Ok;
    verdict.version = version(&evidence);
    let outcome = match &demands.bundle {
        Some(bundle) => bundle.verify(&evidence, &demands.anchors, demands.at),
        None => match with.endorsements {
            Ok(endorsements) => verify(evidence, &endorsements, &demands.anchors, demands.at),
            Err(error) => return unusable(verdict, error.as_ref()),
        },
    };
    match outcome {
        Ok(verified) => {
            let verified = match with.event_log {
                Some(log) => verified.with_event_log(log),
                None => verified,
            };
            appraised(&verified, with.manifest, demands, verdict)
        }
        Err(error) => unverified(verdict, &error),
    }
}

fn version(evidence: &Evidence) -> Option<u32> {
    match evidence.hardware() {
        Evidence::Snp(report) => Some(report.version()),
        Evidence::Tdx(quote) => Some(quote.version()),
        Evidence::Azure(_) | _ => None,
    }
}

/// An endorsement file that does not read, whichever kind it is.
pub(crate) type Unreadable = Box<dyn Diagnostic + Send + Sync>;

pub(crate) fn endorsements(
    folder: &Folder,
    evidence: &Evidence,
) -> Result<Endorsements, Unreadable> {
    match (evidence.hardware(), folder.collateral()) {
        (Evidence::Snp(report), _) => {
            let found = folder.endorsements(Some(report.signing_key()));
            found.map(Endorsements::Snp).map_err(|error| -> Unreadable { Box::new(error) })
        }
        (_, Some(json)) => {
            let found = Collateral::from_json(json);
            found.map(Endorsements::Tdx).map_err(|error| -> Unreadable { Box::new(error) })
        }
        (_, None) => Ok(Endorsements::Tdx(Collateral::none())),
    }
}

/// An endorsement that does not even read speaks against the folder.
pub(super) fn unusable(mut verdict: Verdict, error: &dyn Diagnostic) -> Verdict {
    verdict.stages.verify = Stage::Refused(error.code());
    verdict.checks.push(Check::decided(error.code(), false, "endorsements that parse", error));
    verdict
}

pub(super) fn unverified(verdict: Verdict, error: &VerifyError) -> Verdict {
    let mut verdict = verdict.with_checks(error.checks());
    if let VerifyError::Incomplete { missing, .. } = error {
        verdict.missing.clone_from(missing);
    } else {
        verdict.stages.verify = Stage::Refused(error.code());
    }
    verdict
}

fn appraised(
    verified: &VerifiedEvidence,
    manifest: Option<Digest48>,
    demands: &Demands,
    verdict: Verdict,
) -> Verdict {
    let admitted = admitted(&demands.references, manifest, verified);
    let expected = Expected {
        report_data: demands.report_data.clone(),
        image: admitted.as_ref().map(|(set, manifest)| (set, *manifest)),
    };
    let result = appraise(verified, &expected, &demands.policy, demands.at);
    let mut verdict = verdict.with_checks(result.checks());
    verdict.product = Some(result.product().to_owned());
    verdict.tcb_status = result.tcb_status().map(|status| status.to_string());
    verdict.simulated = result.simulated();
    verdict.stages.verify = Stage::Ok;
    verdict.stages.appraise = (result.tier() != Tier::None).then_some(result.tier());
    verdict.result = Some(Box::new(result));
    verdict
}

/// The admitted images, with the manifest that came with the Evidence. Where none did, that of the
/// image that was launched; with none launched, that of the first, which then does not match.
fn admitted(
    references: &[ReferenceValues],
    manifest: Option<Digest48>,
    verified: &VerifiedEvidence,
) -> Option<(ReferenceSet, Digest48)> {
    let launched = LaunchShape::observed(verified);
    // A shape from Azure names some of the PCRs that were quoted, so that it matches and is not equal.
    let is_launched = |shape: &LaunchShape| shape.matches(&launched);
    let image = references.iter().find(|values| values.shapes.iter().any(is_launched));
    let named = image.or_else(|| references.first())?.manifest;
    let manifest = manifest.unwrap_or(named);
    Some((references.iter().flat_map(ReferenceValues::tuples).collect(), manifest))
}

fn local_report(folder: &Folder, mut verdict: Verdict) -> Verdict {
    verdict.subject = Subject::LocalReport;
    match LocalReport::parse(folder.evidence()) {
        Err(error) => verdict.unparsed(error.code(), error),
        Ok(report) => {
            verdict.stages.parse = Stage::Ok;
            let check = report.check_type();
            if check.failed() {
                verdict.stages.verify = Stage::Refused(check.code);
            }
            verdict.checks.push(check);
            verdict.lacking("a quote: only the processor that made a TDREPORT can check it")
        }
    }
}

fn chain(folder: &Folder, demands: &Demands, mut verdict: Verdict) -> Verdict {
    verdict.subject = Subject::Endorsements;
    let endorsements = match folder.endorsements(None) {
        Ok(endorsements) => endorsements,
        Err(error) => return verdict.unparsed(error.code(), error),
    };
    verdict.stages.parse = Stage::Ok;
    match verify_chain(&endorsements, &demands.anchors, demands.at) {
        Err(error) => unverified(verdict, &error),
        Ok(chain) => {
            let mut verdict = verdict.with_checks(chain.checks());
            verdict.product = Some(chain.product().to_string());
            verdict.stages.verify = Stage::Ok;
            verdict.lacking("report.bin: certificates alone say nothing about a machine")
        }
    }
}

//! Quotes of a virtual TPM: behind Azure's paravisor, which the hardware vouches for, or alone.

use cloister_attestation::azure::{AzureEvidence, HclHardware, HclReport, Parts, codes};
use cloister_attestation::check::Check;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::evidence::{Evidence, ParseError as EvidenceError, Route, Tee};
use cloister_attestation::tpm::{ParseError, PublicArea, SignedQuote};

use super::demands::Demands;
use super::folder::Folder;
use super::stages::{parsed, unverified};
use super::verdict::{Stage, Subject, Verdict};

const NO_QUOTE: &str =
    "tpm_quote.bin, tpm_signature.bin and pcrs.bin: without a quote, nothing is said of the guest";
const NO_TD_QUOTE: &str = "quote.bin: only the processor that made a TDREPORT can check it";

/// Judges an HCL report and what belongs to it.
pub(super) fn azure(folder: &Folder, demands: &Demands, simulated: bool) -> Verdict {
    let hcl = match HclReport::parse(folder.evidence()) {
        Ok(hcl) => hcl,
        Err(error) => return open(None, simulated).unparsed(error.code(), error),
    };
    let verdict = open(Some(hcl.tee()), simulated);
    let Some(parts) = parts(folder, &hcl) else { return partial(folder, &hcl, verdict) };
    match AzureEvidence::parse(&parts) {
        Ok(evidence) => parsed(folder, demands, Evidence::Azure(evidence), verdict),
        Err(error) => verdict.unparsed(error.code(), error),
    }
}

/// What an Azure folder holds as Evidence; `None` if it lacks a part of it.
pub(crate) fn evidence(folder: &Folder) -> Option<Result<Evidence, EvidenceError>> {
    let hcl = match HclReport::parse(folder.evidence()) {
        Ok(hcl) => hcl,
        Err(error) => return Some(Err(error.into())),
    };
    let parsed = AzureEvidence::parse(&parts(folder, &hcl)?);
    Some(parsed.map(Evidence::Azure).map_err(EvidenceError::from))
}

fn open(tee: Option<Tee>, simulated: bool) -> Verdict {
    let mut verdict = Verdict::open(tee, simulated);
    verdict.route = Route::AzureVtpm;
    verdict
}

/// Everything that a conclusion takes, where it is there.
fn parts<'a>(folder: &'a Folder, hcl: &'a HclReport) -> Option<Parts<'a>> {
    let [tpm_quote, tpm_signature, pcrs] = folder.signed_quote()?;
    Some(Parts {
        tee: hcl.tee(),
        hardware: match hcl.hardware() {
            HclHardware::Snp(report) => report.as_bytes(),
            HclHardware::Tdx(_) | _ => folder.td_quote()?,
        },
        hcl_report: hcl.as_bytes(),
        tpm_quote,
        tpm_signature,
        pcrs,
        ak_certificates: folder.ak_certificates(),
    })
}

/// An HCL report without all that it takes: it can be wrong by itself, and not right.
fn partial(folder: &Folder, hcl: &HclReport, mut verdict: Verdict) -> Verdict {
    verdict.stages.parse = Stage::Ok;
    let (expected, observed) = (hcl.expected_report_data(), hcl.report_data());
    let bound = hcl.binds_runtime_data(observed);
    let check = Check::decided(&codes::RUNTIME_DIGEST, bound, expected, observed);
    if check.failed() {
        verdict.stages.verify = Stage::Refused(check.code);
    }
    verdict.checks.push(check);
    if hcl.tee() == Tee::Tdx && folder.td_quote().is_none() {
        verdict = verdict.lacking(NO_TD_QUOTE);
    }
    if folder.signed_quote().is_none() {
        verdict = verdict.lacking(NO_QUOTE);
    }
    verdict
}

/// Judges a TPM quote under the key that came with it. No conclusion follows from a good one.
pub(super) fn alone(folder: &Folder, simulated: bool) -> Verdict {
    let mut verdict = Verdict::open(None, simulated);
    verdict.subject = Subject::TpmQuote;
    let Some(files) = folder.signed_quote() else { return verdict.lacking(NO_QUOTE) };
    let (public, quote) = match read(folder, files) {
        Ok(read) => read,
        Err(error) => return verdict.unparsed(error.code(), error),
    };
    verdict.stages.parse = Stage::Ok;
    match quote.verify(public.key()) {
        Ok(checks) => verdict.with_checks(&checks).lacking(
            "somebody who vouches for tpm_public.bin: a key that signed says not whose it is",
        ),
        Err(error) => unverified(verdict, &error),
    }
}

fn read(folder: &Folder, files: [&[u8]; 3]) -> Result<(PublicArea, SignedQuote), ParseError> {
    let [quote, signature, pcrs] = files;
    Ok((PublicArea::parse(folder.evidence())?, SignedQuote::parse(quote, signature, pcrs)?))
}

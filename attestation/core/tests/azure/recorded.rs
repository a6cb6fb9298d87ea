//! Every recorded case of a real Azure machine comes out as its description expects.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::azure::{AzureEvidence, HclReport, Parts};
use cloister_attestation::code::Diagnostic;
use cloister_attestation::evidence::{Evidence, Route, Tee};
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::snp;
use cloister_attestation::tdx::Collateral;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, VerifiedEvidence, VerifyError, verify};

use crate::vectors::{Case, cases, quote};

/// Where a case names no time, one at which its certificates were valid.
const UNDATED: UnixTime = UnixTime::from_secs(1_780_272_000);

fn recorded() -> impl Iterator<Item = (Tee, Case)> {
    let of = |tee, folder| cases(folder).into_iter().flatten().map(move |case| (tee, case));
    of(Tee::Snp, "az-snp").chain(of(Tee::Tdx, "az-tdx"))
}

/// The cases that verify, where they are at hand.
pub(crate) fn accepted() -> Vec<(Tee, Recorded)> {
    let accepted = recorded().filter(|(_, case)| case.facts.expected == "accept");
    accepted.map(|(tee, case)| (tee, Recorded::of(tee, &case))).collect()
}

fn endorsements(tee: Tee, case: &Case) -> Endorsements {
    match tee {
        Tee::Snp => Endorsements::Snp(snp::Endorsements {
            vek: case.file("vcek.der"),
            intermediate: case.pem("ask.pem"),
            root: case.pem("ark.pem"),
            crl: None,
        }),
        _ => Endorsements::Tdx(
            case.file("collateral.json")
                .map_or_else(Collateral::none, |json| Collateral::from_json(&json).unwrap()),
        ),
    }
}

/// A recorded machine's Evidence, with what it is judged by.
#[derive(Clone)]
pub(crate) struct Recorded {
    tee: Tee,
    dir: std::path::PathBuf,
    hcl_report: Vec<u8>,
    hardware: Vec<u8>,
    quote: quote::Recorded,
    chain: Option<Vec<u8>>,
    with: Endorsements,
    pub(crate) now: UnixTime,
}

impl Recorded {
    /// A case of a TDX machine, where it is at hand.
    pub(super) fn tdx(name: &str) -> Option<Self> {
        Some(Self::of(Tee::Tdx, &crate::vectors::named("az-tdx", name)?))
    }

    fn of(tee: Tee, case: &Case) -> Self {
        let beside = if tee == Tee::Snp { "snp_report.bin" } else { "td_quote.bin" };
        let chain = ["ak_cert.pem", "ak_intermediates.pem", "azure_vtpm_root_2023.pem"];
        let chain: Option<Vec<Vec<u8>>> = chain.iter().map(|name| case.file(name)).collect();
        Self {
            tee,
            dir: case.dir.clone(),
            hcl_report: case.file("hcl_report.bin").unwrap(),
            hardware: case.file(beside).unwrap(),
            quote: quote::of(case).unwrap(),
            chain: chain.map(|files| files.concat()),
            with: endorsements(tee, case),
            now: if case.facts.valid_at.is_some() { case.valid_at() } else { UNDATED },
        }
    }

    /// A file of the case.
    pub(super) fn file(&self, name: &str) -> Vec<u8> {
        crate::vectors::read(&self.dir.join(name))
    }

    /// The same with another certificate chain.
    pub(super) fn with_chain(self, chain: Option<Vec<u8>>) -> Self {
        Self { chain, ..self }
    }

    /// The same at another time.
    pub(super) fn at(self, now: UnixTime) -> Self {
        Self { now, ..self }
    }

    /// Parses and verifies.
    pub(crate) fn judge(&self, anchors: &Anchors) -> Result<VerifiedEvidence, VerifyError> {
        let parts = Parts {
            tee: self.tee,
            hardware: &self.hardware,
            hcl_report: &self.hcl_report,
            tpm_quote: &self.quote.message,
            tpm_signature: &self.quote.signature,
            pcrs: &self.quote.pcrs,
            ak_certificates: self.chain.as_deref(),
        };
        let evidence = Evidence::Azure(AzureEvidence::parse(&parts).unwrap());
        verify(evidence, &self.with, anchors, self.now)
    }
}

fn judge(tee: Tee, case: &Case) -> Result<VerifiedEvidence, VerifyError> {
    Recorded::of(tee, case).judge(&Anchors::vendor())
}

#[test]
fn every_recorded_case_comes_out_as_described() {
    for (tee, case) in recorded() {
        let name = &case.name;
        match case.facts.expected.as_str() {
            "accept" => {
                let verified = judge(tee, &case).unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!((verified.tee(), verified.route()), (tee, Route::AzureVtpm), "{name}");
                assert!(verified.checks().iter().all(|check| !check.failed()), "{name}");
            }
            "accept-partial" => partial(tee, &case),
            "accept-signature-only" => {
                let error = judge(tee, &case).unwrap_err();
                assert!(matches!(error, VerifyError::Incomplete { .. }), "{name}: {error}");
            }
            "reject" => {
                let code = judge(tee, &case).unwrap_err().code().id;
                assert!(REJECTED.contains(&(name, code)), "{name}: {code}");
            }
            other => panic!("{name}: unknown expectation {other}"),
        }
    }
}

/// The step that ends each rejected case.
const REJECTED: [(&str, &str); 2] = [
    ("bad-trustee-v1-pcr0-zero", "tpm.quote.pcr_digest"),
    ("bad-trustee-v1-tpm-nonce-tampered", "tpm.quote.signature"),
];

/// Only the HCL report was published; its hardware report vouches for its runtime data.
fn partial(tee: Tee, case: &Case) {
    let hcl = HclReport::parse(&case.file("hcl_report.bin").unwrap()).unwrap();
    assert_eq!(hcl.tee(), tee, "{}", case.name);
    assert!(hcl.binds_runtime_data(hcl.report_data()), "{}", case.name);
}

#[test]
fn genuine_evidence_is_bound_to_nothing_that_was_not_asked_for() {
    for (tee, case) in recorded().filter(|(_, case)| case.facts.expected == "accept") {
        let verified = judge(tee, &case).unwrap();
        let expected = Expected {
            report_data: Expect::Exactly(cloister_attestation::bytes::ReportData::new([0; 64])),
            image: None,
        };
        let result = appraise(&verified, &expected, &Policy::strict(), case.valid_at());
        let failed: Vec<_> = result.failures().map(|check| check.code.id).collect();
        assert!(failed.contains(&"binding.report_data"), "{}: {failed:?}", case.name);
        // On genuine and current hardware, nothing else speaks against it.
        let others = failed.iter().filter(|id| **id != "binding.report_data");
        assert_eq!(others.count(), 0, "{}: {failed:?}", case.name);
    }
}

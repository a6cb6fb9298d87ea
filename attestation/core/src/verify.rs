//! Verification: signatures, chains, revocation and TCB, without policy.

use serde::Serialize;

use crate::anchor::{AnchorKind, Anchors};
use crate::binding::Bound;
use crate::bytes::{Digest48, ReportData};
use crate::check::Check;
use crate::code::{Code, Diagnostic};
use crate::event_log::{self, EventLog, LogKind};
use crate::evidence::{Evidence, Route, Tee};
use crate::publication::{Issue, Need};
use crate::result::PlatformIdentity;
use crate::tdx::TcbStatus;
use crate::time::UnixTime;
use crate::{azure, snp, tdx};

/// Evidence whose signatures, chain and TCB have been verified up to a pinned root.
///
/// Only [`verify`] makes one. It asserts: the bytes were signed by a key that chains to a root in
/// the given anchors, at the given time, and is consistent with its endorsements. It does not
/// assert that the image is admitted, the TCB recent enough, or debugging off: that is appraisal.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "one value for each verification, moved a few times")]
pub enum VerifiedEvidence {
    /// A verified SEV-SNP report.
    Snp(snp::VerifiedReport),
    /// A verified TDX quote.
    Tdx(tdx::VerifiedQuote),
    /// One of these through Azure's paravisor, with a verified quote of its virtual TPM.
    Azure(azure::VerifiedAzure),
}

/// What signatures are verified against. Hints from an untrusted host until verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "one value for each verification, moved a few times")]
pub enum Endorsements {
    /// Certificates and CRL for SEV-SNP.
    Snp(snp::Endorsements),
    /// Collateral for TDX.
    Tdx(tdx::Collateral),
}

impl Endorsements {
    /// Nothing, for Evidence of this TEE; `None` if nothing is known for it.
    #[must_use]
    pub const fn none(tee: Tee) -> Option<Self> {
        match tee {
            Tee::Snp => Some(Self::Snp(snp::Endorsements {
                vek: None,
                intermediate: None,
                root: None,
                crl: None,
            })),
            Tee::Tdx => Some(Self::Tdx(tdx::Collateral::none())),
        }
    }

    /// The same with the parts that are absent taken from `other`, if that is for the same TEE.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Snp(own), Self::Snp(other)) => Self::Snp(own.or(other)),
            (Self::Tdx(own), Self::Tdx(other)) => Self::Tdx(own.or(other)),
            (own @ Self::Snp(_), Self::Tdx(_)) | (own @ Self::Tdx(_), Self::Snp(_)) => own,
        }
    }

    /// The same without CRLs and documents whose next issue was due before `now`, so that
    /// verification says that it misses them. What does not read stays, and is refused later.
    #[must_use]
    pub fn without_stale(self, now: UnixTime) -> Self {
        match self {
            Self::Snp(all) => Self::Snp(all.without_stale(now)),
            Self::Tdx(all) => Self::Tdx(all.without_stale(now)),
        }
    }
}

/// Something that verification needs and was not given. Says where it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What it is, for a person.
    pub what: String,
    /// Where the vendor publishes it, relative to that vendor's service: `/vcek/v1/Milan/…`.
    pub path: String,
    /// The same for whoever fetches it; `None` where the Evidence does not say enough to ask, or
    /// the vendor does not publish it to everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub need: Option<Need>,
}

impl Missing {
    /// A published document.
    #[must_use]
    pub fn of(need: Need) -> Self {
        Self { what: need.to_string(), path: need.path(), need: Some(need) }
    }

    /// Something that cannot be asked for by what is known.
    #[must_use]
    pub const fn unaddressed(what: String, path: String) -> Self {
        Self { what, path, need: None }
    }
}

/// Verification did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The Evidence or an endorsement is wrong. `checks` ends with the step that failed.
    #[error("{code}: expected {expected}, observed {observed}")]
    Refused {
        /// The step that failed.
        code: &'static Code,
        /// What would have passed.
        expected: String,
        /// What was there.
        observed: String,
        /// Every step up to and including the one that failed.
        checks: Vec<Check>,
    },
    /// No conclusion: something is missing, and nothing that is there speaks against it.
    #[error("endorsements are missing: {}", list(.missing))]
    Incomplete {
        /// What to fetch before calling again.
        missing: Vec<Missing>,
        /// Every step that could be taken.
        checks: Vec<Check>,
    },
}

crate::codes! {
    /// Endorsements are missing.
    INCOMPLETE = "verify.incomplete", Operator, "RFC 9334 section 4.3",
        "Fetch what the result lists as missing and verify again.",
        "Verification needs certificates, a CRL or collateral that were not given. Nothing that was given speaks against the Evidence, but no conclusion can be reached without the rest.";
    /// Evidence of one TEE came with endorsements of another.
    MISMATCH = "verify.endorsements.other_tee", Caller, "",
        "Pass the endorsements that belong to this Evidence.",
        "The endorsements are for another kind of TEE than the Evidence.";
}

impl Diagnostic for VerifyError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Refused { code, .. } => code,
            Self::Incomplete { .. } => &INCOMPLETE,
        }
    }
}

impl VerifyError {
    /// Fails at the last of `checks`, which is the one that failed.
    pub(crate) fn refused(mut checks: Vec<Check>, failed: Check) -> Self {
        let (code, expected, observed) =
            (failed.code, failed.expected.to_string(), failed.observed.to_string());
        checks.push(failed);
        Self::Refused { code, expected, observed, checks }
    }

    /// The same, with steps that were taken before.
    pub(crate) fn after(mut self, earlier: &[Check]) -> Self {
        match &mut self {
            Self::Refused { checks, .. } | Self::Incomplete { checks, .. } => {
                checks.splice(0..0, earlier.iter().cloned());
            }
        }
        self
    }

    /// The steps taken before verification stopped.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        match self {
            Self::Refused { checks, .. } | Self::Incomplete { checks, .. } => checks,
        }
    }
}

/// Verifies `evidence` against `endorsements`, ending at a key in `anchors`, at the given time.
///
/// # Errors
/// [`VerifyError::Refused`] if anything is wrong, [`VerifyError::Incomplete`] if something needed
/// is absent.
pub fn verify(
    evidence: Evidence,
    endorsements: &Endorsements,
    anchors: &Anchors,
    now: UnixTime,
) -> Result<VerifiedEvidence, VerifyError> {
    match (evidence, endorsements) {
        (Evidence::Snp(report), Endorsements::Snp(with)) => {
            snp::verify(report, with, anchors, now).map(VerifiedEvidence::Snp)
        }
        (Evidence::Tdx(quote), Endorsements::Tdx(with)) => {
            tdx::verify(quote, with, anchors, now).map(VerifiedEvidence::Tdx)
        }
        (Evidence::Azure(evidence), with) => {
            azure::verify_with(evidence, anchors, now, |hardware| {
                verify(hardware, with, anchors, now)
            })
            .map(VerifiedEvidence::Azure)
        }
        (Evidence::Snp(_), Endorsements::Tdx(_)) => Err(mismatch("snp", "tdx")),
        (Evidence::Tdx(_), Endorsements::Snp(_)) => Err(mismatch("tdx", "snp")),
    }
}

fn mismatch(expected: &str, observed: &str) -> VerifyError {
    VerifyError::refused(Vec::new(), Check::decided(&MISMATCH, false, expected, observed))
}

impl VerifiedEvidence {
    /// Which TEE signed.
    #[must_use]
    pub fn tee(&self) -> Tee {
        match self {
            Self::Snp(_) => Tee::Snp,
            Self::Tdx(_) => Tee::Tdx,
            Self::Azure(azure) => azure.hardware().tee(),
        }
    }

    /// How the hardware's word reached the guest.
    #[must_use]
    pub const fn route(&self) -> Route {
        match self {
            Self::Snp(_) | Self::Tdx(_) => Route::Direct,
            Self::Azure(_) => Route::AzureVtpm,
        }
    }

    /// The hardware's report or quote, through whatever it came.
    #[must_use]
    pub fn hardware(&self) -> &Self {
        match self {
            Self::Snp(_) | Self::Tdx(_) => self,
            Self::Azure(azure) => azure.hardware(),
        }
    }

    /// What the guest had signed: REPORT_DATA where it can ask the hardware itself, the qualifying
    /// data of the quote where a virtual TPM speaks for it.
    #[must_use]
    pub fn bound(&self) -> Bound<'_> {
        match self {
            Self::Snp(_) | Self::Tdx(_) => Bound::ReportData(self.hardware_report_data()),
            Self::Azure(azure) => Bound::QualifyingData(azure.quote().quote().extra_data()),
        }
    }

    /// REPORT_DATA of the hardware's report or quote. Behind a paravisor it is not the guest's.
    pub(crate) fn hardware_report_data(&self) -> &ReportData {
        match self {
            Self::Snp(report) => report.report().report_data(),
            Self::Tdx(quote) => quote.quote().report_data(),
            Self::Azure(azure) => azure.hardware().hardware_report_data(),
        }
    }

    /// SHA-384 over the received bytes.
    #[must_use]
    pub fn digest(&self) -> Digest48 {
        match self {
            Self::Snp(report) => *report.digest(),
            Self::Tdx(quote) => *quote.digest(),
            Self::Azure(azure) => azure.digest(),
        }
    }

    /// Adds the event log that came with the Evidence, as received. It is compared with the
    /// registers that the Evidence vouches for; what follows is for the policy.
    #[must_use]
    pub fn with_event_log(self, bytes: &[u8]) -> Self {
        match self {
            Self::Snp(report) => Self::Snp(report.with_check(Check::not_asserted(
                &event_log::codes::UNQUOTED,
                "an event log, and a report has no registers that could vouch for it",
            ))),
            Self::Tdx(quote) => {
                Self::Tdx(quote.with_event_log(EventLog::read(LogKind::Ccel, bytes)))
            }
            Self::Azure(azure) => Self::Azure(azure.with_event_log(bytes)),
        }
    }

    /// Whose root stands at the end of the chain.
    #[must_use]
    pub fn anchor(&self) -> AnchorKind {
        match self {
            Self::Snp(report) => report.anchor(),
            Self::Tdx(quote) => quote.anchor(),
            Self::Azure(azure) => azure.hardware().anchor(),
        }
    }

    /// The fingerprint of the simulator whose root stands at the end of the chain, if it is one.
    #[must_use]
    pub fn simulator(&self) -> Option<&Digest48> {
        match self {
            Self::Snp(report) => report.simulator(),
            Self::Tdx(quote) => quote.simulator(),
            Self::Azure(azure) => azure.hardware().simulator(),
        }
    }

    /// The processor generation or platform family that signed, for people.
    #[must_use]
    pub fn product(&self) -> String {
        match self {
            Self::Snp(report) => report.product().to_string(),
            Self::Tdx(quote) => quote.product(),
            Self::Azure(azure) => azure.hardware().product(),
        }
    }

    /// Report or quote version.
    #[must_use]
    pub fn version(&self) -> u32 {
        match self {
            Self::Snp(report) => report.report().version(),
            Self::Tdx(quote) => quote.quote().version(),
            Self::Azure(azure) => azure.hardware().version(),
        }
    }

    /// Which machine, as far as the Evidence says.
    #[must_use]
    pub fn platform(&self) -> PlatformIdentity {
        match self {
            Self::Snp(report) => report.platform(),
            Self::Tdx(quote) => quote.platform(),
            Self::Azure(azure) => azure.hardware().platform(),
        }
    }

    /// The vendor's word for the TCB, where the vendor publishes one.
    #[must_use]
    pub fn tcb_status(&self) -> Option<TcbStatus> {
        match self {
            Self::Snp(_) => None,
            Self::Tdx(quote) => Some(quote.tcb_status()),
            Self::Azure(azure) => azure.hardware().tcb_status(),
        }
    }

    /// The issues of the documents that this was verified with: remember them, and refuse older
    /// ones of the same documents.
    #[must_use]
    pub fn issues(&self) -> Vec<Issue> {
        match self {
            Self::Snp(report) => report.crl().copied().into_iter().collect(),
            Self::Tdx(quote) => quote.issues().to_vec(),
            Self::Azure(azure) => azure.hardware().issues(),
        }
    }

    /// Published documents that would decide checks for which nobody vouched.
    #[must_use]
    pub fn wanted(&self) -> Vec<Need> {
        match self {
            Self::Snp(report) => report.wanted().into_iter().collect(),
            Self::Tdx(quote) => quote.wanted().to_vec(),
            Self::Azure(azure) => azure.hardware().wanted(),
        }
    }

    /// Every verification step and its outcome. None of them failed.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        match self {
            Self::Snp(report) => report.checks(),
            Self::Tdx(quote) => quote.checks(),
            Self::Azure(azure) => azure.checks(),
        }
    }
}

fn list(missing: &[Missing]) -> String {
    missing.iter().map(|m| m.what.as_str()).collect::<Vec<_>>().join(", ")
}

//! A TD quote that has been verified.

use crate::anchor::AnchorKind;
use crate::bytes::Digest48;
use crate::check::Check;
use crate::event_log::{EventLog, ParseError, Registers, ReplayedLog, VerifiedRegisters};
use crate::publication::{Issue, Need};
use crate::result::PlatformIdentity;
use crate::revocation::Revocation;
use crate::tdx::pck::PckExtension;
use crate::tdx::quote::Quote;
use crate::tdx::status::TcbStatus;
use crate::tdx::tcb::Assessment;
use crate::tdx::window::Window;
use crate::time::UnixTime;

/// A TD quote whose signatures, chain, revocation and TCB have been verified.
///
/// Only verification makes one. It asserts: the quote was signed by an attestation key of Intel's
/// quoting enclave, on a platform whose PCK chains to the pinned root and that no CRL at hand
/// revokes, and Intel publishes [`Self::tcb_status`] for its TCB. It does not assert that
/// revocation is known, the status good enough, debugging off, or the image admitted: that is
/// appraisal.
#[derive(Clone, Debug)]
pub struct VerifiedQuote {
    pub(super) quote: Quote,
    pub(super) digest: Digest48,
    pub(super) anchor: AnchorKind,
    pub(super) simulator: Option<Digest48>,
    pub(super) pck: PckExtension,
    pub(super) certified_until: UnixTime,
    pub(super) assessment: Assessment,
    pub(super) tcb_evaluation_data_number: u32,
    /// When everything that it was verified with is valid.
    pub(super) window: Window,
    pub(super) issues: Vec<Issue>,
    /// CRLs that were not there.
    pub(super) wanted: Vec<Need>,
    pub(super) checks: Vec<Check>,
    pub(super) event_log: Option<ReplayedLog>,
}

impl VerifiedQuote {
    /// The quote, authenticated now.
    #[must_use]
    pub const fn quote(&self) -> &Quote {
        &self.quote
    }

    /// SHA-384 over the received bytes.
    #[must_use]
    pub const fn digest(&self) -> &Digest48 {
        &self.digest
    }

    /// Whose root stands at the end of the chain.
    #[must_use]
    pub const fn anchor(&self) -> AnchorKind {
        self.anchor
    }

    /// The fingerprint of the simulator whose root stands at the end of the chain, if it is one.
    #[must_use]
    pub const fn simulator(&self) -> Option<&Digest48> {
        self.simulator.as_ref()
    }

    /// The platform family, for people.
    #[must_use]
    pub fn product(&self) -> String {
        format!("fmspc {}", self.pck.fmspc())
    }

    /// Which machine: its PPID.
    #[must_use]
    pub fn platform(&self) -> PlatformIdentity {
        PlatformIdentity::Ppid(self.pck.ppid().to_string())
    }

    /// What the PCK certificate says about the platform.
    #[must_use]
    pub const fn pck(&self) -> &PckExtension {
        &self.pck
    }

    /// Intel's word for the TCB: platform, TDX module and quoting enclave merged.
    #[must_use]
    pub const fn tcb_status(&self) -> TcbStatus {
        self.assessment.status
    }

    /// Intel's advisories for the matched levels, sorted, each once.
    pub fn advisories(&self) -> impl ExactSizeIterator<Item = &str> {
        self.assessment.advisories.iter().map(String::as_str)
    }

    /// The last moment at which every certificate of the PCK chain is valid.
    #[must_use]
    pub const fn certified_until(&self) -> UnixTime {
        self.certified_until
    }

    /// The oldest date among the matched TCB levels.
    #[must_use]
    pub const fn tcb_date(&self) -> UnixTime {
        self.assessment.tcb_date
    }

    /// The smaller `tcbEvaluationDataNumber` of TCB info and QE identity: how recent Intel's
    /// knowledge in the collateral is. A Verifier remembers the largest it has seen, so that older
    /// collateral cannot come back.
    #[must_use]
    pub const fn tcb_evaluation_data_number(&self) -> u32 {
        self.tcb_evaluation_data_number
    }

    /// The issues of TCB info, QE identity and CRLs that it was verified with.
    #[must_use]
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// Whether revocation was checked: of PCK certificate, its CA and the TCB signer.
    #[must_use]
    pub const fn revocation(&self) -> Revocation {
        if self.wanted.is_empty() { Revocation::Checked } else { Revocation::Unknown }
    }

    /// What would decide the checks that nobody vouched for: the CRLs that were not there.
    #[must_use]
    pub fn wanted(&self) -> &[Need] {
        &self.wanted
    }

    /// Every verification step and its outcome. None of them failed.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// `RTMR0` to `RTMR3`, which the quote's signature vouches for.
    #[must_use]
    pub fn registers(&self) -> VerifiedRegisters {
        VerifiedRegisters::new(Registers::from_rtmrs(self.quote.td_report().rtmr()))
    }

    /// Adds the event log that came with the quote, compared with [`Self::registers`]. What
    /// follows from it, or from its absence, is for the policy.
    #[must_use]
    pub fn with_event_log(mut self, log: Result<EventLog, ParseError>) -> Self {
        self.event_log = Some(ReplayedLog::new(log, &self.registers()));
        self
    }

    /// The event log, if one was added.
    #[must_use]
    pub const fn event_log(&self) -> Option<&ReplayedLog> {
        self.event_log.as_ref()
    }
}

//! What a Relying Party demands of a verified TD quote.

mod appraisal;
pub mod codes;
mod extended;

use serde::{Deserialize, Serialize};

use crate::bytes::{Attributes, Digest48, PlatformInstanceId, Ppid};
use crate::event_log::EventLogDemand;
use crate::policy::{AgeLimit, Expect};
use crate::revocation::RevocationDemand;
use crate::tdx::status::TcbStatus;

/// Demands on a TD quote. Nothing has a default: every field is written out in every policy.
///
/// Attribute masks are hex of the little-endian field as the quote carries it, so bit 0 is the
/// lowest bit of the first byte. Demands that no policy can lift: reserved attribute bits are
/// zero, XFAM has no bit that no TDX module can grant, and the status is not `Revoked`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TdxPolicy {
    /// `TDATTRIBUTES.DEBUG`: the host can read and write the TD's memory.
    pub debug: Expect<bool>,
    /// Any of the profiling attributes `HGS_PLUS_PROF`, `PERF_PROF` and `PMT_PROF`.
    pub profiling: Expect<bool>,
    /// `TDATTRIBUTES.SEPT_VE_DISABLE`: the host cannot make the TD take a #VE on its own memory.
    pub sept_ve_disable: Expect<bool>,
    /// `TDATTRIBUTES.MIGRATABLE`: the TD may be moved by a migration TD.
    pub migratable: Expect<bool>,
    /// `TDATTRIBUTES.PKS`: supervisor protection keys.
    pub pks: Expect<bool>,
    /// `TDATTRIBUTES.PERFMON`: performance monitoring, which has been a side channel.
    pub perfmon: Expect<bool>,
    /// Attributes other than those above that may be set.
    pub other_attributes: Attributes,
    /// Extended features that have to be on.
    pub xfam_required: Attributes,
    /// Extended features that have to be off.
    pub xfam_forbidden: Attributes,
    /// TCB statuses that are good enough. `Revoked` never is, even if it is named.
    pub tcb_statuses: Vec<TcbStatus>,
    /// For how many seconds after its TCB date an out-of-date TCB is still good enough.
    pub out_of_date_grace_secs: u32,
    /// Demands on Intel's advisories for the TCB.
    pub advisories: AdvisoryDemand,
    /// The smallest `tcbEvaluationDataNumber` of the collateral.
    pub tcb_evaluation_data_number_min: u32,
    /// Whether revocation has to be known: of PCK certificate, its CA and the TCB signer.
    pub revocation: RevocationDemand,
    /// How long ago TCB info, QE identity and PCK CRL may have been issued, within their own
    /// `nextUpdate`.
    pub collateral_age: AgeLimit,
    /// How long ago the root's CRL may have been issued, within its own `nextUpdate`.
    pub root_crl_age: AgeLimit,
    /// The platform's `PPID`: which machines may run this.
    pub ppid: Expect<Ppid>,
    /// The platform's instance id, for machines certified by the Platform CA.
    pub platform_instance_id: Expect<PlatformInstanceId>,
    /// `DynamicPlatform` of the PCK certificate.
    pub dynamic_platform: Expect<bool>,
    /// `CachedKeys` of the PCK certificate.
    pub cached_keys: Expect<bool>,
    /// `SMTEnabled` of the PCK certificate.
    pub smt_enabled: Expect<bool>,
    /// `MRSERVICETD`, and the service TDs bound at creation and now where the report says it: which
    /// other TDs may act on this one. Zero for none; one that is bound later takes both.
    pub mr_service_td: Expect<Digest48>,
    /// The firmware's event log (CCEL) and its runtime's.
    pub event_log: EventLogDemand,
}

/// What is demanded of Intel's advisories for a TCB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdvisoryDemand {
    /// Only these may apply. An empty list demands that none does.
    Only(Vec<String>),
    /// None of these may apply.
    NoneOf(Vec<String>),
    /// Nothing is demanded; the result says `not_asserted`.
    Any,
}

impl TdxPolicy {
    /// The demands of the built-in policy: no debugging or profiling, no migration, no service
    /// TDs, an up-to-date TCB without open advisories, known revocation, and collateral of TCB
    /// recovery 17 (2024) or later that is at most 30 days old, the root's CRL 400. It does not name machines: `ppid` is `any` and shows as `not_asserted`.
    #[must_use]
    pub fn strict() -> Self {
        const NO: Expect<bool> = Expect::Exactly(false);
        Self {
            debug: NO,
            profiling: NO,
            sept_ve_disable: Expect::Exactly(true),
            migratable: NO,
            pks: Expect::Any,
            perfmon: NO,
            other_attributes: Attributes::new([0; 8]),
            xfam_required: Attributes::new(appraisal::XFAM_FIXED_1.to_le_bytes()),
            xfam_forbidden: Attributes::new([0; 8]),
            tcb_statuses: vec![TcbStatus::UpToDate],
            out_of_date_grace_secs: 0,
            advisories: AdvisoryDemand::Only(Vec::new()),
            tcb_evaluation_data_number_min: 17,
            revocation: RevocationDemand::Required,
            collateral_age: AgeLimit::MONTH,
            root_crl_age: AgeLimit::YEAR,
            ppid: Expect::Any,
            platform_instance_id: Expect::Any,
            dynamic_platform: Expect::Any,
            cached_keys: Expect::Any,
            smt_enabled: Expect::Any,
            mr_service_td: Expect::Exactly(Digest48::new([0; 48])),
            event_log: EventLogDemand::strict(),
        }
    }
}

//! TDX.

use super::azure::event_log;
use super::{exposing, protecting};
use crate::bytes::{Attributes, Digest48};
use crate::policy::{AgeLimit, Expect};
use crate::publication::{Document, Issue};
use crate::revocation::{Revocation, RevocationDemand};
use crate::tdx::{AdvisoryDemand, TdxPolicy, VerifiedQuote};
use crate::time::UnixTime;

impl TdxPolicy {
    /// As narrow as what `verified` shows.
    pub(super) fn observed(verified: &VerifiedQuote, now: UnixTime) -> Self {
        let (td, pck, strict) = (verified.quote().td_report(), verified.pck(), Self::strict());
        let attributes = Self::named(td.td_attributes());
        let service = td.td15().map_or(Digest48::new([0; 48]), |td15| *td15.mr_service_td());
        Self {
            sept_ve_disable: protecting(attributes.sept_ve_disable),
            pks: protecting(attributes.pks),
            perfmon: exposing(attributes.perfmon),
            other_attributes: attributes.other,
            xfam_forbidden: not(td.xfam()),
            tcb_statuses: vec![verified.tcb_status()],
            advisories: AdvisoryDemand::Only(verified.advisories().map(str::to_owned).collect()),
            tcb_evaluation_data_number_min: verified.tcb_evaluation_data_number(),
            revocation: RevocationDemand::met_by(verified.revocation()),
            collateral_age: age(verified, now, false),
            root_crl_age: age(verified, now, true),
            ppid: Expect::Exactly(*pck.ppid()),
            platform_instance_id: pck
                .platform_instance_id()
                .copied()
                .map_or(Expect::Any, Expect::Exactly),
            dynamic_platform: exposing(pck.dynamic_platform().unwrap_or(true)),
            cached_keys: exposing(pck.cached_keys().unwrap_or(true)),
            smt_enabled: exposing(pck.smt_enabled().unwrap_or(true)),
            mr_service_td: Expect::Exactly(service),
            event_log: event_log(verified.event_log()),
            // Debugging, profiling and migration stay out, whatever was observed.
            ..strict
        }
    }
}

/// The limit that the root's CRL meets, or all other documents together.
fn age(verified: &VerifiedQuote, now: UnixTime, of_root: bool) -> AgeLimit {
    let limits: &[AgeLimit] = if of_root { &[AgeLimit::YEAR] } else { &[AgeLimit::MONTH] };
    // A root's CRL that may be absent has no age that could be limited.
    if of_root && verified.revocation() == Revocation::Unknown {
        return AgeLimit::Any;
    }
    let is_roots = |issue: &&Issue| issue.document == Document::IntelRootCrl;
    let issues = verified.issues().iter().filter(|issue| is_roots(issue) == of_root);
    let oldest = issues.min_by_key(|issue| issue.issued_at);
    oldest.map_or(AgeLimit::Any, |issue| AgeLimit::met_by(issue, now, limits))
}

fn not(mask: &Attributes) -> Attributes {
    Attributes::new(mask.as_bytes().map(|byte| !byte))
}

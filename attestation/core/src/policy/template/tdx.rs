//! TDX.

use super::azure::event_log;
use crate::bytes::{Attributes, Digest48};
use crate::policy::Expect;
use crate::tdx::{AdvisoryDemand, TdxPolicy, VerifiedQuote};

impl TdxPolicy {
    /// As narrow as what `verified` shows.
    pub(super) fn observed(verified: &VerifiedQuote) -> Self {
        let (td, pck, strict) = (verified.quote().td_report(), verified.pck(), Self::strict());
        let attributes = Self::named(td.td_attributes());
        let service = td.td15().map_or(Digest48::new([0; 48]), |td15| *td15.mr_service_td());
        Self {
            sept_ve_disable: Expect::Exactly(attributes.sept_ve_disable),
            pks: Expect::Exactly(attributes.pks),
            perfmon: Expect::Exactly(attributes.perfmon),
            other_attributes: attributes.other,
            xfam_forbidden: not(td.xfam()),
            tcb_statuses: vec![verified.tcb_status()],
            advisories: AdvisoryDemand::Only(verified.advisories().map(str::to_owned).collect()),
            tcb_evaluation_data_number_min: verified.tcb_evaluation_data_number(),
            ppid: Expect::Exactly(pck.ppid().clone()),
            platform_instance_id: said(pck.platform_instance_id().cloned()),
            dynamic_platform: said(pck.dynamic_platform()),
            cached_keys: said(pck.cached_keys()),
            smt_enabled: said(pck.smt_enabled()),
            mr_service_td: Expect::Exactly(service),
            event_log: event_log(verified.event_log()),
            // Debugging, profiling and migration stay out, whatever was observed.
            ..strict
        }
    }
}

fn not(mask: &Attributes) -> Attributes {
    Attributes::new(mask.as_bytes().map(|byte| !byte))
}

fn said<T>(value: Option<T>) -> Expect<T> {
    value.map_or(Expect::Any, Expect::Exactly)
}

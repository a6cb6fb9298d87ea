//! TDX.

use super::azure::event_log;
use super::{exposing, protecting};
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
            sept_ve_disable: protecting(attributes.sept_ve_disable),
            pks: protecting(attributes.pks),
            perfmon: exposing(attributes.perfmon),
            other_attributes: attributes.other,
            xfam_forbidden: not(td.xfam()),
            tcb_statuses: vec![verified.tcb_status()],
            advisories: AdvisoryDemand::Only(verified.advisories().map(str::to_owned).collect()),
            tcb_evaluation_data_number_min: verified.tcb_evaluation_data_number(),
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

fn not(mask: &Attributes) -> Attributes {
    Attributes::new(mask.as_bytes().map(|byte| !byte))
}

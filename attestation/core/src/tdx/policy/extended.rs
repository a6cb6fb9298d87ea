//! The checks of what only the extended report says (quote body type 4).

use crate::bytes::hex::Hex;
use crate::bytes::{Attributes, Digest48};
use crate::check::Check;
use crate::code::Code;
use crate::tdx::policy::appraisal::{DEBUG, PROFILING, none_of};
use crate::tdx::policy::{TdxPolicy, codes};
use crate::tdx::td_report::TdReport15Ex;

const CODES: [&Code; 8] = [
    &codes::VMID,
    &codes::TD_ID,
    &codes::DEV_INFO,
    &codes::INIT_SERVICE_TD_ATTRIBUTES,
    &codes::INIT_CPU_SVN,
    &codes::INIT_TEE_TCB_SVN,
    &codes::INIT_TEE_FMSPC,
    &codes::CUR_SERVICE_TD_ATTRIBUTES,
];

impl TdxPolicy {
    /// One check for each field, in the order of the report. The digests of service TDs are judged
    /// with `MRSERVICETD`.
    pub(super) fn extended(report: Option<&TdReport15Ex>) -> Vec<Check> {
        let Some(ex) = report else {
            let absent =
                |code| Check::not_applicable(code, "only an extended report has the field");
            return CODES.into_iter().map(absent).collect();
        };
        vec![
            Check::not_asserted(&codes::VMID, ex.vmid()),
            Check::not_asserted(&codes::TD_ID, Hex(ex.td_id())),
            Check::not_asserted(&codes::DEV_INFO, ex.dev_info()),
            service_td_attributes(
                &codes::INIT_SERVICE_TD_ATTRIBUTES,
                ex.init_service_td_hash(),
                ex.init_service_td_attributes(),
            ),
            Check::not_asserted(&codes::INIT_CPU_SVN, Hex(ex.init_cpu_svn())),
            Check::not_asserted(&codes::INIT_TEE_TCB_SVN, ex.init_tee_tcb_svn()),
            Check::not_asserted(&codes::INIT_TEE_FMSPC, Hex(ex.init_tee_fmspc())),
            service_td_attributes(
                &codes::CUR_SERVICE_TD_ATTRIBUTES,
                ex.cur_service_td_hash(),
                ex.cur_service_td_attributes(),
            ),
        ]
    }
}

/// Attributes of nothing are zero. No policy can permit a service TD that the host can look into:
/// naming its digest says what it is, and debugging lets the host make it do something else.
fn service_td_attributes(code: &'static Code, bound: &Digest48, attributes: &Attributes) -> Check {
    let set = u64::from_le_bytes(*attributes.as_bytes());
    if *bound == Digest48::new([0; 48]) {
        return Check::equal(code, &Attributes::new([0; 8]), attributes);
    }
    let debuggable = none_of(code, set, DEBUG | PROFILING);
    if debuggable.failed() { debuggable } else { Check::not_asserted(code, attributes) }
}

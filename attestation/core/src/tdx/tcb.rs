//! Matching a platform with Intel's TCB levels, and merging what each part is worth.

use std::collections::BTreeSet;

use crate::bytes::hex::Hex;
use crate::bytes::{Attributes, TeeTcbSvn};
use crate::check::Check;
use crate::tdx::codes;
use crate::tdx::machine_tcb::TdxTcb;
use crate::tdx::pck::PckExtension;
use crate::tdx::qe_identity::{QeIdentity, QeTcbLevel};
use crate::tdx::status::TcbStatus;
use crate::tdx::tcb_info::{TcbInfo, module_isvsvn, module_version};
use crate::tdx::td_report::{TdReport, TdReport15};
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::verify::VerifyError;

/// What Intel says about a TCB as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assessment {
    pub(crate) status: TcbStatus,
    pub(crate) advisories: BTreeSet<String>,
    /// The oldest date among the matched levels.
    pub(crate) tcb_date: UnixTime,
}

impl Assessment {
    fn merge(&mut self, status: TcbStatus, advisories: &[String], tcb_date: UnixTime) {
        self.status = self.status.merged_with(status);
        self.advisories.extend(advisories.iter().cloned());
        self.tcb_date = self.tcb_date.min(tcb_date);
    }
}

/// The levels of platform and TDX module: at launch and, where the report says it, now.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    launch: Assessment,
    current: Option<Assessment>,
}

impl Levels {
    /// The whole, with what the quoting enclave is worth.
    // SPEC: Intel SGX ECDSA Quote Library API, 4.1.2.4.17.
    pub(super) fn with_quoting_enclave(self, level: &QeTcbLevel) -> Assessment {
        let mut whole = self.launch;
        whole.merge(level.tcb_status, &level.advisory_ids, level.tcb_date);
        if let Some(mut current) = self.current {
            current.merge(level.tcb_status, &level.advisory_ids, level.tcb_date);
            whole.status = whole.status.relaunch(current.status);
            if !current.status.mends() {
                // What is wrong now counts with its own advisories, and since its own date.
                whole.advisories.append(&mut current.advisories);
                whole.tcb_date = whole.tcb_date.min(current.tcb_date);
            }
        }
        whole
    }
}

/// Finds the levels that the platform meets and requires that its TDX module is Intel's.
pub(super) fn match_levels(
    trail: &mut Trail,
    info: &TcbInfo,
    pck: &PckExtension,
    td: &TdReport,
) -> Result<Levels, VerifyError> {
    require_module(trail, info, td)?;
    let sgx = (pck.sgx_components(), pck.pce_svn());
    levels(trail, info, sgx, (td.tee_tcb_svn(), td.td15().map(TdReport15::tee_tcb_svn_2)))
}

/// What a TCB is worth by this collateral, which need not be the one that it was verified with.
/// Whether the module is Intel's was decided when it was verified.
pub(crate) fn assess(
    info: &TcbInfo,
    identity: &QeIdentity,
    have: &TdxTcb,
) -> Result<Assessment, VerifyError> {
    let mut trail = Trail::default();
    let sgx = (have.sgx_components.as_bytes(), have.pce_svn);
    let svns = (&have.tee_tcb_svn, have.tee_tcb_svn_2.as_ref());
    let levels = levels(&mut trail, info, sgx, svns)?;
    let svn = have.qe_isv_svn;
    let level = identity.level_of(svn).ok_or_else(|| format!("no level is met by ISVSVN {svn}"));
    let level = trail.holds(&codes::QE_TCB_LEVEL, "a published level that is met", level)?;
    Ok(levels.with_quoting_enclave(level))
}

/// SGX component SVNs and `PCESVN`.
type Sgx<'a> = (&'a [u8; 16], u16);

fn levels(
    trail: &mut Trail,
    info: &TcbInfo,
    sgx: Sgx<'_>,
    (launch, current): (&TeeTcbSvn, Option<&TeeTcbSvn>),
) -> Result<Levels, VerifyError> {
    let launch = platform(trail, info, sgx, launch)?;
    let current = current.map(|svn| platform(trail, info, sgx, svn)).transpose()?;
    Ok(Levels { launch, current })
}

/// The level of platform and TDX module for one `TEE_TCB_SVN`.
fn platform(
    trail: &mut Trail,
    info: &TcbInfo,
    (components, pce_svn): Sgx<'_>,
    svn: &TeeTcbSvn,
) -> Result<Assessment, VerifyError> {
    let level = info.level_of((components, pce_svn), svn).ok_or_else(|| {
        let components = Hex(components);
        format!("no level is met by SGX {components} PCE {pce_svn} TDX {svn}")
    });
    let level = trail.holds(&codes::TCB_LEVEL, "a published TCB level that is met", level)?;
    let mut assessment = Assessment {
        status: level.tcb_status,
        advisories: level.advisory_ids.iter().cloned().collect(),
        tcb_date: level.tcb_date,
    };
    if module_version(svn) == 0 {
        trail.not_applicable(
            &codes::MODULE_TCB_LEVEL,
            "module version 0 is judged with the platform",
        );
        return Ok(assessment);
    }
    let identity = info.module_identity(module_version(svn)).ok_or("no identity of this version");
    let identity = trail.holds(
        &codes::MODULE_VERSION,
        format!("TDX_{:02X}", module_version(svn)),
        identity,
    )?;
    let isvsvn = module_isvsvn(svn);
    let level =
        identity.level_of(isvsvn).ok_or_else(|| format!("no level is met by ISVSVN {isvsvn}"));
    let level =
        trail.holds(&codes::MODULE_TCB_LEVEL, "a published module level that is met", level)?;
    assessment.merge(level.tcb_status, &level.advisory_ids, level.tcb_date);
    Ok(assessment)
}

/// The TDX module that made the report is Intel's, and a production one.
// A report has one MRSIGNERSEAM and one SEAMATTRIBUTES. Where TEE_TCB_SVN_2 says that a module of
// another version runs by now, they have to be as both identities demand: whichever of the two
// modules they describe, it is never judged by the other's identity alone.
fn require_module(trail: &mut Trail, info: &TcbInfo, td: &TdReport) -> Result<(), VerifyError> {
    let launch = module_version(td.tee_tcb_svn());
    require_identity(trail, info, td, launch)?;
    let now = td.td15().map(|td15| module_version(td15.tee_tcb_svn_2()));
    if let Some(now) = now.filter(|now| *now != launch) {
        require_identity(trail, info, td, now)?;
    }
    let zero = Attributes::new([0; 8]);
    trail.require(Check::equal(&codes::MODULE_PRODUCTION, &zero, td.seam_attributes()))
}

/// Signer and attributes are what Intel publishes for modules of this version.
// SPEC: Intel SGX ECDSA Quote Library API, 4.1.2.4.17; TDX module identity by module version.
fn require_identity(
    trail: &mut Trail,
    info: &TcbInfo,
    td: &TdReport,
    version: u8,
) -> Result<(), VerifyError> {
    let module = match version {
        0 => info.tdx_module,
        _ => {
            let identity = info.module_identity(version).ok_or("no identity of this version");
            trail.holds(&codes::MODULE_VERSION, format!("TDX_{version:02X}"), identity)?.module()
        }
    };
    trail.require(Check::equal(&codes::MODULE_SIGNER, &module.mrsigner, td.mr_signer_seam()))?;
    let mask = u64::from_le_bytes(*module.attributes_mask.as_bytes());
    let expected = u64::from_le_bytes(*module.attributes.as_bytes()) & mask;
    let observed = u64::from_le_bytes(*td.seam_attributes().as_bytes());
    // Bits outside of the mask have to be zero: equality does both.
    let expected_text = format!("{expected:#018x} under mask {mask:#018x}, zero elsewhere");
    let check = Check::decided(
        &codes::MODULE_ATTRIBUTES,
        observed == expected,
        expected_text,
        format!("{observed:#018x}"),
    );
    trail.require(check)
}

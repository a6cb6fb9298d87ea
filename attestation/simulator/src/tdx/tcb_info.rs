//! TCB info, version 3, for TDX.
//!
//! SPEC: Intel PCS API version 4, `Get TDX TCB Info`. Field order is Intel's: the signature is over
//! the text.

use cloister_attestation::time::UnixTime;
use serde::Serialize;

use super::TdxGuest;
use super::pck::{COMPONENTS, FMSPC, PCE_SVN};

/// Which TCB levels a platform may have, and what Intel says about each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are Intel's, under its names")]
pub struct TcbInfo {
    pub id: String,
    pub version: u32,
    pub issue_date: String,
    pub next_update: String,
    pub fmspc: String,
    pub pce_id: String,
    pub tcb_type: u32,
    pub tcb_evaluation_data_number: u32,
    pub tdx_module: TdxModule,
    pub tdx_module_identities: Vec<ModuleIdentity>,
    pub tcb_levels: Vec<TcbLevel>,
}

/// What TDX module version 0 must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are Intel's, under its names")]
pub struct TdxModule {
    pub mrsigner: String,
    pub attributes: String,
    pub attributes_mask: String,
}

/// What a TDX module of a later version must be, and its TCB levels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are Intel's, under its names")]
pub struct ModuleIdentity {
    pub id: String,
    pub mrsigner: String,
    pub attributes: String,
    pub attributes_mask: String,
    pub tcb_levels: Vec<TcbLevel<ModuleTcb>>,
}

/// One level and its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are Intel's, under its names")]
pub struct TcbLevel<T = Tcb> {
    pub tcb: T,
    pub tcb_date: String,
    pub tcb_status: String,
    #[serde(rename = "advisoryIDs", skip_serializing_if = "Vec::is_empty")]
    pub advisory_ids: Vec<String>,
}

/// The SVNs that a platform needs for a level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are Intel's, under its names")]
pub struct Tcb {
    pub sgxtcbcomponents: Vec<Component>,
    pub pcesvn: u16,
    pub tdxtcbcomponents: Vec<Component>,
}

/// The SVN that a module or an enclave needs for a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are Intel's, under its names")]
pub struct ModuleTcb {
    pub isvsvn: u16,
}

/// One TCB component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are Intel's, under its names")]
pub struct Component {
    pub svn: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// The evaluation that TCB info and QE identity come from.
pub(super) const EVALUATION: u32 = 20;

const ZERO_48: &str = "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
const ZERO_8: &str = "0000000000000000";
const ONES_8: &str = "FFFFFFFFFFFFFFFF";

impl TcbInfo {
    /// One current level that the default platform has, and one outdated level below it.
    pub(super) fn of(guest: &TdxGuest) -> Self {
        let (issued, next) = guest.pki.valid_for_days(30);
        Self {
            id: "TDX".to_owned(),
            version: 3,
            issue_date: issued.to_string(),
            next_update: next.to_string(),
            fmspc: hex::encode_upper(FMSPC),
            pce_id: "0000".to_owned(),
            tcb_type: 0,
            tcb_evaluation_data_number: EVALUATION,
            tdx_module: TdxModule {
                mrsigner: ZERO_48.to_owned(),
                attributes: ZERO_8.to_owned(),
                attributes_mask: ONES_8.to_owned(),
            },
            tdx_module_identities: vec![
                module("TDX_03", &[3], issued),
                module("TDX_01", &[6, 4], issued),
            ],
            tcb_levels: vec![current(issued), outdated(issued)],
        }
    }
}

/// The first level is current, the others are not.
fn module(id: &str, levels: &[u16], date: UnixTime) -> ModuleIdentity {
    let status = |index| if index == 0 { "UpToDate" } else { "OutOfDate" };
    let level = |(index, &isvsvn)| TcbLevel {
        tcb: ModuleTcb { isvsvn },
        tcb_date: date.to_string(),
        tcb_status: status(index).to_owned(),
        advisory_ids: Vec::new(),
    };
    ModuleIdentity {
        id: id.to_owned(),
        mrsigner: ZERO_48.to_owned(),
        attributes: ZERO_8.to_owned(),
        attributes_mask: ONES_8.to_owned(),
        tcb_levels: levels.iter().enumerate().map(level).collect(),
    }
}

fn current(date: UnixTime) -> TcbLevel {
    TcbLevel {
        tcb: tcb(COMPONENTS, PCE_SVN, [5, 0, 3]),
        tcb_date: date.to_string(),
        tcb_status: "UpToDate".to_owned(),
        advisory_ids: Vec::new(),
    }
}

fn outdated(date: UnixTime) -> TcbLevel {
    let mut components = COMPONENTS;
    components[0] = 2;
    components[1] = 2;
    TcbLevel {
        tcb: tcb(components, 5, [5, 0, 2]),
        tcb_date: date.to_string(),
        tcb_status: "OutOfDate".to_owned(),
        advisory_ids: vec!["INTEL-SA-00000".to_owned()],
    }
}

fn tcb(sgx: [u8; 16], pcesvn: u16, tdx: [u8; 3]) -> Tcb {
    let mut tdx_svns = [0; 16];
    tdx_svns[..3].copy_from_slice(&tdx);
    let labels = [
        ("OS/VMM", "TDX Module"),
        ("OS/VMM", "TDX Module"),
        ("OS/VMM", "TDX Late Microcode Update"),
    ];
    let mut tdxtcbcomponents: Vec<_> = tdx_svns.into_iter().map(plain).collect();
    for (component, (category, kind)) in tdxtcbcomponents.iter_mut().zip(labels) {
        component.category = Some(category.to_owned());
        component.kind = Some(kind.to_owned());
    }
    Tcb { sgxtcbcomponents: sgx.into_iter().map(plain).collect(), pcesvn, tdxtcbcomponents }
}

const fn plain(svn: u8) -> Component {
    Component { svn, category: None, kind: None }
}

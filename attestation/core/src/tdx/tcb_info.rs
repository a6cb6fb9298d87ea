//! TCB info: Intel's statement about every TCB level of one processor family.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::bytes::{Attributes, Digest48, Fmspc, PceId, TeeTcbSvn};
use crate::tdx::level_order::highest_first;
use crate::tdx::status::TcbStatus;
use crate::time::{UnixTime, rfc3339};

/// The parsed document. Fields that Intel adds and nobody here knows are covered by the signature
/// and not read; a status or shape that is not known is refused.
// SPEC: Intel Trusted Services API, Get TDX TCB Info V4, TcbInfoV3.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TcbInfo {
    pub(crate) id: String,
    pub(crate) version: u32,
    #[serde(deserialize_with = "rfc3339")]
    pub(crate) issue_date: UnixTime,
    #[serde(deserialize_with = "rfc3339")]
    pub(crate) next_update: UnixTime,
    pub(crate) fmspc: Fmspc,
    pub(crate) pce_id: PceId,
    pub(crate) tcb_type: u32,
    pub(crate) tcb_evaluation_data_number: u32,
    pub(crate) tdx_module: TdxModule,
    #[serde(default)]
    pub(crate) tdx_module_identities: Vec<TdxModuleIdentity>,
    pub(crate) tcb_levels: Vec<TcbLevel>,
}

/// One platform TCB level.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TcbLevel {
    tcb: Tcb,
    #[serde(deserialize_with = "rfc3339")]
    pub(crate) tcb_date: UnixTime,
    pub(crate) tcb_status: TcbStatus,
    #[serde(default, rename = "advisoryIDs")]
    pub(crate) advisory_ids: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Tcb {
    sgxtcbcomponents: [Component; 16],
    pcesvn: u16,
    tdxtcbcomponents: [Component; 16],
}

/// One component's version, and Intel's name for it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Component {
    svn: u8,
    #[serde(default)]
    category: Option<String>,
    #[serde(default, rename = "type")]
    name: Option<String>,
}

/// What the TDX module's signer and attributes have to be.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TdxModule {
    pub(crate) mrsigner: Digest48,
    pub(crate) attributes: Attributes,
    pub(crate) attributes_mask: Attributes,
}

/// The same for one version of the module, with its own TCB levels.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TdxModuleIdentity {
    id: String,
    mrsigner: Digest48,
    attributes: Attributes,
    attributes_mask: Attributes,
    pub(crate) tcb_levels: Vec<TdxModuleTcbLevel>,
}

/// One TCB level of a TDX module.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TdxModuleTcbLevel {
    pub(crate) tcb: TdxModuleTcb,
    #[serde(deserialize_with = "rfc3339")]
    pub(crate) tcb_date: UnixTime,
    pub(crate) tcb_status: TcbStatus,
    #[serde(default, rename = "advisoryIDs")]
    pub(crate) advisory_ids: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct TdxModuleTcb {
    pub(crate) isvsvn: u8,
}

impl TcbInfo {
    /// Reads the document and puts its levels in order, highest first.
    ///
    /// The order is ours, not the document's: the first level that a platform meets is the one
    /// that counts, so a document in another order must not change the answer.
    pub(crate) fn parse(body: &str) -> Result<Self, String> {
        let mut info: Self = serde_json::from_str(body).map_err(|e| e.to_string())?;
        if let Some(level) =
            info.tcb_levels.iter().find(|level| !level.tcb_status.is_platform_status())
        {
            return Err(format!("a TCB level has the status {}", level.tcb_status));
        }
        highest_first(&mut info.tcb_levels, |level| level.tcb.rank())?;
        let mut ids = BTreeSet::new();
        for identity in &mut info.tdx_module_identities {
            identity.settle()?;
            if !ids.insert(identity.id.clone()) {
                return Err(format!("{} is there twice", identity.id));
            }
        }
        Ok(info)
    }

    /// The identity of the module version in `svn`; `None` if it is not published. Version 0
    /// needs none: its SVN is among the platform's TDX components.
    pub(crate) fn module_identity(&self, version: u8) -> Option<&TdxModuleIdentity> {
        let id = format!("TDX_{version:02X}");
        self.tdx_module_identities.iter().find(|identity| identity.id == id)
    }

    /// The highest level that this platform meets.
    pub(crate) fn level_of(&self, sgx: (&[u8; 16], u16), svn: &TeeTcbSvn) -> Option<&TcbLevel> {
        self.tcb_levels.iter().find(|level| level.tcb.met_by(sgx, svn))
    }
}

impl Component {
    pub(crate) const fn svn(&self) -> u8 {
        self.svn
    }

    /// Who updates it: `BIOS`, `OS/VMM`.
    pub(crate) fn category(&self) -> Option<&str> {
        self.category.as_deref()
    }

    /// What it is: `SEAMLDR ACM`.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl TcbLevel {
    pub(crate) const fn tcb(&self) -> &Tcb {
        &self.tcb
    }
}

impl Tcb {
    pub(crate) const fn sgx_components(&self) -> &[Component; 16] {
        &self.sgxtcbcomponents
    }

    pub(crate) const fn tdx_components(&self) -> &[Component; 16] {
        &self.tdxtcbcomponents
    }

    pub(crate) const fn pce_svn(&self) -> u16 {
        self.pcesvn
    }

    /// Versions alone: what Intel calls a component has no part in the order.
    fn rank(&self) -> ([u8; 16], u16, [u8; 16]) {
        let svns = |components: &[Component; 16]| components.each_ref().map(Component::svn);
        (svns(&self.sgxtcbcomponents), self.pcesvn, svns(&self.tdxtcbcomponents))
    }

    // SPEC: Intel SGX ECDSA Quote Library API, 4.1.2.4.17: every SGX component, PCESVN and every
    // TDX component at or above the level's. With a TDX module version above 0, components 0 and
    // 1 are judged by the module's own identity instead.
    fn met_by(&self, (components, pce_svn): (&[u8; 16], u16), svn: &TeeTcbSvn) -> bool {
        let skipped = if module_version(svn) > 0 { 2 } else { 0 };
        let sgx = reach(components.iter(), self.sgxtcbcomponents.iter());
        let tdx =
            reach(svn.as_bytes().iter().skip(skipped), self.tdxtcbcomponents.iter().skip(skipped));
        sgx && tdx && pce_svn >= self.pcesvn
    }
}

fn reach<'a>(
    have: impl Iterator<Item = &'a u8>,
    need: impl Iterator<Item = &'a Component>,
) -> bool {
    have.zip(need).all(|(have, need)| *have >= need.svn)
}

impl TdxModuleIdentity {
    /// What signer and attributes of this version have to be.
    pub(crate) const fn module(&self) -> TdxModule {
        let Self { mrsigner, attributes, attributes_mask, .. } = *self;
        TdxModule { mrsigner, attributes, attributes_mask }
    }

    fn settle(&mut self) -> Result<(), String> {
        if let Some(level) =
            self.tcb_levels.iter().find(|level| !level.tcb_status.is_component_status())
        {
            return Err(format!(
                "{} has a TCB level with the status {}",
                self.id, level.tcb_status
            ));
        }
        highest_first(&mut self.tcb_levels, |level| level.tcb.isvsvn)
            .map_err(|error| format!("{}: {error}", self.id))
    }

    /// The least `isvsvn` that the newest up-to-date level takes.
    pub(crate) fn up_to_date_isvsvn(&self) -> Option<u8> {
        let level = self.tcb_levels.iter().find(|level| level.tcb_status == TcbStatus::UpToDate)?;
        Some(level.tcb.isvsvn)
    }

    /// The highest level that a module of this `isvsvn` meets.
    pub(crate) fn level_of(&self, isvsvn: u8) -> Option<&TdxModuleTcbLevel> {
        self.tcb_levels.iter().find(|level| isvsvn >= level.tcb.isvsvn)
    }
}

/// `TEE_TCB_SVN[1]`: the version of the TDX module.
pub(crate) const fn module_version(svn: &TeeTcbSvn) -> u8 {
    let [_, version, ..] = *svn.as_bytes();
    version
}

/// `TEE_TCB_SVN[0]`: the security version of the TDX module.
pub(crate) const fn module_isvsvn(svn: &TeeTcbSvn) -> u8 {
    let [isvsvn, ..] = *svn.as_bytes();
    isvsvn
}

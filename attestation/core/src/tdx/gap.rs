//! What a platform lacks for the newest level that Intel calls up to date.

use crate::bytes::TeeTcbSvn;
use crate::diagnosis::{Component, Label, Shortfall, TcbGap};
use crate::tdx::platform::VerifiedPlatform;
use crate::tdx::quote::Quote;
use crate::tdx::status::TcbStatus;
use crate::tdx::tcb_info::{
    Component as LevelComponent, TcbInfo, TcbLevel, module_isvsvn, module_version,
};

impl VerifiedPlatform {
    /// What this platform lacks, for `quote` of a TD on it; `None` if it is at that level, or the
    /// collateral has no TCB info or no level that is up to date.
    #[must_use]
    pub fn tcb_gap(&self, quote: &Quote) -> Option<TcbGap> {
        let info = self.collateral.parts.tcb_info.as_ref()?;
        let svn = quote.td_report().tee_tcb_svn();
        let needed =
            info.tcb_levels.iter().find(|level| level.tcb_status == TcbStatus::UpToDate)?;
        let sgx = (self.pck.sgx_components(), self.pck.pce_svn());
        let current = info.level_of(sgx, svn);
        let mut components = platform(needed, sgx, svn);
        components.extend(module(info, svn));
        let status = current.map(|level| level.tcb_status);
        if components.is_empty() && status == Some(TcbStatus::UpToDate) {
            return None;
        }
        let open = current.map_or(&[][..], |level| level.advisory_ids.as_slice());
        let mended = open.iter().filter(|id| !needed.advisory_ids.contains(id));
        Some(TcbGap {
            status,
            needed_tcb_date: needed.tcb_date,
            advisories: mended.cloned().collect(),
            components,
        })
    }
}

/// What a platform is short of for `needed`, its TDX module aside.
pub(crate) fn platform(
    needed: &TcbLevel,
    (components, pce_svn): (&[u8; 16], u16),
    svn: &TeeTcbSvn,
) -> Vec<Shortfall> {
    let tcb = needed.tcb();
    let sgx = |index, label| Component::Sgx { index, label };
    let tdx = |index, label| Component::Tdx { index, label };
    // Components 0 and 1 are the TDX module's own, which has levels of its own.
    let skipped = if module_version(svn) > 0 { 2 } else { 0 };
    let mut found = below(components, tcb.sgx_components(), 0, sgx);
    found.extend(below(svn.as_bytes(), tcb.tdx_components(), skipped, tdx));
    found.extend(Shortfall::of(Component::Pce, pce_svn, tcb.pce_svn()));
    found
}

// SPEC: Intel Trusted Services API, Get TDX TCB Info V4: `category` and `type` name a component.
fn below(
    have: &[u8; 16],
    need: &[LevelComponent; 16],
    skipped: usize,
    component: impl Fn(usize, Label) -> Component,
) -> Vec<Shortfall> {
    let pairs = (0_usize..).zip(have.iter().zip(need)).skip(skipped);
    pairs
        .filter_map(|(index, (have, need))| {
            let label = Label {
                name: need.name().map(str::to_owned),
                category: need.category().map(str::to_owned),
            };
            Shortfall::of(component(index, label), (*have).into(), need.svn().into())
        })
        .collect()
}

fn module(info: &TcbInfo, svn: &TeeTcbSvn) -> Option<Shortfall> {
    let version = module_version(svn);
    let identity = info.module_identity(version).filter(|_| version > 0)?;
    let need = identity.up_to_date_isvsvn()?;
    Shortfall::of(Component::TdxModule(version), module_isvsvn(svn).into(), need.into())
}

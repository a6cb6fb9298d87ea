//! What a platform lacks for the newest level that Intel calls up to date.

use crate::bytes::TeeTcbSvn;
use crate::diagnosis::{Shortfall, TcbGap};
use crate::tdx::pck::PckExtension;
use crate::tdx::platform::VerifiedPlatform;
use crate::tdx::quote::Quote;
use crate::tdx::status::TcbStatus;
use crate::tdx::tcb_info::{Component, TcbInfo, TcbLevel, module_isvsvn, module_version};

impl VerifiedPlatform<'_> {
    /// What this platform lacks, for `quote` of a TD on it; `None` if it is at that level, or the
    /// collateral has no TCB info or no level that is up to date.
    #[must_use]
    pub fn tcb_gap(&self, quote: &Quote) -> Option<TcbGap> {
        let info = self.collateral.tcb_info.as_ref()?;
        let svn = quote.td_report().tee_tcb_svn();
        let needed =
            info.tcb_levels.iter().find(|level| level.tcb_status == TcbStatus::UpToDate)?;
        let current = info.level_of(&self.pck, svn);
        let mut components = platform(needed, &self.pck, svn);
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

// SPEC: Intel Trusted Services API, Get TDX TCB Info V4: `category` and `type` name a component.
fn platform(needed: &TcbLevel, pck: &PckExtension, svn: &TeeTcbSvn) -> Vec<Shortfall> {
    let tcb = needed.tcb();
    let mut found = below("SGX TCB component", pck.sgx_components(), tcb.sgx_components(), 0);
    // Components 0 and 1 are the TDX module's own, which has levels of its own.
    let skipped = if module_version(svn) > 0 { 2 } else { 0 };
    found.extend(below("TDX TCB component", svn.as_bytes(), tcb.tdx_components(), skipped));
    if pck.pce_svn() < tcb.pce_svn() {
        found.push(Shortfall {
            component: "PCESVN".to_owned(),
            have: pck.pce_svn(),
            need: tcb.pce_svn(),
            carried_by: "an update of Intel's SGX software (PCE) on the host".to_owned(),
        });
    }
    found
}

fn below(what: &str, have: &[u8; 16], need: &[Component; 16], skipped: usize) -> Vec<Shortfall> {
    let pairs = (0_usize..).zip(have.iter().zip(need)).skip(skipped);
    pairs
        .filter(|(_, (have, need))| **have < need.svn())
        .map(|(index, (have, need))| Shortfall {
            component: match need.name() {
                Some(name) => format!("{what} {index} ({name})"),
                None => format!("{what} {index}"),
            },
            have: (*have).into(),
            need: need.svn().into(),
            carried_by: match need.category() {
                Some("BIOS") => "a BIOS update".to_owned(),
                Some(category) => format!("an update of the host's {category}"),
                None => "a platform update; Intel does not name the part".to_owned(),
            },
        })
        .collect()
}

fn module(info: &TcbInfo, svn: &TeeTcbSvn) -> Option<Shortfall> {
    let version = module_version(svn);
    let identity = info.module_identity(version).filter(|_| version > 0)?;
    let need = identity.up_to_date_isvsvn()?;
    let have = module_isvsvn(svn);
    (have < need).then(|| Shortfall {
        component: format!("TDX module {version}.x ISVSVN"),
        have: have.into(),
        need: need.into(),
        carried_by: "an update of the TDX module, with the BIOS or the host's system".to_owned(),
    })
}

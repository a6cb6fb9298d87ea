//! A TCB that is short: which component, by how much, and what carries the update.

use cloister_attestation::diagnosis::{Shortfall, TcbGap};
use cloister_attestation::snp::Tcb;
use cloister_attestation::tdx::{TcbStatus, VerifiedCollateral, VerifiedPlatform};
use cloister_simulator::TdxGuest;

use crate::tdx::guest::{NOW, anchors, guest, outcome};

const FLOOR: Tcb = Tcb { fmc: None, boot_loader: 10, tee: 5, snp: 23, microcode: 213 };

fn names(found: &[Shortfall]) -> Vec<(String, u16, u16)> {
    found.iter().map(|short| (short.component.to_string(), short.have, short.need)).collect()
}

fn row(component: &str, have: u16, need: u16) -> (String, u16, u16) {
    (component.to_owned(), have, need)
}

#[test]
fn each_amd_component_is_named_and_only_if_it_is_below() {
    assert_eq!(FLOOR.shortfalls(&FLOOR), []);
    assert_eq!(Tcb { snp: 255, ..FLOOR }.shortfalls(&FLOOR), []);
    for (tcb, expected) in [
        (Tcb { boot_loader: 9, ..FLOOR }, row("BOOT_LOADER", 9, 10)),
        (Tcb { tee: 0, ..FLOOR }, row("TEE", 0, 5)),
        (Tcb { snp: 22, ..FLOOR }, row("SNP", 22, 23)),
        (Tcb { microcode: 1, ..FLOOR }, row("MICROCODE", 1, 213)),
    ] {
        let found = tcb.shortfalls(&FLOOR);
        assert_eq!(names(&found), [expected]);
        assert!(found[0].component.carried_by().contains("update"), "{found:?}");
    }
    let turin = Tcb { fmc: Some(2), ..FLOOR };
    assert_eq!(names(&Tcb { fmc: Some(1), ..FLOOR }.shortfalls(&turin)), [row("FMC", 1, 2)]);
    let all = Tcb { fmc: None, boot_loader: 0, tee: 0, snp: 0, microcode: 0 };
    assert_eq!(all.shortfalls(&FLOOR).len(), 4);
}

fn gap(guest: &TdxGuest) -> Option<TcbGap> {
    let collateral = VerifiedCollateral::new(&guest.collateral(), &anchors(guest), NOW).unwrap();
    let quote = outcome(guest).unwrap().quote().clone();
    VerifiedPlatform::new(&quote, &collateral, NOW).unwrap().tcb_gap(&quote)
}

#[test]
fn a_platform_at_the_newest_level_has_no_gap() {
    assert_eq!(gap(&guest()), None);
}

#[test]
fn a_platform_that_is_short_is_told_component_advisory_and_date() {
    let old = guest().with_td_fields(|td| td.tee_tcb_svn[2] = 2).with_tcb_info(|info| {
        let component = &mut info.tcb_levels[0].tcb.tdxtcbcomponents[2];
        component.category = Some("OS/VMM".to_owned());
        component.kind = Some("TDX Late Microcode Update".to_owned());
    });
    let gap = gap(&old).unwrap();
    assert_eq!(gap.status, Some(TcbStatus::OutOfDate));
    let expected = row("TDX TCB component 2 (TDX Late Microcode Update)", 2, 3);
    assert_eq!(names(&gap.components), [expected]);
    assert_eq!(gap.components[0].component.carried_by(), "an update of the host's OS/VMM");
    assert!(!gap.advisories.is_empty(), "{gap:?}");
}

#[test]
fn a_tdx_module_that_is_short_is_named_by_its_own_level() {
    let gap = gap(&guest().with_td_fields(|td| td.tee_tcb_svn[0] = 5)).unwrap();
    assert_eq!(names(&gap.components), [row("TDX module 1.x ISVSVN", 5, 6)]);
    assert_eq!(gap.status, Some(TcbStatus::UpToDate), "the platform itself is current");
}

#[test]
fn what_intel_calls_a_component_does_not_change_which_level_counts() {
    let named = |level: usize, category: &'static str| {
        guest().with_tcb_info(move |info| {
            for component in &mut info.tcb_levels[level].tcb.sgxtcbcomponents {
                component.category = Some(category.to_owned());
            }
        })
    };
    for level in [0, 1] {
        for category in ["", "BIOS", "zzz"] {
            let status = outcome(&named(level, category)).unwrap().tcb_status();
            assert_eq!(status, TcbStatus::UpToDate, "{level} {category}");
        }
    }
}

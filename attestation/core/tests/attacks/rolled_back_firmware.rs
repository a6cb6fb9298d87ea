//! Old firmware under Evidence that shows new firmware somewhere else.

use cloister_attestation::snp::{Floor, Product, Tcb};
use cloister_simulator::SnpGuest;

use super::victim::{Attempt, snp, snp_guest};

/// The simulated chip's TCB, as the floor of the victim's Verifier.
fn current() -> Tcb {
    let report = snp_guest().report(&cloister_attestation::bytes::ReportData::new([0; 64]));
    let report = cloister_attestation::snp::Report::parse(&report).unwrap();
    report.reported_tcb().components(Product::Milan)
}

fn with_floors(guest: &SnpGuest) -> Attempt {
    let mut attempt = snp(guest);
    let tcb = &mut attempt.policy.snp.as_mut().unwrap().tcb;
    for floors in [&mut tcb.reported, &mut tcb.committed, &mut tcb.launch] {
        floors.milan = Floor::AtLeast(current());
    }
    attempt
}

#[test]
fn a_machine_at_the_floor_is_admitted() {
    with_floors(&snp_guest()).admitted();
}

/// The host keeps an old reported TCB, for which it has an old key, on firmware that is new.
#[test]
fn a_key_of_an_old_tcb_on_new_firmware_is_refused() {
    let mut old = cloister_simulator::snp::Tcb::current(Product::Milan);
    let new = old;
    old.snp -= 1;
    let guest = snp_guest().with_tcb(old).with_fields(move |report| {
        (report.current_tcb, report.committed_tcb, report.launch_tcb) = (new, new, new);
    });
    with_floors(&guest).refused("snp.tcb.below_floor");
}

/// Firmware that is new and not committed can be rolled back after the report.
#[test]
fn firmware_that_can_still_be_rolled_back_is_refused() {
    let guest = snp_guest().with_fields(|report| report.current_tcb.snp += 1);
    snp(&guest).refused("snp.firmware.provisional");
}

/// Launched on old firmware that could be attacked, then updated live.
#[test]
fn a_guest_launched_before_the_update_is_refused() {
    let guest = snp_guest().with_fields(|report| report.launch_tcb.snp -= 1);
    with_floors(&guest).refused("snp.tcb.launch_below_floor");
}

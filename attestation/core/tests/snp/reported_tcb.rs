//! `REPORTED_TCB` at 180h.

use cloister_attestation::check::State;
use cloister_attestation::snp::{Floor, Product, SnpPolicy, Tcb};
use cloister_simulator::SnpGuest;
use cloister_simulator::snp;

use super::guest::{
    assert_every_bit_is_signed, demand, milan, on, refused, refused_with, turin, verify,
};

type Component = fn(&mut snp::Tcb) -> &mut u8;
const MILAN: [Component; 4] =
    [|t| &mut t.boot_loader, |t| &mut t.tee, |t| &mut t.snp, |t| &mut t.microcode];
const TURIN: [Component; 5] =
    [|t| &mut t.fmc, |t| &mut t.boot_loader, |t| &mut t.tee, |t| &mut t.snp, |t| &mut t.microcode];

/// A guest whose firmware is at 5 in every component.
fn at_five(product: Product) -> SnpGuest {
    on(product).with_tcb(snp::Tcb { fmc: 5, boot_loader: 5, tee: 5, snp: 5, microcode: 5 })
}

#[test]
fn rejects_a_certificate_for_a_tcb_one_above_or_below_in_any_component() {
    for (product, components) in [(Product::Milan, &MILAN[..]), (Product::Turin, &TURIN[..])] {
        let guest = at_five(product);
        for component in components {
            for level in [4, 6] {
                let mut tcb = snp::Tcb { fmc: 5, boot_loader: 5, tee: 5, snp: 5, microcode: 5 };
                *component(&mut tcb) = level;
                let other = on(product).with_tcb(tcb).endorsements();
                assert_eq!(refused_with(&guest, &other), "snp.tcb.leaf", "{product} {tcb:?}");
            }
        }
    }
}

#[test]
fn rejects_a_component_above_committed() {
    for component in MILAN {
        let guest =
            at_five(Product::Milan).with_fields(move |r| *component(&mut r.committed_tcb) = 4);
        assert_eq!(refused(&guest), "snp.tcb.reported_le_committed");
    }
    let above = at_five(Product::Milan).with_fields(|r| {
        r.committed_tcb.snp = 6;
        r.current_tcb.snp = 6;
    });
    assert!(verify(&above).is_ok());
}

#[test]
fn rejects_bytes_that_the_product_leaves_unused() {
    for (guest, bytes) in [(milan(), 2..6), (turin(), 4..7)] {
        for byte in bytes {
            let guest = guest.clone().with_signed_bytes(move |report| report[0x180 + byte] = 1);
            assert_eq!(refused(&guest), "snp.tcb.reserved", "byte {byte}");
        }
    }
}

#[test]
fn the_policy_sets_a_floor_component_by_component() {
    fn floor_of(product: Product, policy: &mut SnpPolicy) -> &mut Floor<Tcb> {
        match product {
            Product::Milan => &mut policy.tcb.reported.milan,
            Product::Genoa => &mut policy.tcb.reported.genoa,
            Product::Turin => &mut policy.tcb.reported.turin,
        }
    }
    for product in Product::ALL {
        let five = Tcb {
            fmc: (product == Product::Turin).then_some(5),
            boot_loader: 5,
            tee: 5,
            snp: 5,
            microcode: 5,
        };
        let guest = at_five(product);
        let outcome = |floor| {
            demand(&guest, "snp.tcb.below_floor", |p| *floor_of(product, p) = Floor::AtLeast(floor))
        };
        assert_eq!(outcome(five), State::Pass, "{product}");
        assert_eq!(outcome(Tcb { boot_loader: 6, ..five }), State::Fail, "{product}");
        assert_eq!(outcome(Tcb { tee: 6, ..five }), State::Fail, "{product}");
        assert_eq!(outcome(Tcb { snp: 6, ..five }), State::Fail, "{product}");
        assert_eq!(outcome(Tcb { microcode: 6, ..five }), State::Fail, "{product}");
        let other_shape = Tcb { fmc: five.fmc.xor(Some(0)), ..five };
        assert_eq!(outcome(other_shape), State::Fail, "{product}: a floor of another layout");
        assert_eq!(demand(&guest, "snp.tcb.below_floor", |_| ()), State::NotAsserted);
    }
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x180..0x188);
}

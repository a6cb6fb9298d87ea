//! The same seed makes the same hierarchy.

use cloister_attestation::snp::Product;
use cloister_attestation::x509::Certificate;
use cloister_simulator::{MARKER, Pki, SnpGuest, TdxGuest};

use crate::support::{SEED, issued, pki};

#[test]
fn the_same_seed_gives_the_same_anchor_whatever_the_date() {
    let later = Pki::from_seed(SEED, issued().plus(std::time::Duration::from_secs(1)));
    assert_eq!(later.anchor(), pki().anchor());
    assert_eq!(later.anchor().fingerprint(), pki().anchor().fingerprint());
}

#[test]
fn the_same_arguments_give_the_same_certificates_apart_from_the_signature() {
    let tbs = |der: &[u8]| Certificate::parse(der).unwrap().tbs().to_vec();
    let guests = || SnpGuest::new(&Pki::from_seed(SEED, issued()), Product::Milan);
    assert_eq!(tbs(&guests().vek()), tbs(&guests().vek()));
    assert_eq!(tbs(&guests().root()), tbs(&guests().root()));
    let platforms = || TdxGuest::new(&Pki::from_seed(SEED, issued()));
    assert_eq!(tbs(&platforms().pck_certificate()), tbs(&platforms().pck_certificate()));
}

#[test]
fn nobody_could_take_a_simulated_certificate_for_a_vendors() {
    let snp = SnpGuest::new(&pki(), Product::Milan);
    let tdx = TdxGuest::new(&pki());
    for der in [snp.vek(), snp.intermediate(), snp.root(), tdx.pck_certificate(), tdx.root()] {
        let text = String::from_utf8_lossy(&der).into_owned();
        assert!(text.contains(MARKER), "{text}");
        assert!(!text.contains("Advanced Micro Devices") && !text.contains("Intel Corporation"));
    }
    assert!(snp.fields(&crate::support::REPORT_DATA).chip_id.starts_with(b"cloister-simulator"));
    assert!(tdx.pck_fields().ppid.starts_with(b"SIMULATED"));
}

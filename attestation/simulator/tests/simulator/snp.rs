//! SEV-SNP guests, honest and dishonest.

use cloister_attestation::anchor::{AnchorKind, Anchors, SimulatorAnchor};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::snp::{
    CertificateTable, Endorsements, Product, Report, SigningKey, SnpPolicy, VerifiedReport, verify,
};
use cloister_attestation::verify::VerifyError;
use cloister_simulator::certificate::Certificate;
use cloister_simulator::snp::{SigningKeyField, Tcb, VekKind, extension};
use cloister_simulator::{Algorithm, Salt, SnpGuest};
use sev::parser::ByteParser as _;

use crate::support::{REPORT_DATA, anchors, issued, now, pki, refusal};

fn judge(guest: &SnpGuest) -> Result<VerifiedReport, VerifyError> {
    judge_with(guest, &guest.endorsements())
}

fn judge_with(
    guest: &SnpGuest,
    endorsements: &Endorsements,
) -> Result<VerifiedReport, VerifyError> {
    let report = Report::parse(&guest.report(&REPORT_DATA)).expect("the report parses");
    verify(report, endorsements, &anchors(), now())
}

fn provider() -> VekKind {
    VekKind::Vlek { csp_id: "CN=simulator.invalid".to_owned() }
}

#[test]
fn every_product_version_and_kind_of_key_verifies_under_the_simulators_roots() {
    for product in Product::ALL {
        for version in 2..=5 {
            for kind in [VekKind::Vcek, provider()] {
                let guest =
                    SnpGuest::new(&pki(), product).with_version(version).with_vek(kind.clone());
                let verified =
                    judge(&guest).unwrap_or_else(|e| panic!("{product} v{version} {kind:?}: {e}"));
                assert_eq!(verified.product(), product);
                assert_eq!(verified.report().version(), version);
                assert_eq!(verified.report().report_data(), &REPORT_DATA);
                assert_eq!(verified.anchor(), AnchorKind::Simulator);
                assert_eq!(verified.simulator(), Some(&pki().anchor().fingerprint()));
            }
        }
    }
}

#[test]
fn an_honest_guest_passes_every_demand_of_the_strict_policy() {
    for product in Product::ALL {
        let verified = judge(&SnpGuest::new(&pki(), product)).unwrap();
        let failed: Vec<_> = SnpPolicy::strict()
            .appraise(&verified, now())
            .into_iter()
            .filter(|check| check.failed())
            .collect();
        assert!(failed.is_empty(), "{product}: {failed:#?}");
    }
}

#[test]
fn vendor_anchors_refuse_every_simulated_product() {
    for product in Product::ALL {
        let guest = SnpGuest::new(&pki(), product);
        let report = Report::parse(&guest.report(&REPORT_DATA)).unwrap();
        let outcome = verify(report, &guest.endorsements(), &Anchors::vendor(), now());
        assert!(matches!(outcome, Err(VerifyError::Refused { .. })), "{product}");
    }
}

#[test]
fn another_simulators_anchors_refuse() {
    let stranger = SimulatorAnchor { milan: Digest48::sha384(b"another root"), ..pki().anchor() };
    assert_ne!(stranger.fingerprint(), pki().anchor().fingerprint());
    let guest = SnpGuest::new(&pki(), Product::Milan);
    let report = Report::parse(&guest.report(&REPORT_DATA)).unwrap();
    let anchors = Anchors::dangerous_simulator(stranger);
    let outcome = verify(report, &guest.endorsements(), &anchors, now());
    assert!(matches!(outcome, Err(VerifyError::Refused { .. })));
}

#[test]
fn the_certificate_table_reads_back() {
    for (kind, is_vlek) in [(VekKind::Vcek, false), (provider(), true)] {
        let guest = SnpGuest::new(&pki(), Product::Genoa).with_vek(kind);
        let table = CertificateTable::parse(&guest.certificate_table()).unwrap();
        assert_eq!(table.vlek.is_some(), is_vlek);
        assert_eq!(table.vcek.is_some(), !is_vlek);
        let endorsements =
            Endorsements::from_certificate_table(&guest.certificate_table()).unwrap();
        let verified = judge_with(&guest, &Endorsements { crl: Some(guest.crl()), ..endorsements });
        assert!(verified.is_ok());
    }
}

/// A fault made before a signature has to be found out by what it is, not by a broken signature.
fn refused<const N: usize>(cases: [(&str, &str, SnpGuest); N]) {
    for (code, what, guest) in cases {
        assert_eq!(refusal(judge(&guest)).id, code, "{what}");
    }
}

fn milan() -> SnpGuest {
    SnpGuest::new(&pki(), Product::Milan)
}

fn with_hw_id(change: fn(&mut Certificate)) -> SnpGuest {
    milan().with_vek_certificate(change)
}

#[test]
fn faults_in_the_report_are_refused_for_what_they_are() {
    let older = Tcb { microcode: 1, ..Tcb::current(Product::Milan) };
    let flipped = |at: usize| milan().with_signature_bytes(move |bytes| bytes[at] ^= 1);
    let older = milan().with_fields(move |f| f.reported_tcb = older);
    let chip = milan().with_fields(|f| f.chip_id[0] ^= 1);
    let vlek = milan().with_fields(|f| f.signing_key = SigningKeyField::Vlek);
    refused([
        ("snp.signature", "r", flipped(0)),
        ("snp.signature", "s", flipped(72)),
        ("snp.tcb.leaf", "reported tcb is not the certificate's", older),
        ("snp.chip_id", "chip is not the certificate's", chip),
        ("snp.signing_key", "report says VLEK", vlek),
    ]);
}

#[test]
fn faults_in_the_leafs_extensions_are_refused_for_what_they_are() {
    let other = with_hw_id(|c| c.replace_extension(&extension::HW_ID, &[1; 64]));
    let missing = with_hw_id(|c| c.remove_extension(&extension::HW_ID));
    let twice = with_hw_id(|c| c.duplicate_extension(&extension::HW_ID));
    let short = with_hw_id(|c| c.replace_extension(&extension::HW_ID, &[1; 8]));
    let long_form =
        milan().with_vek_certificate(|c| c.replace_extension(&extension::BL_SPL, &[2, 2, 0, 4]));
    refused([
        ("snp.chip_id", "hwID is another chip's", other),
        ("snp.leaf.extensions", "hwID is missing", missing),
        ("x509.extension.duplicate", "hwID is there twice", twice),
        ("snp.leaf.extensions", "hwID is short", short),
        ("snp.leaf.extensions", "level is not minimal", long_form),
    ]);
}

#[test]
fn faults_in_the_chain_are_refused_for_what_they_are() {
    let signed_as = |algorithm| milan().with_vek_certificate(move |c| c.algorithm = algorithm);
    let future = milan().with_vek_certificate(|c| c.not_before = c.not_after);
    refused([
        ("snp.chain.validity", "leaf", milan().with_vek_certificate(|c| c.not_after = issued())),
        ("snp.chain.validity", "leaf of the future", future),
        (
            "snp.chain.validity",
            "intermediate",
            milan().with_intermediate(|c| c.not_after = issued()),
        ),
        ("snp.chain.validity", "root", milan().with_root(|c| c.not_after = issued())),
        ("x509.algorithm", "salt is short", signed_as(short_salt(32))),
        ("snp.chain.leaf", "salt is not as declared", signed_as(short_salt(48))),
        ("snp.chain.leaf", "another algorithm is declared", signed_as(Algorithm::EcdsaP384Sha384)),
        (
            "snp.revocation.intermediate",
            "intermediate is revoked",
            milan().with_crl(|crl| crl.revoked.push(vec![1, 0, 1])),
        ),
    ]);
}

const fn short_salt(declared_salt: u8) -> Algorithm {
    Algorithm::RsaPssSha384 { declared_salt, salt: Salt::Bytes32, trailer: false }
}

#[test]
fn certificates_of_another_product_or_key_kind_are_refused() {
    let milan = SnpGuest::new(&pki(), Product::Milan);
    let genoa = SnpGuest::new(&pki(), Product::Genoa).endorsements();
    assert!(judge_with(&milan, &genoa).is_err());
    let vlek = milan.clone().with_vek(provider()).endorsements();
    assert!(judge_with(&milan, &vlek).is_err());
    let other_chip = milan.clone().with_chip_id(cloister_attestation::bytes::ChipId::new([9; 64]));
    assert!(judge_with(&milan, &other_chip.endorsements()).is_err());
}

#[test]
fn policy_faults_verify_and_fail_their_appraisal() {
    let guest = SnpGuest::new(&pki(), Product::Milan).with_fields(|f| f.policy |= 1 << 19);
    let verified = judge(&guest).unwrap();
    let failed: Vec<_> =
        SnpPolicy::strict().appraise(&verified, now()).into_iter().filter(|c| c.failed()).collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert_eq!(verified.report().signing_key(), SigningKey::Vcek);
}

#[test]
fn reserved_bits_and_other_lengths_do_not_parse() {
    let genuine = SnpGuest::new(&pki(), Product::Turin);
    for at in [0x4c, 0x18c, 0x208, 0x29f] {
        let guest = genuine.clone().with_signed_bytes(move |bytes| bytes[at] = 1);
        assert!(Report::parse(&guest.report(&REPORT_DATA)).is_err(), "{at:#x}");
    }
    for version in [0, 1, 6] {
        let report = genuine.clone().with_version(version).report(&REPORT_DATA);
        assert!(Report::parse(&report).is_err(), "{version}");
    }
    let report = genuine.report(&REPORT_DATA);
    assert!(Report::parse(&report[..1183]).is_err());
}

/// An independent reader of reports: the crate that the distributions' tools are built on.
#[test]
fn an_independent_parser_reads_the_same_fields() {
    for product in Product::ALL {
        for version in 2..=5 {
            let guest = SnpGuest::new(&pki(), product).with_version(version);
            let fields = guest.fields(&REPORT_DATA);
            let bytes = guest.report(&REPORT_DATA);
            let read = sev::firmware::guest::AttestationReport::from_bytes(&bytes).unwrap();
            assert_eq!(read.version, version);
            assert_eq!(u64::from(read.policy), fields.policy);
            assert_eq!(read.report_data.as_ref(), REPORT_DATA.as_bytes());
            assert_eq!(read.measurement.as_ref(), fields.measurement);
            assert_eq!(read.chip_id.as_ref(), fields.chip_id);
            assert_eq!(read.cpuid_fam_id, (version >= 3).then_some(fields.cpuid[0]));
            if version >= 3 {
                assert_eq!(read.reported_tcb.snp, fields.reported_tcb.snp);
                assert_eq!(read.launch_tcb.microcode, fields.launch_tcb.microcode);
                assert_eq!(read.reported_tcb.bootloader, fields.reported_tcb.boot_loader);
            }
        }
    }
}

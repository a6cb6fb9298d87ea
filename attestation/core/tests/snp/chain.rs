//! The certificate chain: names, signatures, authority, pin and time.

use cloister_attestation::anchor::{AnchorKind, Anchors};
use cloister_attestation::check::State;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::snp::{self, Product, Report, SnpPolicy};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifyError;
use cloister_simulator::certificate::Extension;
use cloister_simulator::{Algorithm, Pki, Salt, SnpGuest};
use const_oid::ObjectIdentifier;

use super::guest::{
    ISSUED, NOW, REPORT_DATA, find, milan, on, pki, refused, refused_with, report, turin, verify,
    verify_with, vlek,
};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");

#[test]
fn accepts_every_product_with_both_kinds_of_key() {
    for product in Product::ALL {
        let verified = verify(&on(product)).unwrap();
        assert_eq!(verified.product(), product);
        assert_eq!(verified.anchor(), AnchorKind::Simulator);
        assert_eq!(verified.simulator(), Some(&pki().anchor().fingerprint()));
    }
    assert!(verify(&vlek()).unwrap().provider().is_some());
}

#[test]
fn rejects_a_simulators_root_where_the_vendors_is_demanded() {
    let guest = milan();
    let error =
        snp::verify(report(&guest), &guest.endorsements(), &Anchors::vendor(), NOW).unwrap_err();
    assert_eq!(error.code().id, "snp.chain.root");
}

#[test]
fn rejects_the_root_of_another_simulator_and_of_another_product() {
    let rogue = SnpGuest::new(&Pki::from_seed("core/snp/rogue", ISSUED), Product::Milan);
    assert_eq!(refused_with(&milan(), &rogue.endorsements()), "snp.chain.root");
    let mut with = milan().endorsements();
    with.root = Some(turin().root());
    assert_eq!(refused_with(&milan(), &with), "snp.chain.root");
}

#[test]
fn rejects_a_rogue_intermediate_below_the_genuine_root() {
    let rogue = SnpGuest::new(&Pki::from_seed("core/snp/rogue", ISSUED), Product::Milan);
    let mut with = rogue.endorsements();
    with.root = Some(milan().root());
    assert_eq!(refused_with(&rogue, &with), "snp.chain.intermediate");
}

#[test]
fn rejects_the_intermediate_of_the_other_kind_of_key() {
    let mut with = milan().endorsements();
    with.intermediate = Some(vlek().intermediate());
    assert_eq!(refused_with(&milan(), &with), "snp.chain.leaf");
}

#[test]
fn rejects_a_leaf_that_the_root_or_itself_stands_in_for() {
    let mut with = milan().endorsements();
    with.intermediate = Some(milan().root());
    assert_eq!(refused_with(&milan(), &with), "snp.chain.leaf");
    with.intermediate = Some(milan().vek());
    assert_eq!(refused_with(&milan(), &with), "snp.chain.intermediate");
    with = milan().endorsements();
    with.vek = Some(milan().intermediate());
    assert_eq!(refused_with(&milan(), &with), "snp.chain.vek");
}

#[test]
fn rejects_an_intermediate_that_is_no_authority() {
    for oid in [BASIC_CONSTRAINTS, KEY_USAGE] {
        let guest = milan().with_intermediate(move |ask| ask.remove_extension(&oid));
        assert_eq!(refused(&guest), "snp.chain.leaf", "{oid}");
        let guest = milan().with_root(move |ark| ark.remove_extension(&oid));
        assert_eq!(refused(&guest), "snp.chain.root_signature", "{oid}");
    }
    // SEQUENCE {}: basic constraints of an end entity.
    let guest =
        milan().with_intermediate(|ask| ask.replace_extension(&BASIC_CONSTRAINTS, &[0x30, 0]));
    assert_eq!(refused(&guest), "snp.chain.leaf");
    // Only the bit for signing CRLs.
    let guest = milan().with_intermediate(|ask| ask.replace_extension(&KEY_USAGE, &[3, 2, 1, 2]));
    assert_eq!(refused(&guest), "snp.chain.leaf");
}

#[test]
fn rejects_a_path_that_is_longer_than_the_root_allows() {
    // SEQUENCE { TRUE, 0 }
    let none_below = [0x30, 6, 1, 1, 0xff, 2, 1, 0];
    let guest =
        milan().with_root(move |ark| ark.replace_extension(&BASIC_CONSTRAINTS, &none_below));
    assert_eq!(refused(&guest), "snp.chain.intermediate");
}

#[test]
fn rejects_critical_extensions_that_nobody_processes() {
    let unknown = || Extension {
        oid: ObjectIdentifier::new_unwrap("1.3.6.1.4.1.55555.1"),
        critical: true,
        value: vec![5, 0],
    };
    assert_eq!(
        refused(&milan().with_vek_certificate(move |c| c.extensions.push(unknown()))),
        "snp.chain.leaf"
    );
    assert_eq!(
        refused(&milan().with_intermediate(move |c| c.extensions.push(unknown()))),
        "snp.chain.intermediate"
    );
    assert_eq!(
        refused(&milan().with_root(move |c| c.extensions.push(unknown()))),
        "snp.chain.root_signature"
    );
}

#[test]
fn rejects_a_salt_of_another_length_declared_or_not() {
    let hidden = Algorithm::RsaPssSha384 { declared_salt: 48, salt: Salt::Bytes32, trailer: true };
    let declared =
        Algorithm::RsaPssSha384 { declared_salt: 32, salt: Salt::Bytes32, trailer: true };
    let misdeclared =
        Algorithm::RsaPssSha384 { declared_salt: 32, salt: Salt::Bytes48, trailer: true };
    assert_eq!(
        refused(&milan().with_intermediate(move |c| c.algorithm = hidden)),
        "snp.chain.intermediate"
    );
    assert_eq!(
        refused(&milan().with_vek_certificate(move |c| c.algorithm = hidden)),
        "snp.chain.leaf"
    );
    for algorithm in [declared, misdeclared] {
        assert_eq!(
            refused(&milan().with_intermediate(move |c| c.algorithm = algorithm)),
            "x509.algorithm"
        );
        assert_eq!(
            refused(&milan().with_vek_certificate(move |c| c.algorithm = algorithm)),
            "x509.algorithm"
        );
    }
}

#[test]
fn accepts_the_trailer_field_written_out_or_left_out() {
    for trailer in [true, false] {
        let algorithm = Algorithm::RsaPssSha384 { declared_salt: 48, salt: Salt::Bytes48, trailer };
        let guest = milan()
            .with_vek_certificate(move |c| c.algorithm = algorithm)
            .with_intermediate(move |c| c.algorithm = algorithm)
            .with_root(move |c| c.algorithm = algorithm);
        assert!(verify(&guest).is_ok(), "{trailer}");
    }
}

#[test]
fn rejects_an_algorithm_that_says_something_else_than_the_key() {
    let guest = milan().with_vek_certificate(|c| c.algorithm = Algorithm::EcdsaP384Sha384);
    assert_eq!(refused(&guest), "snp.chain.leaf");
}

#[test]
fn rejects_names_that_do_not_say_which_key_this_is() {
    let guest = milan().with_vek_certificate(|c| c.subject = c.issuer.clone());
    assert_eq!(refused(&guest), "snp.chain.vek");
    let mut with = vlek().endorsements();
    with.vek = Some(milan().with_vek_certificate(|c| c.issuer = c.subject.clone()).vek());
    assert_eq!(refused_with(&milan(), &with), "snp.chain.vek");
}

#[test]
fn rejects_every_certificate_a_second_before_and_after_its_time() {
    let late = NOW.plus(core::time::Duration::from_secs(1));
    let early = NOW.minus(core::time::Duration::from_secs(1));
    type Hook = fn(SnpGuest, UnixTime, UnixTime) -> SnpGuest;
    let hooks: [Hook; 3] = [
        |g, from, until| {
            g.with_vek_certificate(move |c| (c.not_before, c.not_after) = (from, until))
        },
        |g, from, until| g.with_intermediate(move |c| (c.not_before, c.not_after) = (from, until)),
        |g, from, until| g.with_root(move |c| (c.not_before, c.not_after) = (from, until)),
    ];
    for hook in hooks {
        assert!(verify(&hook(milan(), NOW, NOW)).is_ok());
        assert_eq!(refused(&hook(milan(), late, late)), "snp.chain.validity");
        assert_eq!(refused(&hook(milan(), early, early)), "snp.chain.validity");
    }
}

#[test]
fn a_verified_chain_serves_until_it_is_no_longer_valid() {
    let guest = milan();
    let chain = snp::verify_chain(&guest.endorsements(), &pki().anchors(), NOW).unwrap();
    let again = |now| snp::verify_report(report(&guest), &chain, now);
    assert!(again(chain.valid_until()).is_ok());
    let after = chain.valid_until().plus(core::time::Duration::from_secs(1));
    assert_eq!(again(after).unwrap_err().code().id, "snp.chain.validity");
    let before = ISSUED.minus(core::time::Duration::from_secs(1));
    assert_eq!(again(before).unwrap_err().code().id, "snp.chain.validity");
}

#[test]
fn an_appraisal_after_the_chain_ran_out_fails() {
    let chain = snp::verify_chain(&milan().endorsements(), &pki().anchors(), NOW).unwrap();
    let verified = snp::verify_report(report(&milan()), &chain, NOW).unwrap();
    let at =
        |now| find(&SnpPolicy::strict().appraise(&verified, now), "snp.demand.valid_now").state;
    assert_eq!(at(NOW), State::Pass);
    assert_eq!(at(chain.valid_until()), State::Pass);
    assert_eq!(at(chain.valid_until().plus(core::time::Duration::from_secs(1))), State::Fail);
}

#[test]
fn a_reused_chain_concludes_the_same_as_a_whole_verification() {
    let guest = milan();
    let chain = snp::verify_chain(&guest.endorsements(), &pki().anchors(), NOW).unwrap();
    // ECDSA signatures are randomised: one report, twice.
    let bytes = guest.report(&REPORT_DATA);
    let parse = || Report::parse(&bytes).unwrap();
    let reused = snp::verify_report(parse(), &chain, NOW).unwrap();
    let whole = snp::verify(parse(), &guest.endorsements(), &pki().anchors(), NOW).unwrap();
    assert_eq!(reused.checks(), whole.checks());
    assert_eq!(reused.platform(), whole.platform());
}

#[test]
fn says_where_the_missing_certificate_is_published() {
    let missing = |guest: &SnpGuest| {
        let mut with = guest.endorsements();
        with.vek = None;
        let error = verify_with(guest, &with).unwrap_err();
        let VerifyError::Incomplete { missing, .. } = error else { panic!("{error}") };
        missing[0].path.clone()
    };
    let chip =
        |guest: &SnpGuest, len: usize| hex::encode(&report(guest).chip_id().as_bytes()[..len]);
    let (milan, turin) = (milan(), turin());
    assert_eq!(
        missing(&milan),
        format!("/vcek/v1/Milan/{}?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219", chip(&milan, 64))
    );
    assert_eq!(
        missing(&turin),
        format!(
            "/vcek/v1/Turin/{}?fmcSPL=01&blSPL=01&teeSPL=01&snpSPL=04&ucodeSPL=81",
            chip(&turin, 8)
        )
    );
    assert!(missing(&milan.clone().with_version(2)).starts_with("/vcek/v1/{product}/"));
    assert!(missing(&vlek()).starts_with("/vlek/v1/Milan/"));
    let masked = milan.with_fields(|report| report.chip_id = [0; 64]);
    assert!(missing(&masked).starts_with("/vcek/v1/Milan/{chip_id}?"));
}

#[test]
fn a_simulators_chain_is_never_completed_with_the_vendors() {
    for absent in ["root", "intermediate"] {
        let mut with = milan().endorsements();
        match absent {
            "root" => with.root = None,
            _ => with.intermediate = None,
        }
        let error = verify_with(&milan(), &with).unwrap_err();
        assert_eq!(error.code().id, "verify.incomplete", "{absent}");
    }
}

#[test]
fn a_wrong_report_is_refused_even_while_certificates_are_missing() {
    let guest = milan().with_fields(|report| report.signature_algo = 2);
    let with = snp::Endorsements::none();
    assert_eq!(refused_with(&guest, &with), "snp.signature_algo");
}

#[test]
fn no_step_of_an_accepted_report_failed() {
    let verified = verify(&milan()).unwrap();
    assert!(verified.checks().iter().all(|check| check.state != State::Fail));
    assert!(verified.checks().len() > 20);
}

#[test]
fn endorsements_that_do_not_parse_are_refused_with_the_reason() {
    for truncate in ["vek", "intermediate", "root"] {
        let mut with = milan().endorsements();
        let part = match truncate {
            "vek" => &mut with.vek,
            "intermediate" => &mut with.intermediate,
            _ => &mut with.root,
        };
        part.as_mut().unwrap().pop();
        assert_eq!(refused_with(&milan(), &with), "x509.malformed", "{truncate}");
    }
}

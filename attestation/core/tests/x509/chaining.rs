//! Whether one certificate signed another.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::x509::{Certificate, KeyAlgorithm, SignatureAlgorithm};
use cloister_simulator::{SnpGuest, TdxGuest};

use crate::snp::guest::{milan, pki, turin};

fn parse(der: &[u8]) -> Certificate {
    Certificate::parse(der).unwrap()
}

fn chain(guest: &SnpGuest) -> [Certificate; 3] {
    [parse(&guest.vek()), parse(&guest.intermediate()), parse(&guest.root())]
}

#[test]
fn accepts_rsa_pss_and_ecdsa_chains() {
    let [leaf, intermediate, root] = chain(&milan());
    leaf.verify_signed_by(&intermediate).unwrap();
    intermediate.verify_signed_by(&root).unwrap();
    root.verify_signed_by(&root).unwrap();
    assert_eq!(leaf.signature_algorithm(), SignatureAlgorithm::RsaPssSha384);
    assert_eq!(
        (root.key_algorithm(), leaf.key_algorithm()),
        (KeyAlgorithm::Rsa, KeyAlgorithm::EcP384)
    );
    let guest = TdxGuest::new(pki());
    let [pck, authority, root] =
        [guest.pck_certificate(), guest.pck_authority(), guest.root()].map(|der| parse(&der));
    pck.verify_signed_by(&authority).unwrap();
    authority.verify_signed_by(&root).unwrap();
    assert_eq!(pck.signature_algorithm(), SignatureAlgorithm::EcdsaP256Sha256);
}

#[test]
fn a_key_pin_is_the_digest_of_the_public_key_info() {
    let [_, _, root] = chain(&milan());
    assert_eq!(root.key_pin(), Digest48::sha384(root.spki()));
    assert_eq!(root.key_pin(), pki().anchor().milan);
}

#[test]
fn rejects_another_issuer_by_its_name() {
    let [leaf, intermediate, root] = chain(&milan());
    assert_eq!(leaf.verify_signed_by(&root).unwrap_err().code().id, "x509.issuer");
    assert_eq!(root.verify_signed_by(&intermediate).unwrap_err().code().id, "x509.issuer");
    let other = parse(&turin().root());
    assert_eq!(intermediate.verify_signed_by(&other).unwrap_err().code().id, "x509.issuer");
}

#[test]
fn rejects_another_key_under_the_same_name() {
    let [leaf, ..] = chain(&milan());
    let [.., root] = chain(&milan());
    let impostor = milan().with_intermediate({
        let spki = root.spki().to_vec();
        move |ask| ask.spki.clone_from(&spki)
    });
    let error = leaf.verify_signed_by(&parse(&impostor.intermediate())).unwrap_err();
    assert_eq!(error.code().id, "x509.signature");
}

#[test]
fn rejects_an_issuer_whose_key_is_of_another_kind() {
    let [leaf, ..] = chain(&milan());
    let p384 = leaf.spki().to_vec();
    let impostor = milan().with_intermediate(move |ask| ask.spki.clone_from(&p384));
    let error = leaf.verify_signed_by(&parse(&impostor.intermediate())).unwrap_err();
    assert_eq!(error.code().id, "x509.signature");
}

#[test]
fn flipping_any_bit_of_a_certificate_is_noticed() {
    let guest = milan();
    let intermediate = parse(&guest.intermediate());
    let genuine = guest.vek();
    for bit in 0..genuine.len() * 8 {
        let mut changed = genuine.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let accepted =
            Certificate::parse(&changed).is_ok_and(|c| c.verify_signed_by(&intermediate).is_ok());
        assert!(!accepted, "bit {} of byte {}", bit % 8, bit / 8);
    }
}

/// The key is read once and kept: what it refused or took before has no part in what comes next.
#[test]
fn one_issuer_judges_each_certificate_by_itself() {
    let [leaf, intermediate, root] = chain(&milan());
    let forged = {
        let mut der = leaf.as_der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        parse(&der)
    };
    let p384 = leaf.spki().to_vec();
    let other_key =
        parse(&milan().with_intermediate(move |c| c.spki.clone_from(&p384)).intermediate());
    for issuer in [intermediate.clone(), intermediate] {
        for _ in 0..2 {
            leaf.verify_signed_by(&issuer).unwrap();
            assert_eq!(forged.verify_signed_by(&issuer).unwrap_err().code().id, "x509.signature");
        }
    }
    for _ in 0..2 {
        assert_eq!(leaf.verify_signed_by(&other_key).unwrap_err().code().id, "x509.signature");
        root.verify_signed_by(&root).unwrap();
    }
}

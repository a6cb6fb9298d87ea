//! Who signed, and that nothing was changed since.

use cloister_attestation::bundle::{Bundle, BundleError};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::key::{KeyError, PublicKey, SigningKey};
use cloister_attestation::limits::BUNDLE_BYTES_MAX;
use cloister_attestation::snp::Product;
use cloister_simulator::SnpGuest;

use super::fleet::{believed, bundle, operator, pki, snp};

fn small() -> Vec<u8> {
    bundle(&[snp(&SnpGuest::new(pki(), Product::Milan))]).sign(operator()).unwrap()
}

#[test]
fn rejects_a_bundle_with_any_one_byte_changed() {
    let bytes = small();
    assert!(Bundle::open(&bytes, &believed()).is_ok());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(Bundle::open(&changed, &believed()).is_err(), "byte {at} of {}", bytes.len());
    }
}

#[test]
fn rejects_a_bundle_that_is_cut_or_goes_on() {
    let bytes = small();
    for len in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        assert!(Bundle::open(&bytes[..len], &believed()).is_err(), "{len}");
    }
    assert!(Bundle::open(&[bytes.as_slice(), &[0]].concat(), &believed()).is_err());
    let huge = vec![0; BUNDLE_BYTES_MAX + 1];
    assert!(matches!(Bundle::open(&huge, &believed()), Err(BundleError::Malformed { .. })));
}

#[test]
fn rejects_another_signer_and_names_both() {
    let other = Digest48::sha384(b"somebody else");
    let refused = Bundle::open(&small(), &other).unwrap_err();
    assert_eq!(refused, BundleError::Signer { expected: other, observed: believed() });
}

#[test]
fn keys_are_read_back_from_their_files_and_from_no_other_text() {
    let private = SigningKey::generate_pem().unwrap();
    let key = SigningKey::from_pem(&private).unwrap();
    let public = key.public().to_pem();
    assert_eq!(PublicKey::from_pem(&public).unwrap(), *key.public());
    for wrong in ["", "no key", &public, &private.replace("PRIVATE", "EC PRIVATE")] {
        assert_eq!(SigningKey::from_pem(wrong).unwrap_err(), KeyError::Stored);
    }
    for wrong in ["", private.as_str()] {
        assert_eq!(PublicKey::from_pem(wrong).unwrap_err(), KeyError::Malformed);
    }
}

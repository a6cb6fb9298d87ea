//! Nothing panics, and what parses is what was given.

use std::sync::LazyLock;

use cloister_attestation::x509::{Certificate, Crl, pem};
use proptest::prelude::*;

use crate::snp::guest::milan;

static VEK: LazyLock<Vec<u8>> = LazyLock::new(|| milan().vek());
static CRL: LazyLock<Vec<u8>> =
    LazyLock::new(|| milan().with_crl(|crl| crl.revoked.extend([vec![7], vec![8]])).crl());

/// Real bytes with some changed, cut or repeated.
fn mangled(genuine: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let change = (0..genuine.len(), any::<u8>());
    (proptest::collection::vec(change, 0..6), 0..=genuine.len(), 0usize..3).prop_map(
        |(changes, len, copies)| {
            let mut bytes = genuine.to_vec();
            changes.into_iter().for_each(|(at, value)| bytes[at] = value);
            if copies == 0 { bytes[..len].to_vec() } else { bytes.repeat(copies) }
        },
    )
}

proptest! {
    #[test]
    fn parsing_arbitrary_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Certificate::parse(&bytes);
        let _ = Crl::parse(&bytes);
        let _ = pem::certificates(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn parsing_mangled_certificates_never_panics_and_keeps_the_bytes(bytes in mangled(&VEK)) {
        if let Ok(certificate) = Certificate::parse(&bytes) {
            prop_assert_eq!(certificate.as_der(), bytes.as_slice());
        }
    }

    #[test]
    fn parsing_mangled_lists_never_panics_and_keeps_the_bytes(bytes in mangled(&CRL)) {
        if let Ok(crl) = Crl::parse(&bytes) {
            prop_assert_eq!(crl.as_der(), bytes.as_slice());
        }
    }
}

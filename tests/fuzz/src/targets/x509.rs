//! Certificates, CRLs and PEM.

use cloister_attestation::limits::{CERTIFICATE_BYTES_MAX, CRL_BYTES_MAX, ENDORSEMENT_BYTES_MAX};
use cloister_attestation::snp::{self, Product, SigningKey};
use cloister_attestation::tdx;
use cloister_attestation::x509::{Certificate, Crl, pem};
use cloister_simulator::certificate;
use der::{Decode as _, Encode as _};

use super::{QUICK, outcome, twice};
use crate::world;
use crate::{Outcome, Target};

pub(super) const CERTIFICATE: Target = Target {
    name: "x509-certificate",
    run: certificate_,
    seeds: certificates,
    bytes_max: CERTIFICATE_BYTES_MAX + 64,
    quick_inputs: QUICK,
};

pub(super) const CRL: Target =
    Target { name: "x509-crl", run: crl, seeds: crls, bytes_max: 8 * 1024, quick_inputs: QUICK };

pub(super) const PEM: Target = Target {
    name: "x509-pem",
    run: pem_,
    seeds: chains,
    bytes_max: ENDORSEMENT_BYTES_MAX + 64,
    quick_inputs: QUICK,
};

/// An accepted certificate is one to an independent reader too, with the same contents, and is the
/// one encoding of what that reader found.
fn certificate_(data: &[u8]) -> Outcome {
    let parsed = twice(data, Certificate::parse);
    if let Some(certificate) = &parsed {
        assert!(data.len() <= CERTIFICATE_BYTES_MAX);
        assert_eq!(certificate.as_der(), data);
        let other = x509_cert::Certificate::from_der(data).expect("an independent reader agrees");
        assert_eq!(other.to_der().expect("it encodes"), data, "not the canonical encoding");
        let tbs = other.tbs_certificate();
        assert_eq!(tbs.to_der().expect("it encodes"), certificate.tbs());
        assert_eq!(tbs.subject().to_der().expect("it encodes"), certificate.subject().as_der());
        assert_eq!(tbs.issuer().to_der().expect("it encodes"), certificate.issuer().as_der());
        let ends = tbs.validity().not_after.to_unix_duration().as_secs();
        assert_eq!(certificate.not_after().as_secs(), ends);
        let theirs = tbs.extensions().map_or(0, |all| all.len());
        assert_eq!(certificate.extensions().count(), theirs);
        // Whatever it says about itself, asking is safe.
        let _by_itself = certificate.verify_signed_by(certificate);
    }
    outcome(&parsed)
}

fn crl(data: &[u8]) -> Outcome {
    let parsed = twice(data, Crl::parse);
    if let Some(crl) = &parsed {
        assert!(data.len() <= CRL_BYTES_MAX);
        assert_eq!(crl.as_der(), data);
        let other: x509_cert::crl::CertificateList =
            x509_cert::crl::CertificateList::from_der(data).expect("an independent reader agrees");
        assert_eq!(other.to_der().expect("it encodes"), data, "not the canonical encoding");
        let revoked = other.tbs_cert_list.revoked_certificates.unwrap_or_default();
        assert_eq!(crl.revoked_count(), revoked.len());
        for entry in &revoked {
            assert!(crl.revokes(entry.serial_number.as_bytes()), "a revoked serial is not found");
        }
    }
    outcome(&parsed)
}

/// The blocks of a text, written again, read the same.
fn pem_(data: &[u8]) -> Outcome {
    let Ok(text) = core::str::from_utf8(data) else { return Outcome::Refused };
    let parsed = twice(data, |_| pem::blocks(text));
    if let Some(blocks) = &parsed {
        assert!(data.len() <= ENDORSEMENT_BYTES_MAX);
        let again = certificate::pem(blocks.iter().map(Vec::as_slice));
        if again.len() <= ENDORSEMENT_BYTES_MAX {
            assert_eq!(&pem::blocks(&again).expect("what was written reads"), blocks);
        }
        let _certificates = pem::certificates(text);
    }
    outcome(&parsed)
}

/// Published roots and intermediates, and every kind of simulated certificate.
fn certificates() -> Vec<Vec<u8>> {
    let published = Product::ALL.into_iter().flat_map(|product| {
        let intermediate = snp::roots::intermediate(product, SigningKey::Vcek);
        [Some(snp::roots::ark(product)), intermediate]
    });
    let mut all: Vec<Vec<u8>> = published.flatten().map(<[u8]>::to_vec).collect();
    all.push(tdx::roots::INTEL_SGX_ROOT.to_vec());
    for guest in world::snp() {
        all.extend([guest.vek(), guest.intermediate()]);
    }
    if let Some(guest) = world::tdx().first() {
        all.extend([guest.pck_certificate(), guest.pck_authority(), guest.tcb_signing()]);
    }
    all
}

fn crls() -> Vec<Vec<u8>> {
    let amd = world::snp()
        .into_iter()
        .take(1)
        .map(|guest| guest.with_crl(|crl| crl.revoked.extend([vec![1], vec![0x7f; 20]])).crl());
    let intel = world::tdx().into_iter().take(1).flat_map(|guest| {
        let parts = guest.collateral_parts();
        [parts.root_ca_crl, parts.pck_crl].map(|text| hex::decode(text).expect("hex"))
    });
    amd.chain(intel).collect()
}

fn chains() -> Vec<Vec<u8>> {
    let parts = world::tdx().swap_remove(0).collateral_parts();
    [parts.pck_crl_issuer_chain, parts.tcb_info_issuer_chain, String::new()]
        .map(String::into_bytes)
        .to_vec()
}

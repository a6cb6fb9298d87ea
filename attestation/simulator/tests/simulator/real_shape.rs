//! Certificates have the shape of recorded real ones: same extensions, order, encodings.

use std::path::Path;

use cloister_attestation::bytes::ChipId;
use cloister_attestation::snp::{Product, Report};
use cloister_simulator::snp::{Tcb, VekKind};
use cloister_simulator::{SnpGuest, TdxGuest};
use der::Decode;
use x509_cert::Certificate;

use crate::support::{pki, vectors};

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

fn pem(text: &[u8]) -> Certificate {
    let (_, der) = pem_rfc7468::decode_vec(text).unwrap();
    certificate(&der)
}

/// Identifier, criticality and value of every extension.
fn extensions(certificate: &Certificate) -> Vec<(String, bool, Vec<u8>)> {
    let all = certificate.tbs_certificate().extensions().cloned().unwrap_or_default();
    let plain = |e: x509_cert::ext::Extension| {
        (e.extn_id.to_string(), e.critical, e.extn_value.as_bytes().to_vec())
    };
    all.into_iter().map(plain).collect()
}

fn identifiers(certificate: &Certificate) -> Vec<(String, bool)> {
    extensions(certificate).into_iter().map(|(oid, critical, _)| (oid, critical)).collect()
}

/// The chip and the TCB of a recorded report, so that the whole extension list has to be equal.
fn like(report: &Path, product: Product) -> SnpGuest {
    let report = Report::parse(&read(report)).unwrap();
    let raw = report.as_bytes();
    let tcb = &raw[0x180..0x188];
    let tcb = match product {
        Product::Milan | Product::Genoa => {
            Tcb { fmc: 0, boot_loader: tcb[0], tee: tcb[1], snp: tcb[6], microcode: tcb[7] }
        }
        Product::Turin => {
            Tcb { fmc: tcb[0], boot_loader: tcb[1], tee: tcb[2], snp: tcb[3], microcode: tcb[7] }
        }
    };
    let chip = ChipId::from_slice(&raw[0x1a0..0x1e0]).unwrap();
    SnpGuest::new(&pki(), product).with_tcb(tcb).with_chip_id(chip)
}

#[test]
fn vcek_certificates_have_the_extensions_of_real_ones_byte_for_byte() {
    let Some(vectors) = vectors() else { return };
    let cases = [
        ("milan-v3-dstack", Product::Milan),
        ("genoa-v3-ms-teeav", Product::Genoa),
        ("turin-v5-ms-teeav", Product::Turin),
    ];
    for (case, product) in cases {
        let folder = vectors.join("snp").join(case);
        let real = certificate(&read(&folder.join("vcek.der")));
        let ours = certificate(&like(&folder.join("report.bin"), product).vek());
        assert_eq!(extensions(&ours), extensions(&real), "{case}");
        assert_eq!(ours.signature_algorithm(), real.signature_algorithm(), "{case}");
        let (ours, real) = (ours.tbs_certificate(), real.tbs_certificate());
        assert_eq!(ours.serial_number(), real.serial_number(), "{case}");
    }
}

#[test]
fn vlek_certificates_have_the_extensions_of_a_real_one_byte_for_byte() {
    let Some(vectors) = vectors() else { return };
    let folder = vectors.join("snp/milan-v3-vlek-trustee");
    let csp_id = "CN=cc-us-east-2.amazonaws.com".to_owned();
    let guest = like(&folder.join("report.bin"), Product::Milan).with_vek(VekKind::Vlek { csp_id });
    let real = certificate(&read(&folder.join("vlek.der")));
    assert_eq!(extensions(&certificate(&guest.vek())), extensions(&real));
}

#[test]
fn roots_and_intermediates_have_the_algorithms_serials_and_extensions_of_real_ones() {
    let Some(vectors) = vectors() else { return };
    for product in Product::ALL {
        let name = product.to_string().to_lowercase();
        let real = |role: &str| pem(&read(&vectors.join(format!("snp/roots/{name}_{role}.pem"))));
        let vcek = SnpGuest::new(&pki(), product);
        let vlek = vcek.clone().with_vek(VekKind::Vlek { csp_id: String::new() });
        let pairs = [
            (vcek.root(), real("ark")),
            (vcek.intermediate(), real("ask")),
            (vlek.intermediate(), real("asvk")),
        ];
        for (ours, real) in pairs {
            let ours = certificate(&ours);
            assert_eq!(identifiers(&ours), identifiers(&real), "{product}");
            assert_eq!(ours.signature_algorithm(), real.signature_algorithm(), "{product}");
            let (ours, real) = (ours.tbs_certificate(), real.tbs_certificate());
            assert_eq!(ours.serial_number(), real.serial_number(), "{product}");
            assert_eq!(
                ours.subject_public_key_info().algorithm,
                real.subject_public_key_info().algorithm,
                "{product}"
            );
        }
    }
}

#[test]
fn the_pck_certificate_has_the_extension_of_a_real_one_byte_for_byte() {
    let Some(vectors) = vectors() else { return };
    let quote = read(&vectors.join("tdx/v4-dcapqvl/quote.bin"));
    let start = quote.windows(11).position(|window| window == b"-----BEGIN ").unwrap();
    let end = "-----END CERTIFICATE-----\n";
    let text = String::from_utf8_lossy(&quote[start..]).into_owned();
    let real = pem(text.split_inclusive(end).next().unwrap().as_bytes());
    let guest = TdxGuest::new(&pki()).with_pck_fields(|pck| {
        pck.ppid = array("811DCA2A26B952E85BB6448B097BA4FD");
        pck.components = array("03030202040100050000000000000000");
        pck.cpu_svn = pck.components;
        pck.pce_svn = 11;
        pck.fmspc = array("B0C06F000000");
        pck.platform.as_mut().unwrap().instance_id = array("07828474603E7019DC930775FFE8CDD2");
    });
    let ours = certificate(&guest.pck_certificate());
    assert_eq!(identifiers(&ours), identifiers(&real));
    assert_eq!(extensions(&ours).last(), extensions(&real).last());
    assert_eq!(ours.signature_algorithm(), real.signature_algorithm());
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn intels_documents_have_the_fields_of_real_ones_in_the_same_order() {
    let Some(vectors) = vectors() else { return };
    let real: serde_json::Value =
        serde_json::from_slice(&read(&vectors.join("tdx/v4-dcapqvl/collateral.json"))).unwrap();
    let ours = TdxGuest::new(&pki()).collateral_parts();
    for (ours, real) in
        [(&ours.tcb_info, &real["tcb_info"]), (&ours.qe_identity, &real["qe_identity"])]
    {
        let real = real.as_str().unwrap();
        assert_eq!(top_level_keys(ours), top_level_keys(real));
    }
}

/// Keys at depth one, in the order of the text. No text in these documents has a quote or brace.
fn top_level_keys(text: &str) -> Vec<String> {
    let (mut depth, mut keys) = (0_u32, Vec::new());
    let parts: Vec<&str> = text.split('"').collect();
    for (index, part) in parts.iter().enumerate() {
        let is_text = index % 2 == 1;
        if is_text && depth == 1 && parts[index + 1].starts_with(':') {
            keys.push((*part).to_owned());
        } else if !is_text {
            let opened = part.matches(['{', '[']).count();
            let closed = part.matches(['}', ']']).count();
            depth = depth + u32::try_from(opened).unwrap() - u32::try_from(closed).unwrap();
        }
    }
    keys
}

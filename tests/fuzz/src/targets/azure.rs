//! Azure: the HCL report, and what its virtual TPM signs.

use cloister_attestation::azure::HclReport;
use cloister_attestation::limits::HCL_REPORT_BYTES_MAX;
use cloister_attestation::tpm::{PcrValues, PublicArea, Quote, Signature};

use super::{QUICK, outcome, twice};
use crate::world::{REPORT_DATA, snp};
use crate::{Outcome, Target};

pub(super) const HCL_REPORT: Target = Target {
    name: "azure-hcl-report",
    run: hcl_report,
    seeds: hcl_reports,
    bytes_max: HCL_REPORT_BYTES_MAX + 64,
    quick_inputs: QUICK,
};

pub(super) const TPM_QUOTE: Target =
    Target { name: "tpm-quote", run: quote, seeds: quotes, bytes_max: 512, quick_inputs: QUICK };

pub(super) const TPM_SIGNATURE: Target = Target {
    name: "tpm-signature",
    run: signature,
    seeds: signatures,
    bytes_max: 1024,
    quick_inputs: QUICK,
};

pub(super) const TPM_PUBLIC_AREA: Target = Target {
    name: "tpm-public-area",
    run: public_area,
    seeds: public_areas,
    bytes_max: 1024,
    quick_inputs: QUICK,
};

/// The runtime data is a part of the received bytes, and only its own hash binds it.
fn hcl_report(data: &[u8]) -> Outcome {
    let parsed = twice(data, HclReport::parse);
    if let Some(report) = &parsed {
        assert!(data.len() <= HCL_REPORT_BYTES_MAX);
        assert_eq!(report.as_bytes(), data);
        let runtime = report.runtime().as_bytes();
        assert!(data.windows(runtime.len()).any(|part| part == runtime));
        assert!(report.binds_runtime_data(&report.expected_report_data()));
        assert!(data.windows(64).any(|part| part == report.report_data().as_ref()));
    }
    outcome(&parsed)
}

/// Values of another length than the selection has are no values of it.
fn quote(data: &[u8]) -> Outcome {
    let parsed = twice(data, Quote::parse);
    if let Some(quote) = &parsed {
        assert_eq!(quote.as_bytes(), data);
        let selection = quote.selection();
        let selected = selection.iter().count();
        let length = selected * selection.bank().digest_bytes();
        let values = PcrValues::parse(*selection, &vec![7; length]).expect("one value for each");
        assert_eq!(values.iter().count(), selected);
        assert!(PcrValues::parse(*selection, &vec![7; length + 1]).is_err());
    }
    outcome(&parsed)
}

fn signature(data: &[u8]) -> Outcome {
    let parsed = twice(data, Signature::parse);
    if let Some(signature) = &parsed {
        assert!(signature.value().len() <= data.len());
    }
    outcome(&parsed)
}

fn public_area(data: &[u8]) -> Outcome {
    let parsed = twice(data, PublicArea::parse);
    if let Some(modulus) = parsed.as_ref().and_then(|area| area.key().modulus()) {
        assert!(data.ends_with(modulus) && modulus.len() >= 256);
    }
    outcome(&parsed)
}

/// A report of a simulated guest below a header as the paravisor writes it.
fn hcl_reports() -> Vec<Vec<u8>> {
    let modulus = "w".repeat(342);
    let runtime = format!(
        r#"{{"keys":[{{"kid":"HCLAkPub","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":"{modulus}"}}],"vm-configuration":{{"secure-boot":true,"console-enabled":false,"tpm-enabled":true,"vmUniqueId":"6d-2a"}},"user-data":"00"}}"#
    );
    let snp = snp().swap_remove(0).report(&REPORT_DATA);
    let tdx = [&[0x81, 0, 1, 0][..], &[0; 1020 + 160]].concat();
    [(2, snp), (4, tdx)].map(|(kind, hardware)| wrapped(kind, &hardware, &runtime)).to_vec()
}

fn wrapped(kind: u32, hardware: &[u8], runtime: &str) -> Vec<u8> {
    let length = u32::try_from(runtime.len()).expect("a few hundred bytes");
    let size = 32 + 1184 + 20 + length;
    let header = [size, 2, 0, 0, 0, 0];
    let request = [20 + length, 1, kind, 1, length];
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let (header, request): (Vec<u8>, Vec<u8>) = (words(&header), words(&request));
    [b"HCLA", &[2, 0, 0, 0][..], &header, hardware, &request, runtime.as_bytes(), &[0; 9]].concat()
}

/// Two bytes of length, big-endian, then the bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a few hundred bytes");
    [length.to_be_bytes().as_slice(), bytes].concat()
}

fn quotes() -> Vec<Vec<u8>> {
    [[0xff, 0xff, 0], [0x80, 0, 1]]
        .map(|select| {
            let parts = [
                &[0xff, 0x54, 0x43, 0x47, 0x80, 0x18][..],
                &sized(&[&[0, 0x0b][..], &[1; 32]].concat()),
                &sized(&[2; 32]),
                &[[0; 16].as_slice(), &[1]].concat(),
                &[3; 8],
                &[0, 0, 0, 1, 0, 0x0b, 3],
                &select,
                &sized(&[4; 32]),
            ];
            parts.concat()
        })
        .to_vec()
}

fn signatures() -> Vec<Vec<u8>> {
    let rsa = [&[0, 0x14, 0, 0x0b][..], &sized(&[5; 256])].concat();
    let ecdsa = [&[0, 0x18, 0, 0x0b][..], &sized(&[6; 32]), &sized(&[7; 32])].concat();
    vec![rsa, ecdsa]
}

/// Restricted, for signing, made in the TPM and bound to it.
const ATTRIBUTES: [u8; 4] = [0, 0x05, 0, 0x32];

fn public_areas() -> Vec<Vec<u8>> {
    let head = |kind: u8| [&[0, kind, 0, 0x0b][..], &ATTRIBUTES, &sized(&[])].concat();
    let rsa = [&head(1)[..], &[0, 0x10, 0, 0x14, 0, 0x0b, 8, 0, 0, 0, 0, 0], &sized(&[0xc3; 256])];
    let ecc = [
        &head(0x23)[..],
        &[0, 0x10, 0, 0x18, 0, 0x0b, 0, 3, 0, 0x10],
        &sized(&[8; 32]),
        &sized(&[9; 32]),
    ];
    vec![rsa.concat(), ecc.concat()]
}

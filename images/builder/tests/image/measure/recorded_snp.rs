//! Launch digests that others recorded.

use cloister_attestation::bytes::Digest48;
use cloister_image::measure::MeasureError;
use cloister_image::measure::firmware::Firmware;
use cloister_image::measure::snp::{Cpu, GuestFeatures, KernelHashes, Launched, Processors, Vmm};
use serde_json::Value;

use super::vectors::{folder, json};

struct Case {
    firmware: Vec<u8>,
    firmware_digest: Option<Digest48>,
    hashes: Option<KernelHashes>,
    vmm: Vmm,
    processors: Processors,
}

impl Case {
    fn digest(&self) -> Result<String, MeasureError> {
        let firmware = Firmware::parse(&self.firmware)?;
        let hashes = self.hashes.as_ref();
        let launched = match self.firmware_digest {
            Some(digest) => Launched::with_firmware_digest(digest, &firmware, hashes, self.vmm)?,
            None => Launched::new(&firmware, hashes, self.vmm)?,
        };
        launched.digest(&self.processors).map(|digest| digest.to_string())
    }
}

fn hashes(append: Option<&str>) -> KernelHashes {
    KernelHashes::new(b"", b"", append.unwrap_or_default()).unwrap()
}

fn vmm(name: &str) -> Vmm {
    match name {
        "QEMU" => Vmm::Qemu,
        "ec2" => Vmm::Ec2,
        "gce" => Vmm::Gce,
        other => panic!("{other}"),
    }
}

fn of_python(folder: &std::path::Path, case: &Value) -> Case {
    let text = |key: &str| case[key].as_str();
    let firmware = std::fs::read(folder.join(text("ovmf_file").unwrap())).unwrap();
    let digest = text("snp_ovmf_hash_str").filter(|it| !it.is_empty());
    // Where no signature is recorded the VMM does not use one.
    let cpu = Cpu::from_name("EPYC-v4").unwrap();
    assert!(case["vcpu_sig"].as_u64().is_none_or(|it| it == u64::from(cpu.signature())));
    Case {
        firmware,
        firmware_digest: digest.map(|it| it.parse().unwrap()),
        hashes: text("kernel").map(|_| hashes(text("append"))),
        vmm: vmm(text("vmm_type").unwrap()),
        processors: Processors {
            vcpus: case["vcpus"].as_u64().unwrap().try_into().unwrap(),
            cpu,
            features: GuestFeatures::new(case["guest_features"].as_u64().unwrap()).unwrap(),
        },
    }
}

#[test]
fn launch_digests_are_those_that_sev_snp_measure_asserts() {
    let Some(folder) = folder("measurement/snp-sev-snp-measure") else { return };
    let cases = json(&folder, "vectors.json");
    let mut asserted = 0;
    for case in cases.as_array().unwrap().iter().filter(|case| case["mode"] == "SEV_SNP") {
        let digest = of_python(&folder, case).digest();
        match case["expected_launch_digest"].as_str() {
            Some(expected) => assert_eq!(digest.unwrap(), expected, "{}", case["name"]),
            None => assert_eq!(digest.unwrap_err(), MeasureError::KernelHashes, "{}", case["name"]),
        }
        asserted += 1;
    }
    assert_eq!(asserted, 11, "every recorded SEV-SNP case");
}

#[test]
fn launch_digests_are_those_that_the_sev_crate_asserts() {
    let Some(folder) = folder("measurement/snp-virtee-sev-crate") else { return };
    let cases = json(&folder, "vectors.json");
    let mut asserted = 0;
    for case in cases.as_array().unwrap() {
        let Some(case) = of_rust(&folder, case) else { continue };
        let (case, expected, name) = case;
        match (case.digest(), expected) {
            (Ok(digest), Some(expected)) => assert_eq!(digest, expected, "{name}"),
            (Err(MeasureError::KernelHashes), None) => {}
            (other, expected) => panic!("{name}: {other:?}, not {expected:?}"),
        }
        asserted += 1;
    }
    assert!(asserted >= 12, "{asserted}");
}

/// One of the sev crate's cases, if it is about an SNP launch.
fn of_rust(folder: &std::path::Path, case: &Value) -> Option<(Case, Option<String>, String)> {
    let name = case["name"].as_str()?.to_owned();
    let arguments = case["args"].as_object()?;
    let argument = |key: &str| arguments.get(key).and_then(Value::as_str);
    let quoted = |text: &str| text.split('"').nth(1).map(str::to_owned);
    let features = argument("guest_features")?;
    let features = features.trim_start_matches("GuestFeatures(0x").trim_end_matches(')');
    let ovmf = if name.contains("ovmfx64") { "OvmfX64" } else { "AmdSev" };
    let by_digest = argument("ovmf_hash_str")? != "None";
    let digest = by_digest.then(|| case["hashes"][0].as_str().unwrap().parse().unwrap());
    let ec2 = argument("vmm_type")?.contains("EC2");
    let hashes = (argument("kernel_file")? != "None")
        .then(|| hashes(argument("append").and_then(quoted).as_deref()));
    let case_ = Case {
        firmware: std::fs::read(folder.join(format!("ovmf_{ovmf}_suffix.bin"))).unwrap(),
        firmware_digest: digest,
        hashes,
        vmm: if ec2 { Vmm::Ec2RdxZero } else { Vmm::Qemu },
        processors: Processors {
            vcpus: argument("vcpus")?.parse().unwrap(),
            cpu: Cpu::from_name("EPYC-v4").unwrap(),
            features: GuestFeatures::new(u64::from_str_radix(features, 16).unwrap()).unwrap(),
        },
    };
    let expected = case["expected"].as_str().filter(|it| it.len() == 96).map(str::to_owned);
    Some((case_, expected, name))
}

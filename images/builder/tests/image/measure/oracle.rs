//! The same launch digests by an implementation that is not ours: the Python `sev-snp-measure`,
//! which is installed, pinned, into the cache.

use std::path::Path;
use std::process::Command;

use cloister_devnet::python::Python;
use cloister_image::measure::snp::{
    Cpu, GuestFeatures, KernelHashes, Launch, Processors, Vmm, launch_digest,
};
use serde_json::{Value, json};

use super::synthetic::{Firmware, kernel};

const CPUS: [&str; 9] = [
    "EPYC",
    "EPYC-IBPB",
    "EPYC-v3",
    "EPYC-v4",
    "EPYC-Rome-v3",
    "EPYC-Milan",
    "EPYC-Milan-v2",
    "EPYC-Genoa-v1",
    "EPYC-Turin",
];
const VCPUS: [u32; 5] = [1, 2, 4, 17, 64];
const FEATURES: [u64; 3] = [0x1, 0x21, 0x8201];
const VMMS: [(&str, Vmm); 3] = [("qemu", Vmm::Qemu), ("ec2", Vmm::Ec2), ("gce", Vmm::Gce)];
/// What is booted: no initrd, an ordinary one, a long line, one that ends a page.
const BOOTS: [(&[u8], &str); 4] = [
    (b"", ""),
    (b"initrd", "console=ttyS0 quiet panic=-1"),
    (&[7; 4096], "a=b c=d"),
    (b"\0", "\u{fc}ber alles"),
];

struct Files<'a> {
    folder: &'a Path,
    firmware: Vec<Vec<u8>>,
    kernel: Vec<u8>,
}

impl Files<'_> {
    fn write(&self) {
        for (index, firmware) in self.firmware.iter().enumerate() {
            std::fs::write(self.folder.join(format!("firmware{index}")), firmware).unwrap();
        }
        std::fs::write(self.folder.join("kernel"), &self.kernel).unwrap();
        for (index, (initrd, _)) in BOOTS.iter().enumerate() {
            std::fs::write(self.folder.join(format!("initrd{index}")), initrd).unwrap();
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

/// Every combination by turns: as many shapes as the longest list allows, with each value of each
/// list beside each of the next.
fn shapes(files: &Files<'_>) -> Vec<(Value, String)> {
    let mut shapes = Vec::new();
    for (turn, cpu) in CPUS.iter().enumerate() {
        for (step, (name, vmm)) in VMMS.iter().enumerate() {
            for (third, (initrd, cmdline)) in BOOTS.iter().enumerate() {
                let vcpus = VCPUS[(turn + step + third) % VCPUS.len()];
                let features = FEATURES[(turn + third) % FEATURES.len()];
                let firmware = (turn + step + third) % files.firmware.len();
                let hashes = KernelHashes::new(&files.kernel, initrd, cmdline).unwrap();
                let launch = Launch {
                    firmware: &files.firmware[firmware],
                    boots: &hashes,
                    vmm: *vmm,
                    processors: Processors {
                        vcpus,
                        cpu: Cpu::from_name(cpu).unwrap(),
                        features: GuestFeatures::new(features).unwrap(),
                    },
                };
                let told = json!({
                    "vcpus": vcpus, "cpu": cpu, "features": features,
                    "vmm": name, "cmdline": cmdline, "kernel": files.path("kernel"),
                    "initrd": files.path(&format!("initrd{third}")),
                    "firmware": files.path(&format!("firmware{firmware}")),
                });
                shapes.push((told, launch_digest(&launch).unwrap().to_string()));
            }
        }
    }
    shapes
}

/// OVMF's AmdSev build, as the distribution ships it.
fn packaged() -> Option<Vec<u8>> {
    let folder = crate::packages::unpacked("ovmf-amdsev")?;
    Some(std::fs::read(folder.join("usr/share/ovmf/OVMF.amdsev.fd")).unwrap())
}

#[tokio::test]
async fn launch_digests_are_those_of_an_independent_implementation() {
    let folder = tempfile::tempdir().unwrap();
    let smaller = Firmware {
        pages: 5,
        sev: vec![
            [0x0080_e000, 4096, 3],
            [0x0080_0000, 9 * 4096, 1],
            [0x0080_f000, 4096, 0x10],
            [0x0081_0000, 4096, 4],
            [0x0080_d000, 4096, 2],
        ],
        ..Firmware::default()
    };
    let mut firmware = vec![Firmware::default().build(), smaller.build()];
    firmware.extend(packaged());
    let files = Files { folder: folder.path(), firmware, kernel: kernel() };
    files.write();
    let shapes = shapes(&files);
    assert_eq!(shapes.len(), 108);
    let told: Vec<_> = shapes.iter().map(|(told, _)| told).collect();
    let list = folder.path().join("shapes.json");
    std::fs::write(&list, serde_json::to_vec(&told).unwrap()).unwrap();
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    let pins = oracle.join("requirements.txt");
    let python = Python::with_requirements("python-measure", &pins).await.unwrap();
    let mut command = Command::new(python.interpreter());
    let output = command.arg(oracle.join("measure.py")).arg(&list).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs = String::from_utf8(output.stdout).unwrap();
    let theirs: Vec<_> = theirs.lines().collect();
    assert_eq!(theirs.len(), shapes.len());
    for ((told, ours), theirs) in shapes.iter().zip(theirs) {
        assert_eq!(ours, theirs, "{told}");
    }
}

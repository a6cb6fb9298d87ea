//! `cloister image measure`: what is told, and what is published.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::corim::{PublisherKey, SignedCorim};
use cloister_attestation::key::SigningKey;
use cloister_attestation::time::UnixTime;
use cloister_attestation::tpm::{Digest, HashAlgorithm};
use serde_json::{Value, json};

use crate::program::{Run, cloister};

/// An image's folder, a shapes file and a publisher's key.
struct Desk {
    folder: tempfile::TempDir,
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes[at..at + field.len()].copy_from_slice(field);
}

/// A PE32+ image with sections of 512 bytes.
fn pe(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = vec![0; 0x400];
    put(&mut out, 0, b"MZ");
    put(&mut out, 0x3c, &[0x40]);
    put(&mut out, 0x40, b"PE\0\0\x64\x86");
    put(&mut out, 0x46, &[u8::try_from(sections.len()).unwrap()]);
    put(&mut out, 0x54, &[240, 0, 0, 0, 0x0b, 0x02]);
    put(&mut out, 0x58 + 32, &0x1000_u32.to_le_bytes());
    put(&mut out, 0x58 + 36, &0x200_u32.to_le_bytes());
    put(&mut out, 0x58 + 60, &0x400_u32.to_le_bytes());
    put(&mut out, 0x58 + 108, &[16]);
    for (at, (name, data)) in (0x148..).step_by(40).zip(sections) {
        let raw = u32::try_from(data.len().next_multiple_of(512)).unwrap();
        put(&mut out, at, name.as_bytes());
        put(&mut out, at + 8, &u32::try_from(data.len()).unwrap().to_le_bytes());
        put(&mut out, at + 16, &raw.to_le_bytes());
        let start = u32::try_from(out.len()).unwrap();
        put(&mut out, at + 20, &start.to_le_bytes());
        out.extend_from_slice(data);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out
}

const SHAPES: &str =
    "format = \"cloister/shapes/1\"\n[[vtpm]]\nname = \"azure snp\"\nbank = \"sha256\"\n";

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        let kernel = pe(&[(".text", &[0x90; 100])]);
        let uki = pe(&[
            (".sdmagic", b"#### LoaderInfo: systemd-stub 257 ####\0"),
            (".cmdline", b"quiet"),
            (".initrd", b"initrd"),
            (".linux", &kernel),
        ]);
        let files: [(&str, &[u8]); 5] = [
            ("kernel", &kernel),
            ("initrd", b"initrd"),
            ("cmdline", b"quiet"),
            ("image.efi", &uki),
            ("manifest.cbor", b"manifest"),
        ];
        fs::create_dir(desk.path("image")).unwrap();
        let outputs: Vec<Value> = files
            .iter()
            .map(|(name, bytes)| {
                fs::write(desk.path(&format!("image/{name}")), bytes).unwrap();
                json!({
                    "file": name,
                    "sha256": Digest::of(HashAlgorithm::Sha256, bytes).to_string(),
                    "bytes": bytes.len(),
                })
            })
            .collect();
        let description = json!({
            "format": "cloister/image/1", "name": "translator", "version": "1.1.0",
            "agent": "translator", "manifest": { "sha384": Digest48::sha384(b"manifest") },
            "inputs": [], "outputs": outputs, "toolchain": {},
        });
        fs::write(desk.path("image/image.json"), description.to_string()).unwrap();
        fs::write(desk.path("told.toml"), SHAPES).unwrap();
        let paravisor = format!(
            "{SHAPES}[vtpm.paravisor]\ntee = \"snp\"\nmeasurement = \"{}\"\nhost_data = \"{}\"\n",
            "17".repeat(48),
            "00".repeat(32)
        );
        fs::write(desk.path("pinned.toml"), paravisor).unwrap();
        desk
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn measure(&self, shape: &str, words: &[&str]) -> Run {
        let (image, shape) = (self.path("image"), self.path(shape));
        let command = ["image", "measure", &image, "--shape", &shape];
        cloister(command.iter().chain(words))
    }

    /// A key in a file of this mode; the public half.
    fn key(&self, mode: u32) -> PublisherKey {
        let pem = SigningKey::generate_pem().unwrap();
        fs::write(self.path("publisher.pem"), pem.as_bytes()).unwrap();
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.path("publisher.pem"), permissions).unwrap();
        let key = SigningKey::from_pem(&pem).unwrap();
        PublisherKey::from_pem(&key.public().to_pem()).unwrap()
    }

    fn publish(&self, shape: &str, words: &[&str]) -> Run {
        let (corim, key) = (self.path("out.corim"), self.path("publisher.pem"));
        let publish = ["--corim", &corim, "--key", &key, "--signer", "example.org"];
        self.measure(shape, &[&publish, words].concat())
    }
}

#[test]
fn predictions_are_told_within_eighty_columns_and_whole_as_json() {
    let desk = Desk::new();
    let run = desk.measure("told.toml", &[]);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    assert!(run.stdout.contains("note: Computed, not measured"), "{}", run.stdout);
    let json = desk.measure("told.toml", &["--json"]).json();
    let values = json["predictions"][0]["values"].as_object().unwrap();
    for register in ["PCR4", "PCR9", "PCR11"] {
        let hex = values[register].as_str().unwrap();
        assert!(hex.len() == 64 && run.stdout.contains(&hex[..32]), "{register}: {hex}");
    }
    assert!(json["predictions"][0]["tuple"].is_null() && json["corim"].is_null());
}

#[test]
fn a_published_corim_is_the_publishers_with_its_dates_and_what_it_replaces() {
    let desk = Desk::new();
    let publisher = desk.key(0o600);
    let dates = ["--valid-from", "2026-01-01T00:00:00Z", "--valid-until", "2027-01-01T00:00:00Z"];
    let run = desk.publish("pinned.toml", &[&dates[..], &["--supersedes", "1.0.0"]].concat());
    assert_eq!(run.exit, 0, "{}", run.stderr);
    let signed = SignedCorim::parse(&fs::read(desk.path("out.corim")).unwrap()).unwrap();
    let now = UnixTime::parse_rfc3339("2026-06-01T00:00:00Z").unwrap();
    let rim = signed.verified_by(&publisher, now).unwrap();
    assert_eq!((rim.values.image.as_str(), rim.values.version.as_str()), ("translator", "1.1.0"));
    assert_eq!(rim.values.manifest, Digest48::sha384(b"manifest"));
    assert_eq!((rim.values.shapes.len(), rim.replaces), (1, vec!["1.0.0".to_owned()]));
    assert_eq!(signed.signer(), "example.org");
}

#[test]
fn nothing_is_published_that_nobody_could_admit() {
    let desk = Desk::new();
    desk.key(0o600);
    let until = ["--valid-until", "2027-01-01T00:00:00Z"];
    let refused = |shape: &str, words: &[&str]| {
        let run = desk.publish(shape, &[words, &["--json"]].concat());
        assert_eq!(run.exit, 1, "{}", run.stdout);
        assert!(!desk.folder.path().join("out.corim").exists());
        run.json()["error"]["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused("told.toml", &until), "image.measure.tuples");
    let itself = [&until[..], &["--supersedes", "1.1.0"]].concat();
    assert_eq!(refused("pinned.toml", &itself), "cli.settings");
    let never = [&until[..], &["--valid-from", "2028-01-01T00:00:00Z"]].concat();
    assert_eq!(refused("pinned.toml", &never), "cli.settings");
    assert_eq!(refused("pinned.toml", &["--valid-until", "tomorrow"]), "cli.settings");
    desk.key(0o644);
    assert_eq!(refused("pinned.toml", &until), "cli.key");
    desk.key(0o600);
    fs::write(desk.path("image/initrd"), b"initrD").unwrap();
    assert_eq!(refused("pinned.toml", &until), "image.folder");
}

//! A built image that was changed since.

use std::fs;
use std::path::Path;

use cloister_image::folder::ImageFolder;

/// An image whose files are their own names.
fn image(folder: &Path) -> serde_json::Value {
    let files = ["kernel", "initrd", "cmdline", "image.efi", "manifest.cbor"];
    let outputs: Vec<_> = files
        .iter()
        .map(|file| {
            fs::write(folder.join(file), file).unwrap();
            serde_json::json!({
                "file": file,
                "sha256": cloister_image::digest::Sha256::of(file.as_bytes()),
                "bytes": file.len(),
            })
        })
        .collect();
    let manifest = cloister_attestation::bytes::Digest48::sha384(b"manifest.cbor");
    let json = serde_json::json!({
        "format": "cloister/image/1", "name": "n", "version": "1", "agent": "a",
        "manifest": { "sha384": manifest.to_string() },
        "inputs": [], "outputs": outputs, "toolchain": {},
    });
    write(folder, &json);
    json
}

fn write(folder: &Path, json: &serde_json::Value) {
    fs::write(folder.join("image.json"), json.to_string()).unwrap();
}

#[test]
fn every_changed_or_missing_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    image(folder.path());
    let opened = ImageFolder::open(folder.path()).unwrap();
    assert_eq!(opened.cmdline().unwrap(), "cmdline");
    for file in ["kernel", "initrd", "cmdline", "image.efi", "manifest.cbor"] {
        fs::write(folder.path().join(file), "changed").unwrap();
        assert!(ImageFolder::open(folder.path()).is_err(), "{file}");
        assert!(opened.read(file).is_err(), "{file}");
        fs::remove_file(folder.path().join(file)).unwrap();
        assert!(ImageFolder::open(folder.path()).is_err(), "{file}");
        fs::write(folder.path().join(file), file).unwrap();
    }
    ImageFolder::open(folder.path()).unwrap();
}

#[test]
fn a_description_that_names_other_files_or_leaves_some_out_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = image(folder.path());
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        write(folder.path(), &bad);
        assert!(ImageFolder::open(folder.path()).is_err(), "{bad}");
    };
    refused(&|json| json["outputs"][0]["file"] = "../kernel".into());
    refused(&|json| json["outputs"][0]["file"] = "/etc/passwd".into());
    refused(&|json| json["format"] = "cloister/image/2".into());
    refused(&|json| json["more"] = 1.into());
    refused(&|json| json["manifest"]["sha384"] = "00".repeat(48).into());
    refused(&|json| json["outputs"][0]["sha256"] = "00".repeat(32).into());
    refused(&|json| drop(json["outputs"].as_array_mut().unwrap().remove(0)));
    assert!(ImageFolder::open(folder.path()).is_err());
    write(folder.path(), &good);
    assert!(ImageFolder::open(folder.path()).unwrap().path("image.json").is_err());
}

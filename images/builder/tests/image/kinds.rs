//! What agents are made of: container images and Python applications, made by other programs.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use cloister_image::digest::Sha256;
use cloister_image::oci;
use cloister_image::python;
use cloister_image::tree::{Kind, Tree};
use serde_json::json;

use crate::packages::unpacked;

const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What tar makes of a folder.
fn layer(folder: &Path, options: &[&str]) -> Vec<u8> {
    let mut tar = Command::new("tar");
    tar.args(options).arg("-C").arg(folder).args(["-cf", "-", "."]);
    let output = tar.output().unwrap();
    assert!(output.status.success());
    output.stdout
}

struct Layout(PathBuf);

impl Layout {
    fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
        fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        Self(folder.to_owned())
    }

    /// Writes a blob, and returns what names it.
    fn blob(&self, media_type: &str, bytes: &[u8]) -> serde_json::Value {
        let digest = Sha256::of(bytes);
        fs::write(self.0.join(format!("blobs/sha256/{digest}")), bytes).unwrap();
        json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len() })
    }

    fn index(&self, manifests: &[serde_json::Value]) {
        let index = json!({ "schemaVersion": 2, "manifests": manifests });
        fs::write(self.0.join("index.json"), index.to_string()).unwrap();
    }

    fn manifest(&self, layers: &[serde_json::Value]) -> serde_json::Value {
        let manifest = json!({ "schemaVersion": 2, "config": {}, "layers": layers });
        self.blob(MANIFEST, manifest.to_string().as_bytes())
    }

    fn lay(&self) -> Result<Tree, String> {
        let mut tree = Tree::new();
        oci::lay(&mut tree, &self.0).map_err(|error| error.to_string())?;
        Ok(tree)
    }
}

/// An image of two layers, the second of which hides a file of the first.
fn image(folder: &Path) -> (Layout, Vec<serde_json::Value>) {
    let (below, above) = (folder.join("below"), folder.join("above"));
    let long = format!("opt/{}/{}", "d".repeat(90), "f".repeat(90));
    for (root, path) in [(&below, "bin/agent"), (&below, "etc/gone"), (&below, &long)] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, path.file_name().unwrap().as_encoded_bytes()).unwrap();
    }
    fs::set_permissions(below.join("bin/agent"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("agent", below.join("bin/link")).unwrap();
    fs::hard_link(below.join("bin/agent"), below.join("bin/same")).unwrap();
    fs::create_dir_all(above.join("etc")).unwrap();
    fs::write(above.join("etc/.wh.gone"), "").unwrap();
    let layout = Layout::new(&folder.join("layout"));
    let layers = vec![
        layout.blob(GZIP, &layer(&below, &["--format=gnu", "-z"])),
        layout.blob("application/vnd.oci.image.layer.v1.tar", &layer(&above, &["--format=pax"])),
    ];
    layout.index(&[layout.manifest(&layers)]);
    (layout, layers)
}

#[test]
fn layers_made_by_tar_are_laid_one_over_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let (layout, _) = image(folder.path());
    let tree = layout.lay().unwrap();
    assert_eq!(tree.read("/bin/link").unwrap().data(), b"agent");
    assert_eq!(tree.read("/bin/same").unwrap().permissions(), 0o755);
    assert!(tree.find("/etc/gone").unwrap().is_none());
    assert_eq!(tree.find("/etc").unwrap().unwrap().kind(), Kind::Folder);
    assert!(tree.iter().any(|(path, _)| path.len() > 180));
}

#[test]
fn a_changed_blob_another_platform_and_an_unknown_compression_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (layout, layers) = image(folder.path());
    let manifest = layout.manifest(&layers);
    let mut arm = manifest.clone();
    arm["platform"] = json!({ "architecture": "arm64", "os": "linux" });
    layout.index(&[arm.clone(), manifest.clone()]);
    layout.lay().unwrap();
    for manifests in [vec![arm], vec![manifest.clone(), manifest.clone()], vec![]] {
        layout.index(&manifests);
        assert!(layout.lay().unwrap_err().contains("linux/amd64"), "{manifests:?}");
    }
    let zstd = layout.blob("application/vnd.oci.image.layer.v1.tar+zstd", b"x");
    layout.index(&[layout.manifest(&[zstd])]);
    assert!(layout.lay().unwrap_err().contains("is not read"));

    layout.index(&[manifest]);
    let name = layers[1]["digest"].as_str().unwrap().replace("sha256:", "blobs/sha256/");
    let path = layout.0.join(name);
    let mut bytes = fs::read(&path).unwrap();
    bytes[0] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(layout.lay().unwrap_err().contains("another digest"));
}

/// Writes a tree as files, for a program to be run from it.
fn write(tree: &Tree, root: &Path) {
    for (path, entry) in tree.iter() {
        let path = root.join(path);
        if entry.kind() == Kind::Folder {
            fs::create_dir_all(&path).unwrap();
        } else if entry.kind() == Kind::Link {
            symlink(std::str::from_utf8(entry.data()).unwrap(), &path).unwrap();
        } else {
            fs::write(&path, entry.data()).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(entry.permissions())).unwrap();
        }
    }
}

#[test]
fn the_interpreter_runs_from_the_image_alone_and_imports_the_wheels() {
    let Some(packages) = unpacked("python") else { return };
    let folder = tempfile::tempdir().unwrap();
    let wheels = folder.path().join("wheels");
    fs::create_dir_all(folder.path().join("app")).unwrap();
    fs::create_dir(&wheels).unwrap();
    fs::write(folder.path().join("app/__init__.py"), "answer = 42\n").unwrap();
    let wheel = wheels.join("app-1.0-py3-none-any.whl");
    let zipped = Command::new("python3")
        .args(["-m", "zipfile", "-c"])
        .arg(&wheel)
        .arg("app/")
        .current_dir(folder.path())
        .status();
    if !zipped.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no python3 here to make a wheel with");
        return;
    }
    let mut tree = Tree::new();
    let inputs = python::lay(&mut tree, &packages, &wheels).unwrap();
    assert_eq!((inputs[0].name.as_str(), inputs[0].version.as_str()), ("app", "1.0"));
    assert!(tree.find("/usr/share/doc").unwrap().is_none());

    let root = folder.path().join("root");
    write(&tree, &root);
    let below = |path: &str| root.join(path).display().to_string();
    let libraries =
        format!("{}:{}", below("lib/x86_64-linux-gnu"), below("usr/lib/x86_64-linux-gnu"));
    let code =
        "import asyncio, ssl, sqlite3, zlib, bz2, lzma, ctypes, uuid, app; print(app.answer)";
    let output = Command::new(root.join("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"))
        .args(["--library-path", &libraries])
        .arg(root.join("usr/bin/python3.11"))
        .args(["-S", "-c", code])
        .env_clear()
        .env("PYTHONHOME", root.join("usr"))
        .env("PYTHONPATH", root.join("usr/local/lib/python3.11/dist-packages"))
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"42\n", "{}", String::from_utf8_lossy(&output.stderr));
}

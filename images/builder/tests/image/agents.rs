//! Agents' folders, and the parts of images that need no package.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use cloister_image::agent::AgentFolder;
use cloister_image::folder::Input;
use cloister_image::initrd;
use cloister_image::progress::Silent;
use cloister_image::tree::Tree;

pub(crate) const AGENT: &str = r#"
policy = "policy.cedar"
verifier = { trust_root = "trust.pem" }
build = { kind = "static" }
workload = { command = ["/usr/bin/agent"], files = ["data/model.bin"] }
"#;

/// Writes an agent's folder, files in the order given by `names`.
pub(crate) fn write(folder: &Path, names: &[&str]) {
    for name in names {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, if *name == "agent.toml" { AGENT } else { name }).unwrap();
        let mode = if name.ends_with("agent") { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

pub(crate) const FILES: [&str; 6] = [
    "agent.toml",
    "data/model.bin",
    "policy.cedar",
    "root/etc/agent/settings",
    "root/usr/bin/agent",
    "trust.pem",
];

/// The compressed initial RAM file system of the folder, and what went into it.
pub(crate) fn initrd(folder: &Path) -> (Vec<u8>, Vec<Input>) {
    let mut tree = Tree::new();
    let inputs = AgentFolder::open(folder).unwrap().lay(&mut tree).unwrap();
    initrd::furnish(&mut tree, b"the runtime", Vec::new(), 0).unwrap();
    (initrd::compress(&tree, &Silent).unwrap(), inputs)
}

#[test]
fn the_initrd_does_not_depend_on_place_order_times_or_modes_of_the_folder() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let other = two.path().join("a folder with another name");
    write(one.path(), &FILES);
    let mut reversed = FILES;
    reversed.reverse();
    write(&other, &reversed);
    for name in FILES {
        let path = other.join(name);
        let own = fs::metadata(&path).unwrap().permissions().mode();
        // As with another umask.
        fs::set_permissions(&path, fs::Permissions::from_mode((own & 0o700) | 0o020)).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    assert_eq!(initrd(one.path()), initrd(&other));
}

#[test]
fn one_changed_byte_and_one_executable_bit_change_the_initrd() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &FILES);
    let before = initrd(folder.path()).0;
    let settings = folder.path().join("root/etc/agent/settings");
    fs::set_permissions(&settings, fs::Permissions::from_mode(0o755)).unwrap();
    let executable = initrd(folder.path()).0;
    assert_ne!(executable, before);
    fs::write(&settings, "other").unwrap();
    assert_ne!(initrd(folder.path()).0, executable);
}

#[test]
fn set_id_programs_and_sockets_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &FILES);
    let lay = || AgentFolder::open(folder.path()).unwrap().lay(&mut Tree::new());
    let program = folder.path().join("root/usr/bin/agent");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
    assert!(lay().unwrap_err().to_string().contains("changes the user"));
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    lay().unwrap();
    let _socket =
        std::os::unix::net::UnixListener::bind(folder.path().join("root/socket")).unwrap();
    assert!(lay().is_err());
}

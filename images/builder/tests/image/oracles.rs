//! The same formats, read by programs that others wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cloister_image::cpio;
use cloister_image::disk;
use cloister_image::pe::Pe;
use cloister_image::tree::Tree;
use cloister_image::uki::{self, Parts};

use crate::packages::unpacked;

/// Runs a program of unpacked packages with their own libraries.
fn run(packages: &Path, program: &str, arguments: &[&str], folder: &Path) -> Output {
    let libraries = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];
    let libraries = libraries.map(|path| packages.join(path).display().to_string());
    Command::new(packages.join("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"))
        .args(["--library-path", &libraries.join(":")])
        .arg(packages.join(program))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn printed(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn gnu_cpio_sees_the_files_owners_and_modes_that_are_there() {
    let Some(packages) = unpacked("oracles") else { return };
    let mut tree = Tree::new();
    tree.file("/usr/bin/agent", b"program".to_vec(), true).unwrap();
    tree.file("/etc/name", b"four".to_vec(), false).unwrap();
    tree.link("/lib", "usr/lib").unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("archive"), cpio::archive(&tree).unwrap()).unwrap();
    let list = ["--list", "--verbose", "--numeric-uid-gid", "--quiet", "--file=archive"];
    let listed = printed(&run(&packages, "bin/cpio", &list, folder.path()));
    let lines: Vec<Vec<&str>> =
        listed.lines().map(|line| line.split_whitespace().collect()).collect();
    let seen: Vec<_> = lines.iter().map(|words| (words[0], words[2], words[3], words[8])).collect();
    let expected = [
        ("drwxr-xr-x", "0", "0", "etc"),
        ("-rw-r--r--", "0", "0", "etc/name"),
        ("lrwxrwxrwx", "0", "0", "lib"),
        ("drwxr-xr-x", "0", "0", "usr"),
        ("drwxr-xr-x", "0", "0", "usr/bin"),
        ("-rwxr-xr-x", "0", "0", "usr/bin/agent"),
    ];
    assert_eq!(seen, expected, "{listed}");
    assert!(lines.iter().all(|words| words[5] == "Jan" && words[7] == "1970"), "{listed}");
    let extract = ["--to-stdout", "--extract", "--quiet", "--file=archive", "usr/bin/agent"];
    assert_eq!(printed(&run(&packages, "bin/cpio", &extract, folder.path())), "program");
}

#[test]
fn mtools_fsck_and_sgdisk_find_nothing_wrong_with_a_disk_and_the_program_on_it() {
    let Some(packages) = unpacked("oracles") else { return };
    let folder = tempfile::tempdir().unwrap();
    let program: Vec<u8> = (0..=250).cycle().take(3_000_001).collect();
    let disk = disk::disk(&program).unwrap();
    fs::write(folder.path().join("disk"), &disk).unwrap();
    let verified = printed(&run(&packages, "sbin/sgdisk", &["--verify", "disk"], folder.path()));
    assert!(verified.contains("No problems found"), "{verified}");
    let table = printed(&run(&packages, "sbin/sgdisk", &["--print", "disk"], folder.path()));
    assert!(table.contains("EF00") && table.contains("EFI system"), "{table}");

    let partition = &disk[1024 * 1024..];
    let sectors = u32::from_le_bytes(partition[32..36].try_into().unwrap());
    let partition = &partition[..usize::try_from(sectors).unwrap() * 512];
    fs::write(folder.path().join("partition"), partition).unwrap();
    let checked = run(&packages, "sbin/fsck.fat", &["-n", "-v", "partition"], folder.path());
    let checked = printed(&checked);
    // It counts the two folders.
    assert!(checked.contains("3 files"), "{checked}");
    let copy = ["-i", "partition", "::/EFI/BOOT/BOOTX64.EFI", "copy"];
    printed(&run(&packages, "usr/bin/mcopy", &copy, folder.path()));
    assert!(fs::read(folder.path().join("copy")).unwrap() == program);
}

/// Stub and kernel of the locked packages.
fn programs() -> Option<(Vec<u8>, Vec<u8>, String)> {
    let (stub, kernel) = (unpacked("stub")?, unpacked("kernel")?);
    let stub = fs::read(stub.join("usr/lib/systemd/boot/efi/linuxx64.efi.stub")).unwrap();
    let boot: Vec<PathBuf> =
        fs::read_dir(kernel.join("boot")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let kernel = boot.iter().find(|path| path.to_str().unwrap().contains("vmlinuz-")).unwrap();
    let release = kernel.file_name().unwrap().to_str().unwrap()["vmlinuz-".len()..].to_owned();
    Some((stub, fs::read(kernel).unwrap(), release))
}

#[test]
fn ukify_puts_the_same_sections_at_the_same_addresses() {
    let Some((stub, kernel, uname)) = programs() else { return };
    let Some(ukify) = unpacked("ukify") else { return };
    let folder = tempfile::tempdir().unwrap();
    let initrd = vec![7; 100_001];
    for (name, bytes) in [("stub", &stub), ("kernel", &kernel), ("initrd", &initrd)] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let options = ["--stub=stub", "--linux=kernel", "--initrd=initrd", "--cmdline=quiet"];
    let made = Command::new("python3")
        .env("PYTHONPATH", ukify.join("usr/lib/python3/dist-packages"))
        .arg(ukify.join("usr/bin/ukify"))
        .arg("build")
        .args(options)
        .args([&format!("--uname={uname}"), "--os-release=", "--output=theirs"])
        .current_dir(folder.path())
        .output();
    let made = match made {
        Ok(made) if made.status.success() => made,
        other => {
            eprintln!("skipped: ukify does not run here: {other:?}");
            return;
        }
    };
    drop(made);
    let theirs = fs::read(folder.path().join("theirs")).unwrap();
    let parts =
        Parts { stub: &stub, cmdline: "quiet", uname: &uname, initrd: &initrd, kernel: &kernel };
    let ours = uki::unify(&parts).unwrap();
    let sections = |file: &[u8]| {
        let pe = Pe::parse(file).unwrap();
        [".text", ".cmdline", ".uname", ".initrd", ".linux"].map(|name| {
            let section = pe.section(name).unwrap();
            (section.characteristics, section.virtual_size, section.data(file).unwrap().to_vec())
        })
    };
    assert!(sections(&ours) == sections(&theirs));
}

#[test]
fn objdump_reads_every_section_back() {
    let Some((stub, kernel, uname)) = programs() else { return };
    let parts =
        Parts { stub: &stub, cmdline: "quiet", uname: &uname, initrd: b"initrd", kernel: &kernel };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("image.efi"), uki::unify(&parts).unwrap()).unwrap();
    for (section, bytes) in
        [(".cmdline", b"quiet".as_slice()), (".initrd", b"initrd"), (".linux", &kernel)]
    {
        let dump = format!("{section}=out");
        let made = Command::new("objcopy")
            .args(["--dump-section", &dump, "image.efi", "/dev/null"])
            .current_dir(folder.path())
            .status();
        if !made.is_ok_and(|status| status.success()) {
            eprintln!("skipped: objcopy is not here");
            return;
        }
        let read = fs::read(folder.path().join("out")).unwrap();
        assert!(read[..bytes.len()] == *bytes && read[bytes.len()..].iter().all(|b| *b == 0));
    }
}

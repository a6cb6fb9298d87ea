//! What images are built from: programs, archives, lock files.

use cloister_image::archive::{tar, zip};
use cloister_image::elf::{Elf, ElfError};
use cloister_image::packages::Lock;
use cloister_image::pe::Pe;
use cloister_image::tree::Tree;

use super::{QUICK, outcome, twice};
use crate::{Outcome, Target};

pub(super) const PE: Target = Target {
    name: "image-pe",
    run: pe,
    seeds: || vec![program()],
    bytes_max: 8 * 1024,
    quick_inputs: QUICK,
};

pub(super) const ELF: Target = Target {
    name: "image-elf",
    run: elf,
    seeds: || vec![static_elf()],
    bytes_max: 4 * 1024,
    quick_inputs: QUICK,
};

pub(super) const TAR: Target = Target {
    name: "image-tar",
    run: tar_layer,
    seeds: || vec![layer()],
    bytes_max: 8 * 1024,
    quick_inputs: QUICK,
};

pub(super) const ZIP: Target = Target {
    name: "image-zip",
    run: wheel,
    seeds: || vec![stored()],
    bytes_max: 4 * 1024,
    quick_inputs: QUICK,
};

pub(super) const LOCK: Target = Target {
    name: "image-lock",
    run: lock,
    seeds: || vec![LOCK_TEXT.into()],
    bytes_max: 4 * 1024,
    quick_inputs: QUICK,
};

/// Every section's data was received.
fn pe(data: &[u8]) -> Outcome {
    let pe = twice(data, Pe::parse);
    for section in pe.iter().flat_map(|pe| &pe.sections) {
        assert!(section.data(data).expect("checked when it was read").len() <= data.len());
    }
    outcome(&pe)
}

fn elf(data: &[u8]) -> Outcome {
    let elf = twice(data, |data| {
        let elf = Elf::parse(data)?;
        let section = elf.section(".comment")?.map(<[u8]>::to_vec);
        Ok::<_, ElfError>((elf.is_static()?, section))
    });
    outcome(&elf)
}

/// Whatever a layer names lies below the root of the image, or is refused.
fn tar_layer(data: &[u8]) -> Outcome {
    let names = twice(data, |data| {
        let named = tar::members(data).map(|member| member.map(|it| (it.path, it.mode)));
        named.collect::<Result<Vec<_>, _>>()
    });
    let mut tree = Tree::new();
    for member in tar::members(data).flatten() {
        let _refused = if let tar::MemberKind::File(bytes) = member.kind {
            tree.file(&member.path, bytes.to_vec(), false)
        } else if let tar::MemberKind::Link(target) = member.kind {
            tree.link(&member.path, &target)
        } else {
            tree.folder(&member.path)
        };
    }
    below_the_root(&tree);
    outcome(&names)
}

fn wheel(data: &[u8]) -> Outcome {
    let members = twice(data, zip::members);
    let mut tree = Tree::new();
    for member in members.iter().flatten() {
        let _refused = tree.file(&member.path, member.bytes.clone(), false);
    }
    below_the_root(&tree);
    outcome(&members)
}

fn below_the_root(tree: &Tree) {
    let mut parts = tree.iter().flat_map(|(path, _)| path.split('/'));
    assert!(parts.all(|part| !matches!(part, "" | "." | "..")));
}

/// What is read can be written, and read again as the same.
fn lock(data: &[u8]) -> Outcome {
    let lock = twice(data, |data| Lock::parse(&String::from_utf8_lossy(data)).map_err(drop));
    if let Some(lock) = &lock {
        let text = lock.text().expect("a lock file has a text");
        assert_eq!(&Lock::parse(&text).expect("its own text"), lock);
    }
    outcome(&lock)
}

const LOCK_TEXT: &str = r#"
format = "cloister/packages-lock/1"
release = "bookworm"
epoch = 1700000000

[[package]]
name = "libc6"
version = "2.36-9+deb12u14"
suite = "bookworm"
architecture = "amd64"
sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
bytes = 12
groups = ["python"]
"#;

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// An EFI program with one section of four bytes.
fn program() -> Vec<u8> {
    let mut file = b"MZ".to_vec();
    file.resize(0x3c, 0);
    file.extend(words(&[0x40, 0x4550]));
    file.extend(words(&[0x0001_8664, 0, 0, 0, 0x0022_00f0]));
    let mut optional = words(&[0x20b]);
    optional.resize(32, 0);
    optional.extend(words(&[0x1000, 0x200]));
    optional.resize(60, 0);
    optional.extend(words(&[0x200, 0]));
    optional.resize(108, 0);
    optional.extend(words(&[16]));
    optional.resize(240, 0);
    file.extend(optional);
    file.extend_from_slice(b".text\0\0\0");
    file.extend(words(&[4, 0x1000, 4, 0x200, 0, 0, 0, 0x6000_0020]));
    file.resize(0x200, 0);
    file.extend_from_slice(b"\x90\x90\x90\xc3");
    file
}

/// An ELF program with one segment and the section of names.
fn static_elf() -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend(words(&[0x003e_0002, 1, 0, 0]));
    // Program headers at 64, sections at 128; one each.
    file.extend(words(&[64, 0, 128, 0, 0]));
    file.extend(words(&[0x0038_0040, 0x0040_0001, 1]));
    file.extend(words(&[1]));
    file.resize(128, 0);
    file.extend(words(&[0, 3, 0, 0, 0, 0, 192, 0, 4, 0]));
    file.resize(192, 0);
    file.extend_from_slice(b"\0abc");
    file
}

/// A layer with one file, as tar writes it.
fn layer() -> Vec<u8> {
    let mut header = [0_u8; 512];
    let fields: [(usize, &[u8]); 6] = [
        (0, b"etc/name"),
        (100, b"0000644"),
        (124, b"00000000004"),
        (148, b"        "),
        (156, b"0"),
        (257, b"ustar\x0000"),
    ];
    for (at, bytes) in fields {
        header[at..at + bytes.len()].copy_from_slice(bytes);
    }
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut archive = header.to_vec();
    archive.extend_from_slice(b"four");
    archive.resize(2048, 0);
    archive
}

/// An archive with one file of four bytes, not compressed.
fn stored() -> Vec<u8> {
    // CRC-32 of the four bytes, their number twice, and the length of the name.
    let sizes = [&[0x7d, 0x66, 0xc1, 0x90][..], &words(&[4, 4])].concat();
    let local = [b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0", sizes.as_slice(), b"\x01\0\0\0", b"nfour"];
    let local = local.concat();
    let central = [
        b"PK\x01\x02\x14\x03\x14\0\0\0\0\0\0\0\0\0".as_slice(),
        &sizes,
        b"\x01\0\0\0\0\0\0\0\0\0",
        &words(&[0o100_644 << 16, 0]),
        b"n",
    ]
    .concat();
    let lens = [central.len(), local.len()].map(|len| u32::try_from(len).expect("some bytes"));
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(), &words(&lens), &[0; 2]].concat();
    [local, central, end].concat()
}

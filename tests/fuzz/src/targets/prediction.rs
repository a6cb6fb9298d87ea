//! Images: firmware, PE images, partition tables and shapes that a build or an operator is given.

use cloister_image::measure::firmware::Firmware;
use cloister_image::measure::tdx::{Passes, mr_td, td_hob};
use cloister_image::measure::{Pe, Shapes, partition_event};

use super::{QUICK, outcome, twice};
use crate::{Outcome, Target};

pub(super) const FIRMWARE: Target = Target {
    name: "image-firmware",
    run: firmware,
    seeds: firmwares,
    bytes_max: 2 * PAGE,
    quick_inputs: QUICK,
};

pub(super) const AUTHENTICODE: Target = Target {
    name: "image-authenticode",
    run: pe,
    seeds: images,
    bytes_max: 4096,
    quick_inputs: QUICK,
};

pub(super) const PARTITIONS: Target = Target {
    name: "image-partitions",
    run: partitions,
    seeds: disks,
    bytes_max: 20 * 1024,
    quick_inputs: QUICK,
};

pub(super) const SHAPES: Target = Target {
    name: "image-shapes",
    run: shapes,
    seeds: documents,
    bytes_max: 4096,
    quick_inputs: QUICK,
};

const PAGE: usize = 4096;

fn firmware(data: &[u8]) -> Outcome {
    let Ok(firmware) = Firmware::parse(data) else { return Outcome::Refused };
    let tdvf = firmware.tdvf_sections();
    let sev = firmware.sev_sections();
    if let Ok(sections) = &sev {
        assert!(sections.iter().all(|it| it.address % 4096 == 0 && it.bytes % 4096 == 0));
    }
    assert_eq!(mr_td(&firmware, Passes::Two).is_ok(), tdvf.is_ok());
    if let Ok(hob) = td_hob(&firmware, 2048) {
        assert!(tdvf.is_ok() && hob.len() >= 56);
    }
    outcome(&sev.ok())
}

fn pe(data: &[u8]) -> Outcome {
    let digest = twice(data, |data| Pe::parse(data).map(|pe| pe.authenticode_sha384()));
    if let Ok(pe) = Pe::parse(data) {
        let hashed: usize = pe.authenticode().iter().map(|part| part.len()).sum();
        assert!(hashed < data.len(), "the checksum is never hashed");
    }
    outcome(&digest)
}

fn partitions(data: &[u8]) -> Outcome {
    let event = twice(data, partition_event);
    if let Some(event) = &event {
        assert_eq!((event.len() - 100) % 128, 0);
    }
    outcome(&event)
}

fn shapes(data: &[u8]) -> Outcome {
    let Ok(text) = core::str::from_utf8(data) else { return Outcome::Refused };
    let parsed = twice(text.as_bytes(), |_| Shapes::parse(text));
    assert!(parsed.as_ref().is_none_or(|shapes| (1..=400).contains(&shapes.count())));
    outcome(&parsed)
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes.iter_mut().skip(at).zip(field).for_each(|(to, from)| *to = *from);
}

/// GUIDs as stored: footer, SEV metadata, TDX metadata, reset of further processors.
const GUIDS: [u128; 4] = [
    0x96b5_82de_1fb2_45f7_baea_a366_c55a_082d,
    0xdc88_6566_984a_4798_a75e_5585_a7bf_67cc,
    0xe47a_6535_984a_4798_865e_4685_a7bf_8ec2,
    0x00f7_71de_1a7e_4fcb_890e_68c7_7e2f_b44e,
];

fn stored(guid: u128) -> Vec<u8> {
    let [a, b, c, d, e, f, g, h, rest @ ..] = guid.to_be_bytes();
    [&[d, c, b, a, f, e, h, g][..], &rest].concat()
}

fn firmwares() -> Vec<Vec<u8>> {
    let mut bytes = vec![0x5a; 2 * PAGE];
    let sev: Vec<u8> = [0x5645_5341, 28, 1, 1, 0x1000, 0x1000, 1_u32]
        .iter()
        .flat_map(|it| it.to_le_bytes())
        .collect();
    let words = [0x4656_4454_u32, 80, 1, 2];
    let hob = [0_u32, 0, 0x0080_9000, 0, 0x2000, 0, 2, 0];
    let volume = [0_u32, 4096, 0xffff_f000, 0, 4096, 0, 0, 1];
    let tdx: Vec<u8> =
        words.iter().chain(&hob).chain(&volume).flat_map(|it| it.to_le_bytes()).collect();
    put(&mut bytes, 2 * PAGE - 1024, &sev);
    put(&mut bytes, 2 * PAGE - 512, &tdx);
    let [footer, sev, tdx, reset] = GUIDS.map(stored);
    let mut table = Vec::new();
    for (guid, word) in [(sev, 1024_u32), (tdx, 512), (reset, 0x0080_b004)] {
        table.extend_from_slice(&word.to_le_bytes());
        table.extend_from_slice(&22_u16.to_le_bytes());
        table.extend_from_slice(&guid);
    }
    table.extend_from_slice(&84_u16.to_le_bytes());
    table.extend_from_slice(&footer);
    let at = 2 * PAGE - 32 - table.len();
    put(&mut bytes, at, &table);
    vec![bytes]
}

fn images() -> Vec<Vec<u8>> {
    let mut bytes = vec![0; 0x600];
    put(&mut bytes, 0, b"MZ");
    put(&mut bytes, 0x3c, &[0x40]);
    put(&mut bytes, 0x40, b"PE\0\0\x64\x86\x01\0");
    put(&mut bytes, 0x54, &240_u16.to_le_bytes());
    put(&mut bytes, 0x58, &0x020b_u16.to_le_bytes());
    put(&mut bytes, 0x58 + 32, &0x1000_u32.to_le_bytes());
    put(&mut bytes, 0x58 + 36, &0x200_u32.to_le_bytes());
    put(&mut bytes, 0x58 + 60, &0x400_u32.to_le_bytes());
    put(&mut bytes, 0x58 + 108, &16_u32.to_le_bytes());
    put(&mut bytes, 0x148, b".linux");
    put(&mut bytes, 0x150, &0x100_u32.to_le_bytes());
    put(&mut bytes, 0x158, &0x200_u32.to_le_bytes());
    put(&mut bytes, 0x15c, &0x400_u32.to_le_bytes());
    vec![bytes]
}

fn disks() -> Vec<Vec<u8>> {
    let mut disk = vec![0; 34 * 512];
    put(&mut disk, 512, b"EFI PART");
    put(&mut disk, 512 + 72, &2_u64.to_le_bytes());
    put(&mut disk, 512 + 80, &128_u32.to_le_bytes());
    put(&mut disk, 512 + 84, &128_u32.to_le_bytes());
    put(&mut disk, 1024, &[0xaa; 128]);
    vec![disk]
}

fn documents() -> Vec<Vec<u8>> {
    let snp = "format = \"cloister/shapes/1\"\n[[snp]]\nname = \"q\"\nfirmware = \"f\"\n\
               boot = \"direct\"\nvmm = \"qemu\"\nvcpus = [1, 2]\ncpus = [\"EPYC-v4\"]\n\
               guest_features = [1]\n";
    let vtpm = "format = \"cloister/shapes/1\"\n[[vtpm]]\nname = \"t\"\nbank = \"sha256\"\n";
    vec![snp.into(), vtpm.into()]
}

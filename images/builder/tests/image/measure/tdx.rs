//! TDX: MRTD, the TD HOB, RTMR0 of recorded launches, RTMR1 and RTMR2.

use cloister_attestation::bytes::Digest48;
use cloister_image::measure::Pe;
use cloister_image::measure::event::{Event, Rtmr};
use cloister_image::measure::firmware::Firmware as Parsed;
use cloister_image::measure::tdx::{
    AcpiDigests, Boot, Disk, Kernel, Passes, ReadySeparator, SecureBoot, mr_td, rtmr0, td_hob,
};

use super::synthetic::{Firmware, Tdx, kernel, put, uki, uki_of_stub};
use super::vectors::{folder, json};

fn digest(bytes: &[u8]) -> Digest48 {
    Digest48::sha384(bytes)
}

/// The same as the calculator, from the specification's words, one operation after the other.
fn by_hand(sections: &[(u64, Vec<u8>, bool)], passes: Passes) -> Digest48 {
    let mut all = Vec::new();
    let operation = |all: &mut Vec<u8>, name: &str, address: u64| {
        let mut block = [0; 128];
        put(&mut block, 0, name.as_bytes());
        put(&mut block, 16, &address.to_le_bytes());
        all.extend_from_slice(&block);
    };
    for (address, data, extended) in sections {
        let pages: Vec<(u64, &[u8])> =
            data.chunks(4096).zip(0..).map(|(page, at)| (address + 4096 * at, page)).collect();
        let extend = |all: &mut Vec<u8>, address: u64, page: &[u8]| {
            for (chunk, at) in page.chunks(256).zip(0..) {
                operation(all, "MR.EXTEND", address + 256 * at);
                all.extend_from_slice(chunk);
            }
        };
        for (address, page) in &pages {
            operation(&mut all, "MEM.PAGE.ADD", *address);
            if *extended && passes == Passes::One {
                extend(&mut all, *address, page);
            }
        }
        for (address, page) in pages.iter().filter(|_| *extended && passes == Passes::Two) {
            extend(&mut all, *address, page);
        }
    }
    digest(&all)
}

#[test]
fn mrtd_is_page_adds_and_extensions_in_the_order_of_the_vmm() {
    let firmware = Firmware {
        tdx: vec![
            Tdx(4096, 2 * 4096, 0xffff_e000, 2 * 4096, 0, 1),
            Tdx(0, 4096, 0xffff_d000, 4096, 1, 0),
            Tdx(0, 100, 0x0080_0000, 2 * 4096, 3, 1),
            Tdx(0, 0, 0x0090_0000, 4096, 3, 2),
        ],
        ..Firmware::default()
    };
    let bytes = firmware.build();
    let mut short = bytes[..100].to_vec();
    short.resize(2 * 4096, 0);
    let sections = [
        (0xffff_e000, bytes[4096..3 * 4096].to_vec(), true),
        (0xffff_d000, bytes[..4096].to_vec(), false),
        (0x0080_0000, short, true),
        // What is added later is not measured.
    ];
    let parsed = Parsed::parse(&bytes).unwrap();
    for passes in [Passes::One, Passes::Two] {
        assert_eq!(mr_td(&parsed, passes).unwrap(), by_hand(&sections, passes), "{passes:?}");
    }
    assert_ne!(mr_td(&parsed, Passes::One).unwrap(), mr_td(&parsed, Passes::Two).unwrap());
}

/// Digests of the TD HOB in logs of real machines whose memory is on record.
#[test]
fn the_td_hob_is_the_one_that_real_machines_logged() {
    let bytes = Firmware::default().build();
    let firmware = Parsed::parse(&bytes).unwrap();
    for (memory_mib, recorded) in [
        (2 * 1024, "0b8772e5b0b41b83e6044a68"),
        (8 * 1024, "2e070cda358b5aa0"),
        (64 * 1024, "8ae1e425351df7992c444586"),
    ] {
        let hob = digest(&td_hob(&firmware, memory_mib).unwrap()).to_string();
        assert!(hob.starts_with(recorded), "{memory_mib} MiB: {hob}");
    }
    for unusable in [0, 8, 128 * 1024 * 1024] {
        assert!(td_hob(&firmware, unusable).is_err(), "{unusable}");
    }
}

/// A quoted TD: its memory in MiB, and the events of its RTMR0.
fn quoted(folder: &std::path::Path) -> (u64, Vec<Digest48>) {
    let report = json(folder, "quote-report.json");
    let log: serde_json::Value = match report["event_log"].as_str() {
        Some(text) => serde_json::from_str(text).unwrap(),
        None => report["event_log"].clone(),
    };
    let vm: serde_json::Value =
        serde_json::from_str(report["vm_config"].as_str().unwrap()).unwrap();
    let events = log.as_array().unwrap().iter().filter(|it| it["imr"] == 0);
    let digests = events.map(|it| it["digest"].as_str().unwrap().parse().unwrap()).collect();
    (vm["memory_size"].as_u64().unwrap() / 1024 / 1024, digests)
}

/// RTMR0 of the quoted TD with this firmware; the ACPI tables are those of its log.
fn with_its_tables(bytes: &[u8], (memory_mib, events): &(u64, Vec<Digest48>)) -> Rtmr {
    let firmware = Parsed::parse(bytes).unwrap();
    let acpi = AcpiDigests { loader: events[8], rsdp: events[9], tables: events[10] };
    rtmr0(&firmware, *memory_mib, SecureBoot::Absent, &acpi, ReadySeparator::Rtmr1).unwrap()
}

/// All but the volume of variables, which is the synthetic firmware's.
#[test]
fn a_quoted_rtmr0_is_its_shape() {
    let Some(folder) = folder("tdx/v4-dstack-quote-report") else { return };
    let quoted = quoted(&folder);
    let bytes = Firmware::default().build();
    let volume = digest(&bytes[..2 * 4096]);
    let replayed =
        |volume: Digest48| {
            quoted.1.iter().enumerate().fold(Rtmr::ZERO, |it, (at, event)| {
                it.extended(if at == 1 { &volume } else { event })
            })
        };
    assert_eq!(with_its_tables(&bytes, &quoted), replayed(volume));
    let case = json(&folder, "case.json");
    assert_eq!(case["rtmr"][0], replayed(quoted.1[1]).value().to_string());
}

/// The register that the hardware signed: the volume of variables is the distribution's.
#[test]
fn a_quoted_rtmr0_is_computed_with_the_volume_of_the_package() {
    const VOLUME: usize = 0x8_4000;
    let Some(folder) = folder("tdx/v4-dstack-quote-report") else { return };
    let Some(package) = crate::packages::unpacked("ovmf-amdsev") else { return };
    let packaged = std::fs::read(package.join("usr/share/ovmf/OVMF.amdsev.fd")).unwrap();
    let mut shape = Firmware { pages: VOLUME / 4096 + 8, ..Firmware::default() };
    shape.tdx[1] = Tdx(0, VOLUME as u32, 0xffc0_0000, VOLUME as u64, 1, 0);
    let mut bytes = shape.build();
    put(&mut bytes, 0, &packaged[..VOLUME]);
    let computed = with_its_tables(&bytes, &quoted(&folder));
    assert_eq!(json(&folder, "case.json")["rtmr"][0], computed.value().to_string());
}

#[test]
fn secure_boot_that_is_off_and_an_early_separator_are_other_shapes() {
    let Some(folder) = folder("eventlog/ccel-small-unpadded") else { return };
    let log = std::fs::read(folder.join("eventlog.bin")).unwrap();
    use cloister_attestation::event_log::{EventLog, HashAlgorithm, LogKind, Register};
    let log = EventLog::parse(LogKind::Ccel, &log).unwrap();
    let events: Vec<Digest48> = log
        .events()
        .iter()
        .filter(|it| it.register() == Some(Register::Rtmr(0)))
        .map(|it| {
            Digest48::from_slice(it.digest(HashAlgorithm::Sha384).unwrap().as_bytes()).unwrap()
        })
        .collect();
    let bytes = Firmware::default().build();
    let acpi = AcpiDigests { loader: events[8], rsdp: events[9], tables: events[10] };
    let computed = rtmr0(
        &Parsed::parse(&bytes).unwrap(),
        8 * 1024,
        SecureBoot::Off,
        &acpi,
        ReadySeparator::Rtmr0,
    );
    let volume = digest(&bytes[..2 * 4096]);
    let expected = events
        .iter()
        .enumerate()
        .fold(Rtmr::ZERO, |it, (at, event)| it.extended(if at == 1 { &volume } else { event }));
    assert_eq!(computed.unwrap(), expected);
}

const LINE: &str = "console=ttyS0 quiet";

fn direct<'a>(kernel: &'a [u8], patched_for_mib: Option<u64>) -> Boot<'a> {
    Boot::Direct(Kernel { kernel, initrd: b"initrd", command_line: LINE, patched_for_mib })
}

#[test]
fn rtmr1_of_a_direct_boot_is_the_kernel_as_qemu_hands_it_over() {
    let raw = kernel();
    let mut patched = raw.clone();
    put(&mut patched, 0x210, &[0xb0]);
    put(&mut patched, 0x211, &[0x81]);
    // 2 GiB without what is kept for ACPI tables, less the initrd, at the start of a page.
    put(&mut patched, 0x218, &0x7ffd_7000_u32.to_le_bytes());
    put(&mut patched, 0x21c, &6_u32.to_le_bytes());
    put(&mut patched, 0x224, &0xfe00_u32.to_le_bytes());
    put(&mut patched, 0x228, &0x2_0000_u32.to_le_bytes());
    let by_qemu = direct(&raw, Some(4096)).rtmr1(ReadySeparator::Rtmr1).unwrap();
    let as_is = direct(&patched, None).rtmr1(ReadySeparator::Rtmr1).unwrap();
    assert_eq!(by_qemu, as_is);
    let pe = Pe::parse(&patched).unwrap();
    let events = [
        Event::image("kernel", &pe),
        Event::of("boot option", b"Calling EFI Application from Boot Option".as_slice()),
        Event::of("separator", [0; 4].to_vec()),
        Event::of("exit", b"Exit Boot Services Invocation".as_slice()),
        Event::of("exit", b"Exit Boot Services Returned with Success".as_slice()),
    ];
    assert_eq!(by_qemu, Rtmr::after(&events));
    let early = direct(&raw, Some(4096)).rtmr1(ReadySeparator::Rtmr0).unwrap();
    assert_ne!(early, by_qemu);
}

#[test]
fn a_kernel_that_qemu_would_treat_otherwise_is_refused() {
    let refuse = |kernel: &[u8], line: &str, memory| {
        let boot = Boot::Direct(Kernel {
            kernel,
            initrd: &[7; 5000],
            command_line: line,
            patched_for_mib: Some(memory),
        });
        boot.rtmr1(ReadySeparator::Rtmr1).unwrap_err().to_string()
    };
    let changed = |at: usize, field: &[u8]| {
        let mut kernel = kernel();
        put(&mut kernel, at, field);
        kernel
    };
    assert!(refuse(&changed(0x202, b"HdrX"), LINE, 4096).contains("bzImage"));
    assert!(refuse(&changed(0x206, &[0x0b, 2]), LINE, 4096).contains("2.12"));
    assert!(refuse(&changed(0x211, &[0]), LINE, 4096).contains("loaded high"));
    assert!(refuse(&kernel(), "vga=1 quiet", 4096).contains("vga="));
    let low = changed(0x236, &[0, 0]);
    assert!(refuse(&low, LINE, 4096).contains("does not fit"), "initrd_addr_max is 0");
}

#[test]
fn rtmr2_is_the_command_line_with_where_the_initrd_is_and_the_initrd() {
    let wide: Vec<u8> =
        format!("{LINE} initrd=initrd\0").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let expected = Rtmr::ZERO.extended(&digest(&wide)).extended(&digest(b"initrd"));
    assert_eq!(direct(&kernel(), None).rtmr2().unwrap(), expected);
}

/// A disk with two partitions in use.
fn disk() -> Vec<u8> {
    let mut disk = vec![0; 34 * 512];
    put(&mut disk, 512, b"EFI PART");
    put(&mut disk, 512 + 72, &2_u64.to_le_bytes());
    put(&mut disk, 512 + 80, &128_u32.to_le_bytes());
    put(&mut disk, 512 + 84, &128_u32.to_le_bytes());
    for (at, byte) in [(0, 0xaa), (5, 0xbb)] {
        disk[1024 + 128 * at..1024 + 128 * (at + 1)].fill(byte);
    }
    disk
}

#[test]
fn a_boot_from_disk_measures_partitions_uki_kernel_and_sections() {
    let (kernel, disk) = (kernel(), disk());
    let uki = uki(&kernel, b"initrd", LINE);
    let boot = Boot::Disk(Disk { disk: &disk, uki: &uki });
    let mut partitions = disk[512..512 + 92].to_vec();
    partitions.extend_from_slice(&2_u64.to_le_bytes());
    partitions.extend_from_slice(&[[0xaa; 128], [0xbb; 128]].concat());
    let (uki_pe, kernel_pe) = (Pe::parse(&uki).unwrap(), Pe::parse(&kernel).unwrap());
    let events = [
        Event::of("boot option", b"Calling EFI Application from Boot Option".as_slice()),
        Event::of("separator", [0; 4].to_vec()),
        Event::of("partitions", partitions),
        Event::image("UKI", &uki_pe),
        Event::image("kernel", &kernel_pe),
        Event::of("exit", b"Exit Boot Services Invocation".as_slice()),
        Event::of("exit", b"Exit Boot Services Returned with Success".as_slice()),
    ];
    assert_eq!(boot.rtmr1(ReadySeparator::Rtmr1).unwrap(), Rtmr::after(&events));
    let sections: [(&str, &[u8]); 5] = [
        (".linux", &kernel),
        (".cmdline", LINE.as_bytes()),
        (".initrd", b"initrd"),
        (".uname", b"6.12.0"),
        (".sbat", b"sbat,1,SBAT Version,sbat,1,\n"),
    ];
    let mut rtmr2 = Rtmr::ZERO;
    for (name, data) in sections {
        rtmr2 = rtmr2.extended(&digest(format!("{name}\0").as_bytes())).extended(&digest(data));
    }
    let given = |rtmr: Rtmr| {
        let wide: Vec<u8> = format!("{LINE}\0").encode_utf16().flat_map(u16::to_le_bytes).collect();
        rtmr.extended(&digest(&wide)).extended(&digest(b"initrd"))
    };
    assert_eq!(boot.rtmr2().unwrap(), given(rtmr2));
    // Stubs before 256 measure into a TPM only.
    let uki = uki_of_stub("255.4", &kernel, b"initrd", LINE);
    let boot = Boot::Disk(Disk { disk: &disk, uki: &uki });
    assert_eq!(boot.rtmr2().unwrap(), given(Rtmr::ZERO));
}

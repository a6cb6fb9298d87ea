//! A firmware, a kernel and a UKI with everything that is measured and nothing that runs.

const FIRMWARE_BYTES: usize = 4 * 1024 * 1024;
const BLOCK: usize = 512;

/// 64 shapes of SEV-SNP, a TD, a virtual TPM.
pub(super) const SHAPES: &str = r#"
format = "cloister/shapes/1"
[[snp]]
name = "qemu"
firmware = "OVMF.fd"
boot = "direct"
vmm = "qemu"
vcpus = [1, 2, 4, 8, 16, 32, 64, 128]
cpus = ["EPYC-v4", "EPYC-Milan", "EPYC-Genoa", "EPYC-Turin"]
guest_features = [0x1, 0x21]
[[tdx]]
name = "qemu"
boot = "direct"
patches_kernel = true
memory_mib = 4096
ready_separator = "rtmr1"
[tdx.platform]
firmware = "OVMF.fd"
passes = "one"
secure_boot = "absent"
[tdx.platform.acpi]
loader = "abababababababababababababababababababababababababababababababababababababababababababababababab"
rsdp = "abababababababababababababababababababababababababababababababababababababababababababababababab"
tables = "abababababababababababababababababababababababababababababababababababababababababababababababab"
[[vtpm]]
name = "vtpm"
bank = "sha256"
"#;

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes.iter_mut().skip(at).zip(field).for_each(|(to, from)| *to = *from);
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// As stored: the first three groups little-endian.
fn guid(text: u128) -> Vec<u8> {
    let [a, b, c, d, e, f, g, h, rest @ ..] = text.to_be_bytes();
    [&[d, c, b, a, f, e, h, g][..], &rest].concat()
}

/// A firmware whose metadata has a section of each kind.
pub(super) fn firmware() -> Vec<u8> {
    let mut bytes = vec![0x5a; FIRMWARE_BYTES];
    let page = 4096;
    let sev = [
        [0x0080_0000, 9 * page, 1],
        [0x0080_d000, page, 2],
        [0x0080_e000, page, 3],
        [0x0080_f000, page, 16],
    ];
    let volume = 0x3c_0000;
    let tdx = [
        [0x4_0000, volume, 0xffc4_0000, 0, volume, 0, 0, 1],
        [0, 0x4_0000, 0xffc0_0000, 0, 0x4_0000, 0, 1, 0],
        [0, 0, 0x0081_0000, 0, 0x1_0000, 0, 3, 0],
        [0, 0, 0x0080_9000, 0, 0x2000, 0, 2, 0],
    ];
    put(
        &mut bytes,
        FIRMWARE_BYTES - 2048,
        &[words(&[0x5645_5341, 64, 1, 4]), words(sev.as_flattened())].concat(),
    );
    put(
        &mut bytes,
        FIRMWARE_BYTES - 1024,
        &[words(&[0x4656_4454, 144, 1, 4]), words(tdx.as_flattened())].concat(),
    );
    let mut table = Vec::new();
    for (id, data) in [
        (0xdc88_6566_984a_4798_a75e_5585_a7bf_67cc, words(&[2048])),
        (0xe47a_6535_984a_4798_865e_4685_a7bf_8ec2, words(&[1024])),
        (0x00f7_71de_1a7e_4fcb_890e_68c7_7e2f_b44e, words(&[0x0080_b004])),
        (0x7255_371f_3a3b_4b04_927b_1da6_efa8_d454, words(&[0x0080_fc00, 1024])),
    ] {
        table.extend_from_slice(&data);
        table.extend_from_slice(if data.len() == 4 { &[22, 0] } else { &[26, 0] });
        table.extend_from_slice(&guid(id));
    }
    table.extend_from_slice(&[110, 0]);
    table.extend_from_slice(&guid(0x96b5_82de_1fb2_45f7_baea_a366_c55a_082d));
    let at = FIRMWARE_BYTES - 32 - table.len();
    put(&mut bytes, at, &table);
    bytes
}

/// A bzImage with one section.
pub(super) fn kernel(bytes: usize) -> Vec<u8> {
    let mut kernel = pe(&[(".text", &vec![0x90; bytes])]);
    put(&mut kernel, 0x202, b"HdrS\x0f\x02");
    put(&mut kernel, 0x211, &[1]);
    put(&mut kernel, 0x236, &[3]);
    kernel
}

/// A UKI of the three.
pub(super) fn uki(kernel: &[u8], initrd: &[u8], command_line: &str) -> Vec<u8> {
    pe(&[
        (".sdmagic", b"#### LoaderInfo: systemd-stub 257 ####\0"),
        (".cmdline", command_line.as_bytes()),
        (".initrd", initrd),
        (".linux", kernel),
    ])
}

fn pe(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let len = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let mut out = vec![0; 0x400];
    put(&mut out, 0, b"MZ");
    put(&mut out, 0x3c, &[0x40]);
    put(&mut out, 0x40, b"PE\0\0\x64\x86");
    put(&mut out, 0x46, &len(sections.len()));
    put(&mut out, 0x54, &[240, 0]);
    put(&mut out, 0x58, &[0x0b, 0x02]);
    put(&mut out, 0x58 + 32, &len(4096));
    put(&mut out, 0x58 + 36, &len(BLOCK));
    put(&mut out, 0x58 + 60, &len(0x400));
    put(&mut out, 0x58 + 108, &[16]);
    for (at, (name, data)) in (0x148..).step_by(40).zip(sections) {
        let raw = data.len().next_multiple_of(BLOCK);
        put(&mut out, at, name.as_bytes());
        put(&mut out, at + 8, &len(data.len()));
        put(&mut out, at + 16, &len(raw));
        let start = out.len();
        put(&mut out, at + 20, &len(start));
        out.extend_from_slice(data);
        out.resize(start + raw, 0);
    }
    out
}

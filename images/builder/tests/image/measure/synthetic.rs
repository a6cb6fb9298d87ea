//! Firmware, kernels and UKIs made for tests: small, and with everything that is measured.

pub(crate) const PAGE: usize = 4096;
/// Where the hash table goes: inside of a page, not at its start.
pub(crate) const HASH_TABLE: u32 = 0x0080_fc00;

const FOOTER: &str = "96b582de-1fb2-45f7-baea-a366c55a082d";
const AP_RESET: &str = "00f771de-1a7e-4fcb-890e-68c77e2fb44e";
const HASHES: &str = "7255371f-3a3b-4b04-927b-1da6efa8d454";
const SEV: &str = "dc886566-984a-4798-a75e-5585a7bf67cc";
const TDX: &str = "e47a6535-984a-4798-865e-4685a7bf8ec2";

/// The stored form of a GUID's text.
pub(crate) fn guid(text: &str) -> Vec<u8> {
    let groups: Vec<Vec<u8>> = text.split('-').map(|group| hex::decode(group).unwrap()).collect();
    let little = groups[..3].iter().flat_map(|group| group.iter().rev().copied());
    little.chain(groups[3..].concat()).collect()
}

/// A firmware of some pages, with the metadata of both platforms.
#[derive(Clone)]
pub(crate) struct Firmware {
    pub(crate) pages: usize,
    /// Address, bytes, kind.
    pub(crate) sev: Vec<[u32; 3]>,
    pub(crate) tdx: Vec<Tdx>,
    pub(crate) hash_table: Option<u32>,
    pub(crate) sev_version: u32,
}

/// One TDX section: where in the file, how much of it, where in memory, how much, kind, attributes.
#[derive(Clone, Copy)]
pub(crate) struct Tdx(
    pub(crate) u32,
    pub(crate) u32,
    pub(crate) u64,
    pub(crate) u64,
    pub(crate) u32,
    pub(crate) u32,
);

impl Default for Firmware {
    fn default() -> Self {
        let page = PAGE as u32;
        Self {
            pages: 8,
            sev: vec![
                [0x0080_0000, 3 * page, 1],
                [0x0080_d000, page, 2],
                [0x0080_e000, page, 3],
                [0x0080_f000, page, 0x10],
            ],
            tdx: vec![
                Tdx(2 * page, 6 * page, 0xffff_a000, 6 * 4096, 0, 1),
                Tdx(0, 2 * page, 0xffff_8000, 2 * 4096, 1, 0),
                Tdx(0, 0, 0x0081_0000, 0x1_0000, 3, 0),
                Tdx(0, 0, 0x0080_b000, 0x2000, 3, 0),
                Tdx(0, 0, 0x0080_9000, 0x2000, 2, 0),
                Tdx(0, 0, 0x0080_0000, 0x6000, 3, 0),
            ],
            hash_table: Some(HASH_TABLE),
            sev_version: 1,
        }
    }
}

impl Firmware {
    pub(crate) fn build(&self) -> Vec<u8> {
        let len = self.pages * PAGE;
        let mut bytes: Vec<u8> = (0..len).map(|at| (at / 7 % 251) as u8).collect();
        let sev = self.sev_metadata();
        let tdx = self.tdx_metadata();
        let (sev_at, tdx_at) = (len - 2048, len - 1024);
        bytes[sev_at..sev_at + sev.len()].copy_from_slice(&sev);
        bytes[tdx_at..tdx_at + tdx.len()].copy_from_slice(&tdx);
        let mut table = Vec::new();
        let mut entry = |id: &str, data: &[u8]| {
            table.extend_from_slice(data);
            table.extend_from_slice(&((data.len() + 18) as u16).to_le_bytes());
            table.extend_from_slice(&guid(id));
        };
        entry(SEV, &2048_u32.to_le_bytes());
        entry(TDX, &1024_u32.to_le_bytes());
        entry(AP_RESET, &0x0080_b004_u32.to_le_bytes());
        if let Some(address) = self.hash_table {
            entry(HASHES, &[address.to_le_bytes(), 1024_u32.to_le_bytes()].concat());
        }
        table.extend_from_slice(&((table.len() + 18) as u16).to_le_bytes());
        table.extend_from_slice(&guid(FOOTER));
        let at = len - 32 - table.len();
        bytes[at..at + table.len()].copy_from_slice(&table);
        bytes
    }

    fn sev_metadata(&self) -> Vec<u8> {
        let mut out = b"ASEV".to_vec();
        let count = self.sev.len() as u32;
        for word in [16 + 12 * count, self.sev_version, count] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend(self.sev.iter().flatten().flat_map(|word| word.to_le_bytes()));
        out
    }

    fn tdx_metadata(&self) -> Vec<u8> {
        let mut out = b"TDVF".to_vec();
        let count = self.tdx.len() as u32;
        for word in [16 + 32 * count, 1, count] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for Tdx(offset, raw, address, bytes, kind, attributes) in &self.tdx {
            out.extend(offset.to_le_bytes());
            out.extend(raw.to_le_bytes());
            out.extend(address.to_le_bytes());
            out.extend(bytes.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(attributes.to_le_bytes());
        }
        out
    }
}

/// A PE32+ image with these sections, aligned as linkers do.
pub(crate) fn pe(sections: &[(&str, &[u8])]) -> Vec<u8> {
    const ALIGN: usize = 512;
    let headers = 0x400;
    let mut out = vec![0; headers];
    out[..2].copy_from_slice(b"MZ");
    out[0x3c] = 0x40;
    put(&mut out, 0x40, b"PE\0\0");
    put(&mut out, 0x44, &0x8664_u16.to_le_bytes());
    put(&mut out, 0x46, &(sections.len() as u16).to_le_bytes());
    put(&mut out, 0x54, &240_u16.to_le_bytes());
    let optional = 0x58;
    put(&mut out, optional, &0x020b_u16.to_le_bytes());
    put(&mut out, optional + 32, &(PAGE as u32).to_le_bytes());
    put(&mut out, optional + 36, &(ALIGN as u32).to_le_bytes());
    put(&mut out, optional + 60, &(headers as u32).to_le_bytes());
    put(&mut out, optional + 64, &0xdead_beef_u32.to_le_bytes());
    put(&mut out, optional + 108, &16_u32.to_le_bytes());
    for (index, (name, data)) in sections.iter().enumerate() {
        let entry = optional + 240 + 40 * index;
        let start = out.len();
        put(&mut out, entry, name.as_bytes());
        put(&mut out, entry + 8, &(data.len() as u32).to_le_bytes());
        put(&mut out, entry + 16, &(data.len().next_multiple_of(ALIGN) as u32).to_le_bytes());
        put(&mut out, entry + 20, &(start as u32).to_le_bytes());
        out.extend_from_slice(data);
        out.resize(start + data.len().next_multiple_of(ALIGN), 0);
    }
    out
}

pub(crate) fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes[at..at + field.len()].copy_from_slice(field);
}

/// A bzImage with an EFI stub.
pub(crate) fn kernel() -> Vec<u8> {
    let mut kernel = pe(&[(".text", &[0x90; 3000])]);
    put(&mut kernel, 0x202, b"HdrS");
    put(&mut kernel, 0x206, &0x020f_u16.to_le_bytes());
    put(&mut kernel, 0x211, &[1]);
    put(&mut kernel, 0x236, &3_u16.to_le_bytes());
    kernel
}

/// What a stub of this version says of itself.
pub(crate) fn magic(version: &str) -> Vec<u8> {
    format!("#### LoaderInfo: systemd-stub {version} ####\0").into_bytes()
}

/// A UKI of `kernel`, as the builder writes one: no `.osrel`.
pub(crate) fn uki(kernel: &[u8], initrd: &[u8], cmdline: &str) -> Vec<u8> {
    uki_of_stub("257.8-1", kernel, initrd, cmdline)
}

/// The same with a stub of this version.
pub(crate) fn uki_of_stub(version: &str, kernel: &[u8], initrd: &[u8], cmdline: &str) -> Vec<u8> {
    pe(&[
        (".text", &[0xcc; 700]),
        (".sbat", b"sbat,1,SBAT Version,sbat,1,\n"),
        (".sdmagic", &magic(version)),
        (".uname", b"6.12.0"),
        (".cmdline", cmdline.as_bytes()),
        (".initrd", initrd),
        (".linux", kernel),
    ])
}

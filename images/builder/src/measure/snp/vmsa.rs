//! The save area that a virtual processor begins with.
//!
//! SPEC: AMD 24593 (APM volume 2), appendix B, table B-4 "VMSA Layout".

use super::{Cpu, GuestFeatures, Vmm};
use crate::measure::firmware::PAGE_BYTES;

/// Where KVM adds it, in guest-physical memory.
pub(super) const ADDRESS: u64 = 0xffff_ffff_f000;
/// Where the first processor begins.
pub(super) const BSP_RESET: u32 = 0xffff_fff0;

/// The registers in which VMMs differ.
struct Reset {
    cs_attributes: u16,
    ss_attributes: u16,
    tr_attributes: u16,
    rdx: u32,
    mxcsr: u32,
    fcw: u16,
    pat: u64,
}

/// The value of the PAT register after a reset.
// SPEC: AMD 24593, section 7.8.2 "PAT Indexing".
const PAT: u64 = 0x0007_0406_0007_0406;
/// What Google's VMM sets it to.
const PAT_GCE: u64 = 0x0007_0106;
/// `RDX` that KVM resets a processor to whose CPUID it does not know yet.
const RDX_UNKNOWN: u32 = 0x600;
/// Attributes of a code segment that has been accessed, or not.
const CODE_ACCESSED: u16 = 0x9b;
const CODE: u16 = 0x9a;

impl Reset {
    fn of(vmm: Vmm, address: u32, cpu: Cpu) -> Self {
        let kvm = Self {
            cs_attributes: CODE_ACCESSED,
            ss_attributes: 0x93,
            tr_attributes: 0x8b,
            rdx: RDX_UNKNOWN,
            mxcsr: 0,
            fcw: 0,
            pat: PAT,
        };
        let ec2 = |rdx| Self {
            cs_attributes: if address == BSP_RESET { CODE } else { CODE_ACCESSED },
            ss_attributes: 0x92,
            tr_attributes: 0x83,
            rdx,
            ..kvm
        };
        match vmm {
            Vmm::Qemu => Self { rdx: cpu.signature(), mxcsr: 0x1f80, fcw: 0x37f, ..kvm },
            Vmm::Ec2 => ec2(RDX_UNKNOWN),
            Vmm::Ec2RdxZero => ec2(0),
            Vmm::Gce => Self { pat: PAT_GCE, ..kvm },
        }
    }
}

/// A segment register: selector, attributes, limit and base.
const fn segment(selector: u16, attributes: u16, base: u32) -> [u8; 16] {
    let ([a, b], [c, d]) = (selector.to_le_bytes(), attributes.to_le_bytes());
    let [e, f, g, h] = base.to_le_bytes();
    // Every limit is 64 KiB: processors begin in real mode.
    [a, b, c, d, 0xff, 0xff, 0, 0, e, f, g, h, 0, 0, 0, 0]
}

/// The page of a processor that begins at `address`.
pub(super) fn page(address: u32, vmm: Vmm, cpu: Cpu, features: GuestFeatures) -> [u8; PAGE_BYTES] {
    let reset = Reset::of(vmm, address, cpu);
    let mut page = [0; PAGE_BYTES];
    let data = segment(0, 0x93, 0);
    for (offset, segment) in [
        (0x00, data),                                                        // ES
        (0x10, segment(0xf000, reset.cs_attributes, address & 0xffff_0000)), // CS
        (0x20, segment(0, reset.ss_attributes, 0)),                          // SS
        (0x30, data),                                                        // DS
        (0x40, data),                                                        // FS
        (0x50, data),                                                        // GS
        (0x60, segment(0, 0, 0)),                                            // GDTR
        (0x70, segment(0, 0x82, 0)),                                         // LDTR
        (0x80, segment(0, 0, 0)),                                            // IDTR
        (0x90, segment(0, reset.tr_attributes, 0)),                          // TR
    ] {
        put(&mut page, offset, &segment);
    }
    for (offset, value) in [
        (0x0d0, 0x1000),                      // EFER: SVME
        (0x148, 0x40),                        // CR4: MCE
        (0x158, 0x10),                        // CR0: ET
        (0x160, 0x400),                       // DR7
        (0x168, 0xffff_0ff0),                 // DR6
        (0x170, 0x2),                         // RFLAGS
        (0x178, u64::from(address & 0xffff)), // RIP
        (0x268, reset.pat),                   // G_PAT
        (0x310, u64::from(reset.rdx)),        // RDX
        (0x3b0, features.bits()),             // SEV_FEATURES
        (0x3e8, 0x1),                         // XCR0
    ] {
        put(&mut page, offset, &value.to_le_bytes());
    }
    put(&mut page, 0x408, &reset.mxcsr.to_le_bytes());
    put(&mut page, 0x410, &reset.fcw.to_le_bytes());
    page
}

/// Writes one field. The offsets above are constants within the page, which the recorded digests
/// hold: a field that fell out of it would change every one.
fn put(page: &mut [u8; PAGE_BYTES], offset: usize, field: &[u8]) {
    page.iter_mut().skip(offset).zip(field).for_each(|(to, from)| *to = *from);
}

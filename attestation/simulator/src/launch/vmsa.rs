//! A virtual processor's save area as QEMU and KVM launch it.
//!
//! SPEC: AMD64 Architecture Programmer's Manual 24593, volume 2, table B-4; values as reset in
//! QEMU's `target/i386/cpu.c` and by KVM's `arch/x86/kvm/svm/sev.c`.

use super::{PAGE, Processors};

/// Selector, attributes, limit and base of a segment.
type Segment = (u16, u16, u32, u64);

/// The page of a processor that starts at `start`.
pub(super) fn page(start: u32, processors: &Processors) -> [u8; PAGE] {
    let data = (0, 0x93, 0xffff, 0);
    let code = (0xf000, 0x9b, 0xffff, u64::from(start & 0xffff_0000));
    let (table, local, task) = ((0, 0, 0xffff, 0), (0, 0x82, 0xffff, 0), (0, 0x8b, 0xffff, 0));
    // ES, CS, SS, DS, FS, GS, GDTR, LDTR, IDTR, TR.
    let segments: [Segment; 10] = [data, code, data, data, data, data, table, local, table, task];
    let mut page = [0; PAGE];
    for (place, segment) in page.chunks_exact_mut(16).zip(segments) {
        place.copy_from_slice(&encoded(segment));
    }
    let mut put = |at: usize, bytes: &[u8]| page[at..at + bytes.len()].copy_from_slice(bytes);
    let values: [(usize, u64); 13] = [
        (0x0d0, 0x1000),                          // EFER: SVME
        (0x148, 0x40),                            // CR4: MCE
        (0x158, 0x10),                            // CR0: ET
        (0x160, 0x400),                           // DR7
        (0x168, 0xffff_0ff0),                     // DR6
        (0x170, 0x2),                             // RFLAGS
        (0x178, u64::from(start & 0xffff)),       // RIP
        (0x268, 0x0007_0406_0007_0406),           // G_PAT
        (0x310, u64::from(processors.signature)), // RDX
        (0x3b0, processors.features),             // SEV_FEATURES
        (0x3e8, 0x1),                             // XCR0
        (0x408, 0x1f80),                          // MXCSR
        (0x410, 0x37f),                           // x87 FCW
    ];
    for (at, value) in values {
        put(at, &value.to_le_bytes());
    }
    page
}

fn encoded((selector, attributes, limit, base): Segment) -> [u8; 16] {
    let [a, b] = selector.to_le_bytes();
    let [c, d] = attributes.to_le_bytes();
    let [e, f, g, h] = limit.to_le_bytes();
    let [i, j, k, l, m, n, o, p] = base.to_le_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

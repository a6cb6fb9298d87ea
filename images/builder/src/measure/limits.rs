//! Sizes that input may have, each with the reason for its value.

/// One firmware image. OVMF has 2 or 4 MiB; 16 MiB is the largest flash that QEMU maps below 4 GiB.
pub const FIRMWARE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A kernel, an initrd or a UKI: an initrd is loaded below 4 GiB and held in memory here.
pub const IMAGE_BYTES_MAX: usize = 512 * 1024 * 1024;

/// The kernel's own limit for its command line, without the NUL.
// SPEC: Linux x86 boot protocol, cmdline_size; COMMAND_LINE_SIZE is 2048.
pub const COMMAND_LINE_BYTES_MAX: usize = 2047;

/// Entries of the table at the end of a firmware. OVMF has eight.
pub const FIRMWARE_ENTRIES_MAX: usize = 64;

/// Sections that firmware asks to be measured or added at launch. OVMF has eight of each.
pub const FIRMWARE_SECTIONS_MAX: u32 = 64;

/// Memory that the sections of a firmware describe together. OVMF's have 4 MiB.
pub const SECTION_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Virtual processors of one guest: twice what KVM allows.
pub const VCPUS_MAX: u32 = 8192;

/// One shapes document.
pub const SHAPES_BYTES_MAX: usize = 64 * 1024;

/// Launch shapes in all documents together: what one CoRIM holds at about 600 bytes each.
pub const SHAPES_MAX: usize = 400;

/// Partitions of one disk: the table that every tool writes has room for 128.
pub const PARTITIONS_MAX: u32 = 128;

/// Memory of one guest: 64 TiB, beyond what any host gives one.
pub const MEMORY_MIB_MAX: u64 = 64 * 1024 * 1024;

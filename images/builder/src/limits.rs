//! What is read at most, in bytes or entries, each with its reason.

/// A kernel, a stub, a runtime, a file of an agent, a wheel or a layer. Guests keep all of it in
/// memory.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// All files of one image together, for the same reason.
pub const IMAGE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Files, folders and links of one image. A Python application with its wheels has some thousands.
pub const IMAGE_ENTRIES_MAX: usize = 200_000;
/// Length of a path in an image: Linux's own limit.
pub const PATH_BYTES_MAX: usize = 4096;
/// Symbolic links that are followed for one path: Linux's own limit.
pub const LINKS_MAX: usize = 40;
/// A document of people: `agent.toml`, a lock file, `image.json`.
pub const DOCUMENT_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// A package archive.
pub const PACKAGE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Packages of one lock file.
pub const PACKAGES_MAX: usize = 4096;
/// The kernel command line: `COMMAND_LINE_SIZE` of x86, with its NUL.
pub const CMDLINE_BYTES_MAX: usize = 2047;
/// Sections of a PE file; a unified kernel image has some ten.
pub const PE_SECTIONS_MAX: usize = 96;
/// Kernel modules of one image.
pub const MODULES_MAX: usize = 256;
/// One kernel module, decompressed.
pub const MODULE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Layers of a container image.
pub const LAYERS_MAX: usize = 128;
/// A manifest, an index or a configuration of a container image.
pub const OCI_DOCUMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;

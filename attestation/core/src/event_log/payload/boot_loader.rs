//! Strings that boot loaders log as `EV_IPL`.

/// What GRUB puts before a string whose hash it measures.
// SPEC: GRUB manual, "Measured Boot"; the last one is of an older GRUB that distributions ship.
const MEASURED: [&[u8]; 4] =
    [b"grub_cmd: ", b"kernel_cmdline: ", b"module_cmdline: ", b"grub_kernel_cmdline "];

/// Length of the prefix, where the payload is a string that was measured itself. Without such a
/// prefix the payload may be a file's name, and the digest that of the file.
pub(in crate::event_log) fn measured_prefix(payload: &[u8]) -> Option<usize> {
    MEASURED.iter().find(|prefix| payload.starts_with(prefix)).map(|prefix| prefix.len())
}

/// The last part of a path in any boot loader's notation, in lower case.
pub(in crate::event_log) fn file_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase()
}

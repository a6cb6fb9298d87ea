//! Sizes that a bundle may have, each with the reason for its value.

/// One bundle. A hundred policies of ten lines each are about 64 KiB.
pub const BUNDLE_BYTES_MAX: usize = 256 * 1024;

/// Policies in one bundle: each is evaluated on every request, at about a microsecond.
pub const POLICIES_MAX: usize = 1024;

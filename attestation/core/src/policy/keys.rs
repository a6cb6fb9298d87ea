//! What every key of a policy means, and what `any` leaves open.

mod azure;
mod snp;
mod tdx;

/// One key of the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// From the top of the document, with dots.
    pub(super) path: &'static str,
    /// What the key demands, for the comment above it.
    pub(super) meaning: &'static str,
    /// What may happen where nothing is demanded; empty where something always is.
    pub(super) open: &'static str,
    /// Whether it is a section with keys of its own.
    pub(super) section: bool,
}

const fn section(path: &'static str, meaning: &'static str) -> Key {
    Key { path, meaning, open: "", section: true }
}

const fn key(path: &'static str, meaning: &'static str, open: &'static str) -> Key {
    Key { path, meaning, open, section: false }
}

const TOP: &[Key] = &[key(
    "anchors",
    "Whose root keys may stand at the end of a chain: \"vendor\", or { simulator = \"fingerprint\" }.",
    "",
)];

/// Every key, in the order of the document.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    [TOP, snp::KEYS, tdx::KEYS, azure::KEYS].into_iter().flatten()
}

/// The key with this path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    all().find(|key| key.path == path)
}

/// Where the key with this path stands in the document.
pub(super) fn position(path: &str) -> Option<usize> {
    all().position(|key| key.path == path)
}

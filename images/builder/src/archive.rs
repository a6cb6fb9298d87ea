//! Readers of archives from elsewhere: tar and zip. They take bytes and hand out names and bytes;
//! what becomes of a name, `tree` decides.

pub mod tar;
pub mod zip;

use cloister_attestation::code::{Code, Diagnostic};

cloister_attestation::codes! {
    /// An archive does not read.
    ARCHIVE = "image.archive", Caller, "",
        "Make the layer or wheel again with a tool that writes plain tar or zip files.",
        "Layers of container images are tar archives, and wheels are zip archives. This one is cut short, contradicts itself, is larger than an image may be, or uses something that is not read: an encrypted file, a device, a sparse file, another compression than deflate.";
}

/// An archive does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the archive does not read: {0}")]
pub struct ArchiveError(pub(crate) String);

impl ArchiveError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl Diagnostic for ArchiveError {
    fn code(&self) -> &'static Code {
        &ARCHIVE
    }
}

//! Telling a person how far something is.

use core::fmt::Debug;

/// What is being worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Lists of packages are fetched.
    Lists,
    /// Packages are fetched.
    Packages,
    /// Packages are unpacked.
    Unpacking,
    /// The agent's files are read.
    Agent,
    /// The initrd is compressed.
    Compressing,
    /// The image is written.
    Writing,
}

impl Step {
    /// What a person reads.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Lists => "package lists",
            Self::Packages => "packages",
            Self::Unpacking => "unpacking",
            Self::Agent => "agent",
            Self::Compressing => "compressing",
            Self::Writing => "writing",
        }
    }
}

/// Where progress is told. Nothing that is told here decides anything.
pub trait Progress: Debug {
    /// A step begins. `bytes` is how much it has to do, where that is known.
    fn begin(&self, step: Step, bytes: Option<u64>);
    /// So many bytes more are done.
    fn advance(&self, bytes: u64);
    /// The step is over.
    fn end(&self);
}

/// Nobody is told.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _step: Step, _bytes: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn end(&self) {}
}

//! Events: what extends a register, and the two kinds of registers that are extended.

use std::borrow::Cow;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::tpm::{Digest, HashAlgorithm};

use super::hash::sha384;
use super::pe::Pe;

/// What one event hashes, whatever the register's bank: its parts, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    name: String,
    parts: Vec<Cow<'a, [u8]>>,
}

impl<'a> Event<'a> {
    /// An event over some bytes.
    #[must_use]
    pub fn of(name: impl Into<String>, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { name: name.into(), parts: vec![bytes.into()] }
    }

    /// An event over a PE image, as firmware measures what it starts.
    #[must_use]
    pub fn image(name: impl Into<String>, image: &Pe<'a>) -> Self {
        let parts = image.authenticode().into_iter().map(Cow::Borrowed).collect();
        Self { name: name.into(), parts }
    }

    /// The same event over bytes of its own.
    pub(super) fn into_owned(self) -> Event<'static> {
        let parts = self.parts.into_iter().map(|part| Cow::Owned(part.into_owned())).collect();
        Event { name: self.name, parts }
    }

    /// What it measures, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its digest in a TD's log.
    #[must_use]
    pub fn sha384(&self) -> Digest48 {
        sha384(self.slices())
    }

    /// Its digest in one bank of a TPM's log.
    #[must_use]
    pub fn digest(&self, bank: HashAlgorithm) -> Digest {
        Digest::of_parts(bank, self.slices())
    }

    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(AsRef::as_ref)
    }
}

/// Firmware starts what a boot option names.
// SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.4.4: actions are hashed without
// a terminator.
pub(super) const CALLING_APPLICATION: &[u8] = b"Calling EFI Application from Boot Option";
/// What was started ends the boot services.
pub(super) const EXIT_INVOCATION: &[u8] = b"Exit Boot Services Invocation";
/// They have ended.
pub(super) const EXIT_RETURNED: &[u8] = b"Exit Boot Services Returned with Success";
/// The line between what is before an operating system and what is it.
pub(super) const SEPARATOR: &[u8] = &[0; 4];

/// One of a TD's runtime measurement registers: SHA-384, extended from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rtmr(Digest48);

impl Rtmr {
    /// A register that nothing was measured into.
    pub const ZERO: Self = Self(Digest48::new([0; 48]));

    /// The register after these events.
    #[must_use]
    pub fn after<'e>(events: impl IntoIterator<Item = &'e Event<'e>>) -> Self {
        events.into_iter().fold(Self::ZERO, |it, event| it.extended(&event.sha384()))
    }

    /// The register after one more digest.
    #[must_use]
    pub fn extended(self, digest: &Digest48) -> Self {
        Self(sha384([self.0.as_ref(), digest.as_ref()]))
    }

    /// The value.
    #[must_use]
    pub const fn value(&self) -> &Digest48 {
        &self.0
    }
}

/// One of a TPM's platform configuration registers, extended from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pcr(Digest);

impl Pcr {
    /// The register of `bank` after these events.
    #[must_use]
    pub fn after<'e>(bank: HashAlgorithm, events: impl IntoIterator<Item = &'e Event<'e>>) -> Self {
        let digests = events.into_iter().map(|event| event.digest(bank));
        Self(digests.fold(Digest::zero(bank), |it, digest| {
            Digest::of_parts(bank, [it.as_bytes(), digest.as_bytes()])
        }))
    }

    /// The value.
    #[must_use]
    pub const fn value(&self) -> &Digest {
        &self.0
    }
}

/// Text as the firmware and the kernel hold it: UTF-16, little-endian, without a terminator.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

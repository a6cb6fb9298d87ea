//! The chain of digests over the pages of a launch.

use cloister_attestation::bytes::Digest48;

use crate::measure::hash::sha384;

/// `PAGE_TYPE`.
// SPEC: AMD 56860, table "PAGE_TYPE encodings" of SNP_LAUNCH_UPDATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    Normal,
    Vmsa,
    Zero,
    Unmeasured,
    Secrets,
    Cpuid,
}

impl PageKind {
    const fn number(self) -> u8 {
        match self {
            Self::Normal => 1,
            Self::Vmsa => 2,
            Self::Zero => 3,
            Self::Unmeasured => 4,
            Self::Secrets => 5,
            Self::Cpuid => 6,
        }
    }
}

/// `LD`: the launch digest so far.
#[derive(Clone, Debug)]
pub(super) struct Chain(Digest48);

/// The length of `PAGE_INFO`, which is part of it.
const INFO_BYTES: u16 = 0x70;
/// `IMI_PAGE` and the permissions of VMPL 3, 2 and 1, and a reserved byte: none.
const NO_PERMISSIONS: [u8; 5] = [0; 5];

impl Chain {
    pub(super) const fn new() -> Self {
        Self(Digest48::new([0; 48]))
    }

    /// One page with this digest of its contents.
    // SPEC: AMD 56860, table "PAGE_INFO structure".
    pub(super) fn extend(&mut self, kind: PageKind, address: u64, contents: &Digest48) {
        self.0 = sha384([
            self.0.as_ref(),
            contents.as_ref(),
            &INFO_BYTES.to_le_bytes(),
            &[kind.number()],
            &NO_PERMISSIONS,
            &address.to_le_bytes(),
        ]);
    }

    /// One page of data.
    pub(super) fn extend_data(&mut self, kind: PageKind, address: u64, page: &[u8]) {
        self.extend(kind, address, &contents(page));
    }

    /// One page of which the firmware measures only that it is there.
    pub(super) fn extend_unread(&mut self, kind: PageKind, address: u64) {
        self.extend(kind, address, &Digest48::new([0; 48]));
    }

    pub(super) const fn digest(&self) -> Digest48 {
        self.0
    }
}

impl From<Digest48> for Chain {
    fn from(digest: Digest48) -> Self {
        Self(digest)
    }
}

/// The digest of a page's contents.
pub(super) fn contents(page: &[u8]) -> Digest48 {
    sha384([page])
}

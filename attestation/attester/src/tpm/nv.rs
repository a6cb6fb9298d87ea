//! An NV index's public area.

use cloister_attestation::bytes::Reader;

// SPEC: TPM 2.0 Part 2, section 13.4, TPMA_NV.
const OWNER_READ: u32 = 1 << 17;
const AUTH_READ: u32 = 1 << 18;

/// `TPM_RH_OWNER`.
// SPEC: TPM 2.0 Part 2, section 7.4, TPM_RH.
pub(super) const OWNER: u32 = 0x4000_0001;

/// `TPMS_NV_PUBLIC`, as far as reading an index needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NvPublic {
    index: u32,
    attributes: u32,
    data_size: u16,
}

impl NvPublic {
    // SPEC: TPM 2.0 Part 3, section 31.6, TPM2_NV_ReadPublic; Part 2, section 13.5, TPMS_NV_PUBLIC.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut public = Reader::new(reader.sized_be()?);
        let index = public.u32_be()?;
        let _name_algorithm = public.u16_be()?;
        let attributes = public.u32_be()?;
        let _policy = public.sized_be()?;
        let data_size = public.u16_be()?;
        let _name = reader.sized_be()?;
        public.is_empty().then_some(Self { index, attributes, data_size })
    }

    pub(super) const fn index(&self) -> u32 {
        self.index
    }

    /// How many bytes the index holds.
    #[must_use]
    pub fn data_size(&self) -> usize {
        self.data_size.into()
    }

    /// Whose empty password reads it: the owner's or the index's own; `None` for nobody's.
    pub(super) const fn reader(&self) -> Option<u32> {
        if self.attributes & OWNER_READ != 0 {
            Some(OWNER)
        } else if self.attributes & AUTH_READ != 0 {
            Some(self.index)
        } else {
            None
        }
    }
}

//! `TCG_PCClientTaggedEvent`.

use core::ops::Range;

use crate::bytes::Reader;

/// A tag and the data that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedEvent {
    /// `taggedEventID`.
    pub id: u32,
    /// Where in the payload `taggedEventData` lies.
    pub data: Range<usize>,
}

impl TaggedEvent {
    /// The load options of a Linux kernel that the EFI stub measured: its command line.
    // SPEC: Linux drivers/firmware/efi/libstub/efistub.h, LOAD_OPTIONS_EVENT_TAG_ID.
    pub const LINUX_LOAD_OPTIONS: u32 = 0x8f3b_22ed;
    /// The initial RAM disk that the EFI stub measured.
    // SPEC: Linux drivers/firmware/efi/libstub/efistub.h, INITRD_EVENT_TAG_ID.
    pub const LINUX_INITRD: u32 = 0x8f3b_22ec;

    /// Where `taggedEventData` begins.
    pub(in crate::event_log) const DATA: usize = 8;

    /// Reads the payload of an `EV_EVENT_TAG` event; `None` if its length does not fit exactly.
    // SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.4.2.1.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let id = reader.u32()?;
        let len = usize::try_from(reader.u32()?).ok()?;
        reader.take(len)?;
        reader.is_empty().then_some(Self { id, data: Self::DATA..payload.len() })
    }
}

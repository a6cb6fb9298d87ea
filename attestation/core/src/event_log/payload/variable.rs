//! `UEFI_VARIABLE_DATA`.

use core::ops::Range;

use crate::bytes::Reader;

/// A UEFI variable, as an event logs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UefiVariable {
    /// `VariableName`: the vendor GUID, as stored (first three fields little-endian).
    pub guid: [u8; 16],
    /// `UnicodeName`; what is no UTF-16 is replaced.
    pub name: String,
    /// Where in the payload `VariableData` lies.
    pub data: Range<usize>,
}

/// `VariableName`, `UnicodeNameLength` and `VariableDataLength`.
const FIXED_LEN: usize = 32;

impl UefiVariable {
    /// Reads the payload of an `EV_EFI_VARIABLE_…` event; `None` if its lengths do not fit.
    // SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.2.6, UEFI_VARIABLE_DATA.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let guid = reader.array()?;
        let name_len = usize::try_from(reader.u64()?).ok()?.checked_mul(2)?;
        let data_len = usize::try_from(reader.u64()?).ok()?;
        let name = reader.take(name_len)?;
        reader.take(data_len)?;
        let start = FIXED_LEN.checked_add(name_len)?;
        Some(Self { guid, name: utf16(name), data: start..start.checked_add(data_len)? })
    }
}

/// Little-endian UTF-16, without terminators.
pub(in crate::event_log) fn utf16(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
}

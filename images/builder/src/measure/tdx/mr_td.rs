//! MRTD: what the TDX module measures while a VMM builds a TD.
//!
//! SPEC: Intel TDX Module Base Architecture Specification, section "MRTD: Build-Time Measurement
//! Register": TDH.MEM.PAGE.ADD and TDH.MR.EXTEND.

use aws_lc_rs::digest::{Context, SHA384};
use cloister_attestation::bytes::Digest48;
use serde::Deserialize;

use crate::measure::error::MeasureError;
use crate::measure::firmware::{Firmware, PAGE_BYTES, TdvfSection};
use crate::measure::hash::finish;

/// In which order a VMM adds pages and has their contents measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Passes {
    /// Page by page: Linux 6.16 and QEMU 9 and later.
    One,
    /// All pages of a section, then all of its contents: Intel's QEMU 8.
    Two,
}

const CHUNK_BYTES: usize = 256;
const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

/// MRTD of a TD that begins with `firmware`.
///
/// # Errors
/// [`MeasureError::Firmware`].
pub fn mr_td(firmware: &Firmware<'_>, passes: Passes) -> Result<Digest48, MeasureError> {
    let mut measured = Measured { context: Context::new(&SHA384) };
    for section in firmware.tdvf_sections()? {
        match passes {
            Passes::One => measured.one_pass(&section)?,
            Passes::Two => measured.two_passes(&section)?,
        }
    }
    Ok(Digest48::new(finish(measured.context)))
}

struct Measured {
    context: Context,
}

impl Measured {
    fn one_pass(&mut self, section: &TdvfSection<'_>) -> Result<(), MeasureError> {
        pages(section)?.try_for_each(|(address, data)| {
            self.add(section, address);
            self.extend(section, address, data)
        })
    }

    fn two_passes(&mut self, section: &TdvfSection<'_>) -> Result<(), MeasureError> {
        pages(section)?.for_each(|(address, _)| self.add(section, address));
        pages(section)?.try_for_each(|(address, data)| self.extend(section, address, data))
    }

    fn add(&mut self, section: &TdvfSection<'_>, address: u64) {
        if !section.is_added_later {
            self.operation(b"MEM.PAGE.ADD", address);
        }
    }

    fn extend(
        &mut self,
        section: &TdvfSection<'_>,
        address: u64,
        data: &[u8],
    ) -> Result<(), MeasureError> {
        if !section.is_extended {
            return Ok(());
        }
        let rest = ZEROS.get(data.len()..).ok_or_else(beyond)?;
        let page = [data, rest].concat();
        for (chunk, offset) in page.chunks(CHUNK_BYTES).zip((0..).step_by(CHUNK_BYTES)) {
            self.operation(b"MR.EXTEND", address.checked_add(offset).ok_or_else(beyond)?);
            self.context.update(chunk);
        }
        Ok(())
    }

    /// The block of 128 bytes that names an operation and the page or chunk that it is about.
    fn operation(&mut self, name: &[u8], address: u64) {
        self.context.update(name);
        self.context.update(ZEROS.get(name.len()..16).unwrap_or_default());
        self.context.update(&address.to_le_bytes());
        self.context.update(&[0; 104]);
    }
}

/// The address of each page, and what of it is in the firmware; zeros follow.
fn pages<'a>(
    section: &TdvfSection<'a>,
) -> Result<impl Iterator<Item = (u64, &'a [u8])>, MeasureError> {
    let bytes = usize::try_from(section.bytes).map_err(|_| beyond())?;
    let data = section.data.chunks(PAGE_BYTES).chain(core::iter::repeat([].as_slice()));
    let addresses = (section.address..).step_by(PAGE_BYTES);
    Ok(addresses.zip(data).take(bytes / PAGE_BYTES))
}

fn beyond() -> MeasureError {
    MeasureError::firmware("a TDX section lies beyond what is addressed")
}

//! The host's certificate table.

use super::codes::parse as codes;
use super::endorsements::Endorsements;
use super::report::Report;
use super::signing_key::SigningKey;
use crate::bytes::Reader;
use crate::code::{Code, Diagnostic};
use crate::limits::ENDORSEMENT_BYTES_MAX;

/// The host's certificate table was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("host's certificate table is malformed: {reason}")]
pub struct CertificateTableError {
    reason: &'static str,
}

impl Diagnostic for CertificateTableError {
    fn code(&self) -> &'static Code {
        &codes::CERTIFICATE_TABLE
    }
}

/// What a host offers with a report, by label. Labels are the host's word: verification goes by
/// what is inside the certificates.
///
/// SPEC: GHCB specification 56421 section 4.1.8.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateTable {
    /// Labelled VCEK.
    pub vcek: Option<Vec<u8>>,
    /// Labelled VLEK.
    pub vlek: Option<Vec<u8>>,
    /// Labelled ASK. Hosts put the ASVK here with a VLEK.
    pub ask: Option<Vec<u8>>,
    /// Labelled ARK.
    pub ark: Option<Vec<u8>>,
    /// Labelled CRL.
    pub crl: Option<Vec<u8>>,
}

/// SPEC: the identifiers are GUIDs, stored in the order in which they are written.
const VCEK: [u8; 16] = 0x63da_758d_e664_4564_adc5_f4b9_3be8_accd_u128.to_be_bytes();
const VLEK: [u8; 16] = 0xa807_4bc2_a25a_483e_aae6_39c0_45a0_b8a1_u128.to_be_bytes();
const ASK: [u8; 16] = 0x4ab7_b379_bbac_4fe4_a02f_05ae_f327_c782_u128.to_be_bytes();
const ARK: [u8; 16] = 0xc0b4_06a4_a803_4952_9743_3fb6_014c_d0ae_u128.to_be_bytes();
const CRL: [u8; 16] = 0x92f8_1bc3_5811_4d3d_97ff_d19f_88dc_67ea_u128.to_be_bytes();

/// Five kinds are known; hosts may add a few of their own.
const ENTRIES_MAX: usize = 32;
const ENTRY_BYTES: usize = 24;

impl CertificateTable {
    /// Parses a table. Entries of unknown kinds are left out; an empty input is an empty table.
    ///
    /// # Errors
    /// [`CertificateTableError`] with the reason.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateTableError> {
        if bytes.len() > ENDORSEMENT_BYTES_MAX {
            return Err(refuse("it is larger than 64 KiB"));
        }
        let mut table = Self::default();
        if bytes.is_empty() {
            return Ok(table);
        }
        let entries = entries(bytes)?;
        let data_start = entries.len().saturating_add(1).saturating_mul(ENTRY_BYTES);
        for entry in entries {
            table.put(&entry.guid, entry.data(bytes, data_start)?)?;
        }
        Ok(table)
    }

    /// The endorsements for `report`: of the two kinds of key, the one that it names.
    #[must_use]
    pub fn endorsements(self, report: &Report) -> Endorsements {
        let vek = match report.signing_key() {
            SigningKey::Vlek => self.vlek.or(self.vcek),
            SigningKey::Vcek | SigningKey::None => self.vcek.or(self.vlek),
        };
        Endorsements { vek, intermediate: self.ask, root: self.ark, crl: self.crl }
    }

    fn put(&mut self, guid: &[u8; 16], data: &[u8]) -> Result<(), CertificateTableError> {
        let slot = match *guid {
            VCEK => &mut self.vcek,
            VLEK => &mut self.vlek,
            ASK => &mut self.ask,
            ARK => &mut self.ark,
            CRL => &mut self.crl,
            _ => return Ok(()),
        };
        if slot.replace(data.to_vec()).is_some() {
            return Err(refuse("an entry is there twice"));
        }
        Ok(())
    }
}

struct Entry {
    guid: [u8; 16],
    offset: u32,
    length: u32,
}

impl Entry {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { guid: reader.array()?, offset: reader.u32()?, length: reader.u32()? })
    }

    fn data<'a>(&self, table: &'a [u8], start: usize) -> Result<&'a [u8], CertificateTableError> {
        let outside = || refuse("an entry points outside the table");
        let offset = usize::try_from(self.offset).map_err(|_| outside())?;
        let length = usize::try_from(self.length).map_err(|_| outside())?;
        if offset < start {
            return Err(refuse("an entry points into the list of entries"));
        }
        let end = offset.checked_add(length).ok_or_else(outside)?;
        table.get(offset..end).ok_or_else(outside)
    }
}

/// The entries before the empty one.
fn entries(bytes: &[u8]) -> Result<Vec<Entry>, CertificateTableError> {
    let mut reader = Reader::new(bytes);
    let mut entries = Vec::new();
    loop {
        let entry =
            Entry::read(&mut reader).ok_or_else(|| refuse("its list of entries does not end"))?;
        if entry.guid == [0; 16] {
            return Ok(entries);
        }
        if entries.len() == ENTRIES_MAX {
            return Err(refuse("it has more than 32 entries"));
        }
        entries.push(entry);
    }
}

const fn refuse(reason: &'static str) -> CertificateTableError {
    CertificateTableError { reason }
}

#[cfg(test)]
mod tests;

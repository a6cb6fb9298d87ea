//! The quoting enclave's own report: an SGX enclave report, signed by the platform's PCK.

use crate::bytes::Reader;

/// Length in bytes.
pub(super) const LEN: usize = 384;

/// The fields of the quoting enclave's report that verification reads.
///
/// Nothing in here is authenticated until the quote is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QeReport {
    misc_select: [u8; 4],
    attributes: [u8; 16],
    mr_signer: [u8; 32],
    isv_prod_id: u16,
    isv_svn: u16,
    report_data: [u8; 64],
}

impl QeReport {
    // SPEC: Intel SGX ECDSA Quote Library API, A.4 table 5 "Enclave Report Body". The reserved
    // ranges between the fields are signed over and have no meaning.
    pub(super) fn read(bytes: &[u8; LEN]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        reader.take(16)?; // CPUSVN
        let misc_select = reader.array()?;
        reader.take(28)?;
        let attributes = reader.array()?;
        reader.take(64)?; // MRENCLAVE, reserved
        let mr_signer = reader.array()?;
        reader.take(96)?;
        let (isv_prod_id, isv_svn) = (reader.u16()?, reader.u16()?);
        reader.take(60)?;
        let report_data = reader.array()?;
        reader.is_empty().then_some(Self {
            misc_select,
            attributes,
            mr_signer,
            isv_prod_id,
            isv_svn,
            report_data,
        })
    }

    /// `MISCSELECT`, as received (little-endian).
    #[must_use]
    pub const fn misc_select(&self) -> &[u8; 4] {
        &self.misc_select
    }

    /// `ATTRIBUTES`, as received.
    #[must_use]
    pub const fn attributes(&self) -> &[u8; 16] {
        &self.attributes
    }

    /// `MRSIGNER`: digest of the key that signed the quoting enclave.
    #[must_use]
    pub const fn mr_signer(&self) -> &[u8; 32] {
        &self.mr_signer
    }

    /// `ISVPRODID`.
    #[must_use]
    pub const fn isv_prod_id(&self) -> u16 {
        self.isv_prod_id
    }

    /// `ISVSVN`: the quoting enclave's security version.
    #[must_use]
    pub const fn isv_svn(&self) -> u16 {
        self.isv_svn
    }

    /// `REPORTDATA`: SHA-256 over attestation key and authentication data, then 32 zero bytes.
    #[must_use]
    pub const fn report_data(&self) -> &[u8; 64] {
        &self.report_data
    }
}

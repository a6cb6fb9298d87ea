//! A recorded TPM quote, whatever form it was kept in.

/// The three parts that are read, and the key where it is not in the Evidence.
pub(super) struct TpmQuote {
    /// `TPMT_PUBLIC`.
    pub(super) public: Option<Vec<u8>>,
    /// `TPMS_ATTEST`.
    pub(super) message: Vec<u8>,
    /// `TPMT_SIGNATURE`.
    pub(super) signature: Vec<u8>,
    /// In ascending order.
    pub(super) pcrs: Vec<Vec<u8>>,
}

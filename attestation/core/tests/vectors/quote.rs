//! The TPM quote of a recorded case, read as `cargo xtask vectors` reads it.

use super::tpm_quote::TpmQuote;
use super::{Case, origin, protobuf};

/// The three parts of a quote, and the key where the case has it beside.
#[derive(Clone)]
pub(crate) struct Recorded {
    /// `TPMT_PUBLIC`.
    pub(crate) public: Option<Vec<u8>>,
    /// `TPMS_ATTEST`.
    pub(crate) message: Vec<u8>,
    /// `TPMT_SIGNATURE`.
    pub(crate) signature: Vec<u8>,
    /// Concatenated.
    pub(crate) pcrs: Vec<u8>,
}

impl From<TpmQuote> for Recorded {
    fn from(quote: TpmQuote) -> Self {
        let TpmQuote { public, message, signature, pcrs } = quote;
        Self { public, message, signature, pcrs: pcrs.concat() }
    }
}

/// The case's quote, where one was recorded.
pub(crate) fn of(case: &Case) -> Option<Recorded> {
    if let Some(json) = case.file("evidence.json") {
        return Some(origin::from_json(&json).unwrap().into());
    }
    if let Some(yaml) = case.file("evidence.yaml") {
        return Some(origin::from_yaml(&String::from_utf8(yaml).unwrap()).unwrap().into());
    }
    case.file("attestation.pb").map(|bytes| protobuf::quote(&bytes).unwrap().into())
}

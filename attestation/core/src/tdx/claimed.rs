//! What a quote says about its platform before anything of it is verified.

use crate::bytes::Fmspc;
use crate::publication::PckCa;
use crate::tdx::pck::{PckExtension, SGX_EXTENSION};
use crate::tdx::platform::pck_ca;
use crate::tdx::quote::Quote;
use crate::x509::{Certificate, pem};

/// Processor family and CA of the PCK certificate in `quote`, to look up endorsements by; `None`
/// if it has none that reads.
///
/// # Security
/// Nothing of it is authenticated. Verification compares both with what is found.
pub(crate) fn claimed(quote: &Quote) -> Option<(Fmspc, PckCa)> {
    certificates(quote).iter().find_map(|certificate| {
        let value = certificate.extension(SGX_EXTENSION).ok()??;
        let pck = PckExtension::parse(value).ok()?;
        Some((*pck.fmspc(), pck_ca(certificate.issuer())?))
    })
}

fn certificates(quote: &Quote) -> Vec<Certificate> {
    let text = quote.auth_data().pck_chain();
    let text = text.strip_suffix(&[0]).unwrap_or(text);
    let text = core::str::from_utf8(text).unwrap_or_default();
    pem::certificates(text).unwrap_or_default()
}

//! Where AMD's key distribution service publishes what is missing.

use super::product::Product;
use super::report::Report;
use super::signing_key::SigningKey;
use crate::bytes::hex;
use crate::publication::{self, Need};
use crate::verify::Missing;

/// The certificate of the key that signed `report`.
///
/// A version 2 report does not say which product signed it, and a masked `CHIP_ID` not which chip;
/// the path then has `{product}` or `{chip_id}` in that place, and nobody can fetch it. AMD gives
/// VLEK certificates to the cloud provider alone.
///
/// SPEC: AMD 57230 section 4.1.
pub(crate) fn vek(report: &Report) -> Missing {
    let product = report.cpuid().and_then(Product::from_cpuid);
    let name = product.map_or("{product}", Product::name);
    if report.signing_key() == SigningKey::Vlek {
        let what = "VLEK certificate, which the cloud provider's host offers with the report";
        return Missing::unaddressed(what.to_owned(), format!("/vlek/v1/{name}/cert"));
    }
    let hwid = *report.chip_id();
    if let Some(product) = product.filter(|_| !hwid.is_zero()) {
        let tcb = report.reported_tcb().components(product);
        return Missing::of(Need::Vcek { product, hwid, tcb });
    }
    // Turin is the one product with another layout, and its reports are never of version 2.
    let layout = product.unwrap_or(Product::Milan);
    let chip = match hwid.as_bytes().get(..layout.hwid_len()) {
        Some(id) if !hwid.is_zero() => hex::encode(id),
        _ => "{chip_id}".to_owned(),
    };
    let tcb = publication::query(report.reported_tcb().components(layout));
    Missing::unaddressed("VCEK certificate".to_owned(), format!("/vcek/v1/{name}/{chip}?{tcb}"))
}

/// The chain above the key certificate.
///
/// SPEC: AMD 57230 section 4.2.
pub(super) fn chain(product: Product, key: SigningKey, what: &str) -> Missing {
    Missing { what: what.to_owned(), ..Missing::of(Need::AmdChain { product, key }) }
}

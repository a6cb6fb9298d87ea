//! Where AMD's key distribution service publishes what is missing.

use super::product::Product;
use super::report::Report;
use super::signing_key::SigningKey;
use super::tcb::Tcb;
use crate::verify::Missing;

/// The certificate of the key that signed `report`.
///
/// A version 2 report does not say which product signed it, and a masked `CHIP_ID` not which chip;
/// the path then has `{product}` or `{chip_id}` in that place.
///
/// SPEC: AMD 57230 section 4.1.
pub(super) fn vek(report: &Report) -> Missing {
    let product = report.cpuid().and_then(Product::from_cpuid);
    let name = product.map_or("{product}", Product::name);
    if report.signing_key() == SigningKey::Vlek {
        return Missing {
            what: "VLEK certificate, which the cloud provider's host offers with the report"
                .to_owned(),
            path: format!("/vlek/v1/{name}/cert"),
        };
    }
    // Turin is the one product with another layout, and its reports are never of version 2.
    let layout = product.unwrap_or(Product::Milan);
    let chip = report.chip_id();
    let hwid = match chip.as_bytes().get(..layout.hwid_len()) {
        Some(id) if !chip.is_zero() => hex::encode(id),
        _ => "{chip_id}".to_owned(),
    };
    let tcb = query(report.reported_tcb().components(layout));
    Missing { what: "VCEK certificate".to_owned(), path: format!("/vcek/v1/{name}/{hwid}?{tcb}") }
}

/// The chain above the key certificate.
///
/// SPEC: AMD 57230 section 4.2.
pub(super) fn chain(product: Product, key: SigningKey, what: &str) -> Missing {
    let service = if key == SigningKey::Vlek { "vlek" } else { "vcek" };
    Missing { what: what.to_owned(), path: format!("/{service}/v1/{product}/cert_chain") }
}

fn query(tcb: Tcb) -> String {
    let Tcb { fmc, boot_loader, tee, snp, microcode } = tcb;
    let fmc = fmc.map(|fmc| format!("fmcSPL={fmc:02}&")).unwrap_or_default();
    format!("{fmc}blSPL={boot_loader:02}&teeSPL={tee:02}&snpSPL={snp:02}&ucodeSPL={microcode:02}")
}

//! What verification of a piece of Evidence will want, by its own unauthenticated words.

use super::need::{Need, TcbUpdate};
use crate::evidence::Evidence;
use crate::snp::{self, Product, SigningKey};
use crate::tdx;

/// The documents that verification of `evidence` will want, as far as it says by itself.
///
/// # Security
/// Nothing in here is authenticated: whoever made the Evidence up chose it. Use it to look up what
/// is kept, never to fetch; what verification reports as missing comes after the signatures.
#[must_use]
pub fn foreseen(evidence: &Evidence) -> Vec<Need> {
    match evidence.hardware() {
        Evidence::Snp(report) => of_report(report),
        Evidence::Tdx(quote) => of_quote(quote),
        Evidence::Azure(_) => Vec::new(),
    }
}

fn of_report(report: &snp::Report) -> Vec<Need> {
    let Some(product) = report.cpuid().and_then(Product::from_cpuid) else { return Vec::new() };
    let key = match report.signing_key() {
        SigningKey::None => return Vec::new(),
        key @ (SigningKey::Vcek | SigningKey::Vlek) => key,
    };
    let chip = snp::vek_missing(report).need;
    chip.into_iter().chain([Need::AmdChain { product, key }, Need::AmdCrl { product }]).collect()
}

fn of_quote(quote: &tdx::Quote) -> Vec<Need> {
    let update = TcbUpdate::Standard;
    let mut needs = vec![Need::TdQeIdentity { update }, Need::IntelRootCrl];
    if let Some((fmspc, ca)) = tdx::claimed_platform(quote) {
        needs.extend([Need::TdxTcbInfo { fmspc, update }, Need::PckCrl { ca }]);
    }
    needs
}

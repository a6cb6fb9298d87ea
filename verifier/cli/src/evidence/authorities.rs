//! AMD's authority certificates on their own: each root against its pin, each intermediate
//! against its root.

use cloister_attestation::check::Check;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::snp::Product;
use cloister_attestation::snp::codes::verify as codes;
use cloister_attestation::x509::{Certificate, X509Error};

use super::demands::Demands;
use super::folder::Folder;
use super::verdict::{Stage, Subject, Verdict};

/// Checks every product whose root is in the folder.
pub(super) fn judge(folder: &Folder, demands: &Demands, mut verdict: Verdict) -> Verdict {
    verdict.subject = Subject::Endorsements;
    let mut checks = Vec::new();
    let mut products = Vec::new();
    for product in [Product::Milan, Product::Genoa, Product::Turin] {
        match examine(folder, demands, product) {
            Ok(found) if found.is_empty() => {}
            Ok(found) => {
                products.push(product.name());
                checks.extend(found);
            }
            Err(error) => return verdict.unparsed(error.code(), error),
        }
    }
    let failed = checks.iter().find(|check| check.failed()).map(|check| check.code);
    let mut verdict = verdict.with_checks(&checks);
    verdict.stages.parse = Stage::Ok;
    verdict.stages.verify = failed.map_or(Stage::Ok, Stage::Refused);
    verdict.product = failed.is_none().then(|| products.join(", "));
    verdict.lacking("report.bin: certificates alone say nothing about a machine")
}

fn examine(folder: &Folder, demands: &Demands, product: Product) -> Result<Vec<Check>, X509Error> {
    let Some(der) = folder.authority(product, "ark")? else { return Ok(Vec::new()) };
    let root = Certificate::parse(&der)?;
    let mut checks = vec![
        Check::equal(&codes::ROOT, demands.anchors.amd_root(product), root.key_pin()),
        signed(&codes::ROOT_SIGNATURE, &root, &root),
        valid(&root, demands),
    ];
    for role in ["ask", "asvk"] {
        if let Some(der) = folder.authority(product, role)? {
            let intermediate = Certificate::parse(&der)?;
            checks.push(signed(&codes::INTERMEDIATE, &intermediate, &root));
            checks.push(valid(&intermediate, demands));
        }
    }
    Ok(checks)
}

fn signed(code: &'static Code, certificate: &Certificate, issuer: &Certificate) -> Check {
    let expected = format!("{} signed by {}", certificate.subject(), issuer.subject());
    match certificate.verify_signed_by(issuer) {
        Ok(()) => Check::decided(code, true, expected, "signed"),
        Err(error) => Check::decided(code, false, expected, error),
    }
}

fn valid(certificate: &Certificate, demands: &Demands) -> Check {
    let expected = format!(
        "{} valid from {} to {}",
        certificate.subject(),
        certificate.not_before(),
        certificate.not_after()
    );
    Check::decided(&codes::VALIDITY, certificate.valid_at(demands.at).is_ok(), expected, demands.at)
}

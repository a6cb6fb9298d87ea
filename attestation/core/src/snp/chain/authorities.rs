//! The root and the intermediate above a key certificate.

use crate::anchor::{AnchorKind, Anchors};
use crate::check::Check;
use crate::snp::codes::verify as codes;
use crate::snp::endorsements::Endorsements;
use crate::snp::product::Product;
use crate::snp::signing_key::SigningKey;
use crate::snp::{kds, roots};
use crate::trail::Trail;
use crate::verify::VerifyError;
use crate::x509::Certificate;

/// The two authorities above a key certificate, verified up to the pin.
pub(super) struct Authorities {
    pub(super) root: Certificate,
    pub(super) intermediate: Certificate,
}

impl Authorities {
    pub(super) fn verify(
        trail: &mut Trail,
        with: &Endorsements,
        anchors: &Anchors,
        (product, key): (Product, SigningKey),
    ) -> Result<Self, VerifyError> {
        let root = verify_root(trail, with, anchors, (product, key))?;
        let built_in = anchors.kind() == AnchorKind::Vendor;
        let intermediate = match (&with.intermediate, roots::intermediate(product, key)) {
            (Some(der), _) => der,
            (None, Some(der)) if built_in => der,
            (None, _) => {
                return Err(trail.incomplete(kds::chain(product, key, "intermediate certificate")));
            }
        };
        let intermediate = trail.certificate(intermediate)?;
        trail.signed(&codes::INTERMEDIATE, &intermediate, &root)?;
        Ok(Self { root, intermediate })
    }
}

/// The root, if its key is the pinned one.
pub(super) fn verify_root(
    trail: &mut Trail,
    with: &Endorsements,
    anchors: &Anchors,
    (product, key): (Product, SigningKey),
) -> Result<Certificate, VerifyError> {
    let root = match &with.root {
        Some(der) => der,
        None if anchors.kind() == AnchorKind::Vendor => roots::ark(product),
        None => return Err(trail.incomplete(kds::chain(product, key, "ARK certificate"))),
    };
    let root = trail.certificate(root)?;
    // SECURITY: the pin comes first; nothing that an unpinned root says is looked at.
    trail.require(Check::equal(&codes::ROOT, anchors.amd_root(product), root.key_pin()))?;
    trail.signed(&codes::ROOT_SIGNATURE, &root, &root)?;
    Ok(root)
}

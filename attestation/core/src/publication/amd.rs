//! Documents of AMD's key distribution service.

use super::issue::{Document, Issue};
use super::{Need, Part, Publication, PublicationError, Verifier};
use crate::anchor::{AnchorKind, KeyPin};
use crate::bytes::{ChipId, hex};
use crate::snp::{self, Endorsements, Product, SigningKey, Tcb};
use crate::x509::{Certificate, Crl, pem};

impl Verifier<'_> {
    /// SPEC: AMD 57230 section 4.1: one certificate, DER.
    pub(super) fn vcek(
        &self,
        need: Need,
        product: Product,
        (hwid, tcb): (ChipId, Tcb),
    ) -> Result<Publication, PublicationError> {
        let vek = self.response.body.clone();
        let with = Endorsements { vek: Some(vek.clone()), ..self.amd_authorities() };
        let chain = snp::verify_chain(&with, self.anchors, self.now)?;
        let asked = hwid.as_bytes().get(..product.hwid_len()).unwrap_or_default();
        let is_asked = chain.product() == product
            && chain.signing_key() == SigningKey::Vcek
            && chain.hwid() == Some(asked)
            && chain.tcb() == tcb;
        if !is_asked {
            let owner = chain.hwid().map_or_else(|| "a provider".to_owned(), hex::encode);
            return Err(PublicationError::Other {
                expected: format!("{product} {} at {tcb}", hex::encode(asked)),
                observed: format!("{} {owner} at {}", chain.product(), chain.tcb()),
            });
        }
        let valid_until = chain.valid_until();
        Ok(Publication { need, part: Part::Vcek(vek), valid_until, issue: None })
    }

    /// SPEC: AMD 57230 section 4.2: two certificates, PEM, the intermediate first.
    pub(super) fn amd_chain(
        &self,
        need: Need,
        product: Product,
        key: SigningKey,
    ) -> Result<Publication, PublicationError> {
        let text = core::str::from_utf8(&self.response.body).map_err(PublicationError::format)?;
        let blocks = pem::blocks(text)?;
        let [intermediate, root]: [Vec<u8>; 2] = blocks.try_into().map_err(|found: Vec<_>| {
            PublicationError::format(format!("{} certificates, expected 2", found.len()))
        })?;
        require_pin(&Certificate::parse(&root)?, self.anchors.amd_root(product))?;
        require_name(&Certificate::parse(&intermediate)?, product, key)?;
        let with = Endorsements {
            intermediate: Some(intermediate.clone()),
            root: Some(root.clone()),
            ..Endorsements::none()
        };
        let (valid_until, _) =
            snp::verify_authorities(&with, self.anchors, (product, key), self.now)?;
        let part = Part::AmdChain { intermediate, root };
        Ok(Publication { need, part, valid_until, issue: None })
    }

    /// SPEC: AMD 57230 section 4.3: one CRL, DER, signed by the ARK.
    pub(super) fn amd_crl(
        &self,
        need: Need,
        product: Product,
    ) -> Result<Publication, PublicationError> {
        let root = self.ark(product)?;
        let crl = Crl::parse(&self.response.body)?;
        crl.verify_signed_by(&root)?;
        crl.fresh_at(self.now)?;
        Ok(Publication {
            need,
            part: Part::AmdCrl(self.response.body.clone()),
            valid_until: crl.next_update(),
            issue: Some(Issue::of_crl(Document::AmdCrl(product), &crl)),
        })
    }

    /// The authorities that came with [`Need::authority`]; nothing where they are built in.
    fn amd_authorities(&self) -> Endorsements {
        match self.authority.map(|authority| &authority.part) {
            Some(Part::AmdChain { intermediate, root }) => Endorsements {
                intermediate: Some(intermediate.clone()),
                root: Some(root.clone()),
                ..Endorsements::none()
            },
            _ => Endorsements::none(),
        }
    }

    fn ark(&self, product: Product) -> Result<Certificate, PublicationError> {
        let root = match self.anchors.kind() {
            AnchorKind::Vendor => Certificate::parse(snp::roots::ark(product))?,
            AnchorKind::Simulator => {
                let der = self.amd_authorities().root.ok_or_else(|| PublicationError::Root {
                    reason: "no root certificate is at hand".to_owned(),
                })?;
                Certificate::parse(&der)?
            }
        };
        require_pin(&root, self.anchors.amd_root(product))?;
        root.valid_at(self.now)?;
        Ok(root)
    }
}

/// SPEC: AMD 57230 section 2.1, 2.2.
fn require_name(
    intermediate: &Certificate,
    product: Product,
    key: SigningKey,
) -> Result<(), PublicationError> {
    let expected = match key {
        SigningKey::Vlek => format!("SEV-VLEK-{product}"),
        SigningKey::Vcek | SigningKey::None => format!("SEV-{product}"),
    };
    let subject = intermediate.subject();
    if subject.common_name() == Some(expected.as_str()) {
        return Ok(());
    }
    Err(PublicationError::Other { expected, observed: subject.to_string() })
}

/// SECURITY: a root that arrives counts by its key, and by nothing that it says.
pub(super) fn require_pin(root: &Certificate, pin: KeyPin) -> Result<(), PublicationError> {
    let observed = root.key_pin();
    if observed.ct_eq(&pin) {
        return Ok(());
    }
    let reason = format!("the root's key is {observed}, pinned is {pin}");
    Err(PublicationError::Root { reason })
}

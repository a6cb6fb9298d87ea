//! Documents of Intel's provisioning certification service.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::amd::require_pin;
use super::issue::{Document, Issue};
use super::{Need, Part, PckCa, Publication, PublicationError, Verifier};
use crate::anchor::AnchorKind;
use crate::bytes::Fmspc;
use crate::tdx::{self, Collateral, SignedDocument, VerifiedCollateral};
use crate::x509::{Certificate, Crl, pem};

/// SPEC: Intel Trusted Services API, PCS version 4, Get TDX TCB Info.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TcbInfoBody<'a> {
    #[serde(borrow, rename = "tcbInfo")]
    document: &'a RawValue,
    signature: &'a str,
}

/// SPEC: Intel Trusted Services API, PCS version 4, Get TDX QE Identity.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QeIdentityBody<'a> {
    #[serde(borrow, rename = "enclaveIdentity")]
    document: &'a RawValue,
    signature: &'a str,
}

impl Verifier<'_> {
    pub(super) fn tcb_info(
        &self,
        need: Need,
        fmspc: Fmspc,
    ) -> Result<Publication, PublicationError> {
        let body: TcbInfoBody<'_> =
            serde_json::from_slice(&self.response.body).map_err(PublicationError::format)?;
        let document = self.document(body.document, body.signature)?;
        let collateral = Collateral { tcb_info: Some(document.clone()), ..Collateral::none() };
        let verified = VerifiedCollateral::new(&collateral, self.anchors, self.now)?;
        let observed = verified.fmspc();
        if observed != Some(fmspc) {
            return Err(PublicationError::Other {
                expected: format!("FMSPC {fmspc}"),
                observed: observed.map_or_else(|| "none".to_owned(), |fmspc| fmspc.to_string()),
            });
        }
        Ok(signed(need, Part::TcbInfo(document), &verified))
    }

    pub(super) fn qe_identity(&self, need: Need) -> Result<Publication, PublicationError> {
        let body: QeIdentityBody<'_> =
            serde_json::from_slice(&self.response.body).map_err(PublicationError::format)?;
        let document = self.document(body.document, body.signature)?;
        let collateral = Collateral { qe_identity: Some(document.clone()), ..Collateral::none() };
        let verified = VerifiedCollateral::new(&collateral, self.anchors, self.now)?;
        Ok(signed(need, Part::QeIdentity(document), &verified))
    }

    // SECURITY: the signature is over the text as it arrived, so the text is kept and not a value.
    fn document(
        &self,
        body: &RawValue,
        signature: &str,
    ) -> Result<SignedDocument, PublicationError> {
        let chain = self.response.issuer_chain_pem()?;
        SignedDocument::new(body.get(), signature, &chain).map_err(PublicationError::format)
    }

    /// SPEC: Intel SGX PCK Certificate and CRL Profile Specification, 1.4.
    pub(super) fn pck_crl(&self, need: Need, ca: PckCa) -> Result<Publication, PublicationError> {
        let text = self.response.issuer_chain_pem()?;
        let chain = pem::certificates(&text)?;
        let [issuer, root]: [Certificate; 2] = chain.try_into().map_err(|found: Vec<_>| {
            PublicationError::format(format!("a chain of {}, expected 2", found.len()))
        })?;
        require_pin(&root, self.anchors.intel_root())?;
        root.verify_signed_by(&root)?;
        issuer.verify_signed_by(&root)?;
        if tdx::pck_ca(issuer.subject()) != Some(ca) {
            return Err(PublicationError::Other {
                expected: format!("the {} CA", ca.word()),
                observed: issuer.subject().to_string(),
            });
        }
        for certificate in [&issuer, &root] {
            certificate.valid_at(self.now)?;
        }
        self.crl(need, (&issuer, Document::PckCrl(ca)), |crl| Part::PckCrl { crl, chain: text })
    }

    /// SPEC: Intel SGX PCK Certificate and CRL Profile Specification, 1.4.
    pub(super) fn intel_root_crl(&self, need: Need) -> Result<Publication, PublicationError> {
        let root = self.intel_root()?;
        root.valid_at(self.now)?;
        self.crl(need, (&root, Document::IntelRootCrl), Part::IntelRootCrl)
    }

    fn crl(
        &self,
        need: Need,
        (issuer, document): (&Certificate, Document),
        part: impl FnOnce(Vec<u8>) -> Part,
    ) -> Result<Publication, PublicationError> {
        let crl = Crl::parse(&self.response.body)?;
        crl.verify_signed_by(issuer)?;
        crl.fresh_at(self.now)?;
        Ok(Publication {
            need,
            part: part(self.response.body.clone()),
            valid_until: crl.next_update(),
            issue: Some(Issue::of_crl(document, &crl)),
        })
    }

    /// Intel's root is built in; a simulator's comes with the document that names its authority.
    fn intel_root(&self) -> Result<Certificate, PublicationError> {
        if self.anchors.kind() == AnchorKind::Vendor {
            return Ok(Certificate::parse(tdx::roots::INTEL_SGX_ROOT)?);
        }
        let absent = || PublicationError::Root { reason: "no root is at hand".to_owned() };
        let Some(Part::QeIdentity(document)) = self.authority.map(|authority| &authority.part)
        else {
            return Err(absent());
        };
        let chain = pem::certificates(document.issuer_chain())?;
        let pin = self.anchors.intel_root();
        chain.into_iter().find(|certificate| certificate.key_pin() == pin).ok_or_else(absent)
    }
}

fn signed(need: Need, part: Part, verified: &VerifiedCollateral) -> Publication {
    let issue = verified.issues().first().copied();
    Publication { need, part, valid_until: verified.valid_until(), issue }
}

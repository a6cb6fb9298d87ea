//! Collateral that Intel signed and that is current: computed once, used for many quotes.

use std::sync::Arc;

use crate::anchor::{AnchorKind, Anchors};
use crate::bytes::Fmspc;
use crate::bytes::hex::Hex;
use crate::check::Check;
use crate::code::Code;
use crate::publication::{Document, Issue};
use crate::tdx::chain::{self, SigningKey};
use crate::tdx::codes;
use crate::tdx::collateral::{Collateral, SignedDocument};
use crate::tdx::qe_identity::QeIdentity;
use crate::tdx::quote::Quote;
use crate::tdx::roots;
use crate::tdx::tcb_info::TcbInfo;
use crate::tdx::window::Window;
use crate::time::{Period, UnixTime};
use crate::trail::Trail;
use crate::verify::VerifyError;
use crate::x509::{Certificate, Crl, pem};

const TCB_SIGNER_NAME: &str = "Intel SGX TCB Signing";

/// Collateral whose signatures, chains, revocation and dates have been verified.
///
/// Asserts: each part that is present was signed by a key that chains to the pinned root, was not
/// revoked by a CRL that is present, and is current at the time given. A part that is absent stays
/// absent: verifying a quote then ends in [`VerifyError::Incomplete`]. The PCK CRL is the one
/// exception: its signature is verified with the platform that it belongs to.
///
/// Cloning is cheap: the clones share what was verified.
#[derive(Clone, Debug)]
pub struct VerifiedCollateral {
    pub(super) parts: Arc<Parts>,
}

/// What was verified.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) anchors: Anchors,
    pub(super) root: Option<Certificate>,
    pub(super) root_crl: Option<Crl>,
    pub(super) pck_crl: Option<Crl>,
    pub(crate) tcb_info: Option<TcbInfo>,
    pub(crate) qe_identity: Option<QeIdentity>,
    pub(super) pck_chain: Option<String>,
    issues: Vec<Issue>,
    pub(super) window: Window,
    pub(super) checks: Vec<Check>,
}

impl VerifiedCollateral {
    /// Verifies everything in `collateral` that does not depend on a quote.
    ///
    /// # Errors
    /// [`VerifyError::Refused`] at the first part that is wrong, stale or revoked.
    pub fn new(
        collateral: &Collateral,
        anchors: &Anchors,
        now: UnixTime,
    ) -> Result<Self, VerifyError> {
        let mut verifier = Verifier::new(collateral, anchors, now);
        verifier.root_crl = verifier.root_crl(collateral)?;
        let pck_crl = verifier.pck_crl(collateral)?;
        let tcb_info =
            collateral.tcb_info.as_ref().map(|document| verifier.tcb_info(document)).transpose()?;
        let qe_identity = collateral
            .qe_identity
            .as_ref()
            .map(|document| verifier.qe_identity(document))
            .transpose()?;
        let issues = issues(verifier.root_crl.as_ref(), tcb_info.as_ref(), qe_identity.as_ref());
        let parts = Parts {
            anchors: anchors.clone(),
            root: verifier.root,
            root_crl: verifier.root_crl,
            pck_crl,
            tcb_info,
            qe_identity,
            pck_chain: collateral.pck_certificate_chain.clone(),
            issues,
            window: verifier.window,
            checks: verifier.trail.into_checks(),
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// The smaller `tcbEvaluationDataNumber` of the documents that are present; 0 if none is.
    pub(super) fn tcb_evaluation_data_number(&self) -> u32 {
        let info = self.parts.tcb_info.as_ref().map(|info| info.tcb_evaluation_data_number);
        let identity =
            self.parts.qe_identity.as_ref().map(|identity| identity.tcb_evaluation_data_number);
        info.into_iter().chain(identity).min().unwrap_or_default()
    }

    /// Which issues the documents are whose signatures are verified here: all but the PCK CRL.
    #[must_use]
    pub fn issues(&self) -> &[Issue] {
        &self.parts.issues
    }

    /// The processor family that the TCB info is for.
    pub(crate) fn fmspc(&self) -> Option<Fmspc> {
        self.parts.tcb_info.as_ref().map(|info| info.fmspc)
    }

    /// The PCK certificate chain that counts for `quote`: the one that came with the collateral
    /// if there is one, else the quote's own.
    pub(crate) fn pck_chain<'a>(&'a self, quote: &'a Quote) -> &'a [u8] {
        let own = || quote.auth_data().pck_chain();
        self.parts.pck_chain.as_ref().map_or_else(own, |text| text.as_bytes())
    }

    /// The time in which everything in here is current.
    pub(crate) fn valid(&self) -> Period {
        self.parts.window.period()
    }

    /// Every step and its outcome. None of them failed.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.parts.checks
    }

    pub(crate) fn tcb_info(&self) -> Option<&TcbInfo> {
        self.parts.tcb_info.as_ref()
    }

    pub(crate) fn qe_identity(&self) -> Option<&QeIdentity> {
        self.parts.qe_identity.as_ref()
    }

    /// The last moment at which everything in here is still current.
    #[must_use]
    pub fn valid_until(&self) -> UnixTime {
        self.parts.window.until()
    }
}

fn issues(
    root_crl: Option<&Crl>,
    tcb_info: Option<&TcbInfo>,
    qe_identity: Option<&QeIdentity>,
) -> Vec<Issue> {
    let tcb_info = tcb_info.map(|info| Issue {
        document: Document::TdxTcbInfo(info.fmspc),
        issued_at: info.issue_date,
        number: Some(info.tcb_evaluation_data_number.into()),
    });
    let qe_identity = qe_identity.map(|identity| Issue {
        document: Document::TdQeIdentity,
        issued_at: identity.issue_date,
        number: Some(identity.tcb_evaluation_data_number.into()),
    });
    let root_crl = root_crl.map(|crl| Issue::of_crl(Document::IntelRootCrl, crl));
    [tcb_info, qe_identity, root_crl].into_iter().flatten().collect()
}

/// The steps of verifying collateral, with what they share.
struct Verifier<'a> {
    anchors: &'a Anchors,
    now: UnixTime,
    trail: Trail,
    window: Window,
    root: Option<Certificate>,
    root_crl: Option<Crl>,
    signer: Option<Signer<'a>>,
}

/// A signer whose chain was verified, and the steps of that.
struct Signer<'a> {
    chain: &'a str,
    key: SigningKey,
    checks: Vec<Check>,
}

impl<'a> Verifier<'a> {
    fn new(collateral: &Collateral, anchors: &'a Anchors, now: UnixTime) -> Self {
        Self {
            anchors,
            now,
            trail: Trail::default(),
            window: Window::ALWAYS,
            root: pinned_root(collateral, anchors),
            root_crl: None,
            signer: None,
        }
    }

    // SPEC: Intel SGX ECDSA Quote Library API, 4.1.2.4.1 to 4.1.2.4.3.
    fn root_crl(&mut self, collateral: &Collateral) -> Result<Option<Crl>, VerifyError> {
        let Some(bytes) = &collateral.root_ca_crl else { return Ok(None) };
        let Some(root) = &self.root else {
            self.trail.not_asserted(
                &codes::ROOT_CRL,
                "no certificate with the pinned root key to verify it with",
            );
            return Ok(None);
        };
        let crl = self.trail.holds(&codes::ROOT_CRL, "a CRL", Crl::parse(bytes))?;
        self.trail.holds(
            &codes::ROOT_CRL,
            "signed by the pinned root",
            crl.verify_signed_by(root),
        )?;
        let revoked = not_revoked(&codes::ROOT_REVOKED, &crl, root);
        self.fresh(&codes::ROOT_CRL_FRESHNESS, &crl)?;
        self.trail.require(revoked)?;
        Ok(Some(crl))
    }

    fn pck_crl(&mut self, collateral: &Collateral) -> Result<Option<Crl>, VerifyError> {
        let Some(bytes) = &collateral.pck_crl else { return Ok(None) };
        let crl = self.trail.holds(&codes::PCK_CRL, "a CRL", Crl::parse(bytes))?;
        self.fresh(&codes::PCK_CRL_FRESHNESS, &crl)?;
        Ok(Some(crl))
    }

    fn fresh(&mut self, code: &'static Code, crl: &Crl) -> Result<(), VerifyError> {
        let validity = Window::between(crl.this_update(), crl.next_update());
        self.window.admit(&mut self.trail, code, validity, self.now)
    }

    /// The key that signs TCB info and QE identity, from its chain. Intel sends one chain with
    /// both: the very same text is verified once.
    fn signer(&mut self, document: &'a SignedDocument) -> Result<SigningKey, VerifyError> {
        let chain = document.issuer_chain.as_str();
        if let Some(known) = self.signer.as_ref().filter(|known| known.chain == chain) {
            self.trail.repeat(&known.checks);
            return Ok(known.key.clone());
        }
        let taken = self.trail.len();
        let key = self.verify_signer(chain)?;
        let checks = self.trail.since(taken).to_vec();
        self.signer = Some(Signer { chain, key: key.clone(), checks });
        Ok(key)
    }

    // SPEC: Intel SGX PCK Certificate and CRL Profile Specification, 1.5: issued by the root.
    fn verify_signer(&mut self, chain: &str) -> Result<SigningKey, VerifyError> {
        let trail = &mut self.trail;
        let known = self.root.as_ref();
        let [signer, root] = chain::read(trail, &codes::TCB_SIGNER, chain.as_bytes(), known)?;
        chain::require_pinned(trail, &root, self.anchors)?;
        trail.signed(&codes::TCB_SIGNER, &signer, &root)?;
        let name = signer.subject().to_string();
        trail.require(Check::equal(&codes::TCB_SIGNER, TCB_SIGNER_NAME, name.as_str()))?;
        for certificate in [&signer, &root] {
            chain::require_valid(
                trail,
                &codes::TCB_SIGNER_VALIDITY,
                certificate,
                &mut self.window,
                self.now,
            )?;
        }
        match &self.root_crl {
            Some(crl) => trail.require(not_revoked(&codes::TCB_SIGNER_REVOKED, crl, &signer))?,
            None => trail.not_asserted(&codes::TCB_SIGNER_REVOKED, "no CRL of the root"),
        }
        let key = SigningKey::of(&signer).ok_or("a key of another type");
        trail.holds(&codes::TCB_SIGNER, "a P-256 key", key)
    }

    // SECURITY: the signature is verified over the received bytes, before they are parsed.
    fn signed(
        &mut self,
        code: &'static Code,
        document: &'a SignedDocument,
    ) -> Result<(), VerifyError> {
        let key = self.signer(document)?;
        let ok = key.verifies(document.body.as_bytes(), &document.signature);
        let observed =
            if ok { "a signature that verifies" } else { "a signature that does not verify" };
        self.trail.require(Check::decided(code, ok, "signed by Intel SGX TCB Signing", observed))
    }

    // SPEC: Intel Trusted Services API, Get TDX TCB Info V4.
    fn tcb_info(&mut self, document: &'a SignedDocument) -> Result<TcbInfo, VerifyError> {
        self.signed(&codes::TCB_INFO_SIGNATURE, document)?;
        let info = TcbInfo::parse(&document.body);
        let info = self.trail.holds(&codes::TCB_INFO_FORMAT, "TCB info", info)?;
        let observed = format!("{} version {} type {}", info.id, info.version, info.tcb_type);
        self.trail.require(Check::equal(
            &codes::TCB_INFO_ID,
            "TDX version 3 type 0",
            observed.as_str(),
        ))?;
        let validity = Window::between(info.issue_date, info.next_update);
        self.window.admit(&mut self.trail, &codes::TCB_INFO_FRESHNESS, validity, self.now)?;
        Ok(info)
    }

    // SPEC: Intel Trusted Services API, Get TDX QE Identity V4.
    fn qe_identity(&mut self, document: &'a SignedDocument) -> Result<QeIdentity, VerifyError> {
        self.signed(&codes::QE_IDENTITY_SIGNATURE, document)?;
        let identity = QeIdentity::parse(&document.body);
        let identity = self.trail.holds(&codes::QE_IDENTITY_FORMAT, "QE identity", identity)?;
        let ok = identity.id == "TD_QE" && matches!(identity.version, 2 | 3);
        let observed = format!("{} version {}", identity.id, identity.version);
        let check = Check::decided(&codes::QE_IDENTITY_ID, ok, "TD_QE version 2 or 3", observed);
        self.trail.require(check)?;
        let validity = Window::between(identity.issue_date, identity.next_update);
        self.window.admit(&mut self.trail, &codes::QE_IDENTITY_FRESHNESS, validity, self.now)?;
        Ok(identity)
    }
}

/// Verifies the CRL of PCK certificates with its issuer's chain, without any quote.
pub(crate) fn verify_pck_crl(
    collateral: &Collateral,
    anchors: &Anchors,
    now: UnixTime,
) -> Result<Vec<Check>, VerifyError> {
    let mut verifier = Verifier::new(collateral, anchors, now);
    verifier.root_crl = verifier.root_crl(collateral)?;
    let crl = verifier.pck_crl(collateral)?;
    let Verifier { mut trail, root, root_crl, mut window, .. } = verifier;
    let (Some(crl), Some(text)) = (crl, &collateral.pck_crl_issuer_chain) else {
        trail.not_asserted(&codes::PCK_CRL, "no chain to verify it with");
        return Ok(trail.into_checks());
    };
    let code = &codes::PCK_CHAIN_FORMAT;
    let [issuer, root] = chain::read(&mut trail, code, text.as_bytes(), root.as_ref())?;
    chain::require_pinned(&mut trail, &root, anchors)?;
    trail.signed(&codes::PCK_CHAIN, &issuer, &root)?;
    for certificate in [&issuer, &root] {
        chain::require_valid(&mut trail, &codes::PCK_VALIDITY, certificate, &mut window, now)?;
    }
    if let Some(root_crl) = &root_crl {
        trail.require(not_revoked(&codes::PCK_REVOKED, root_crl, &issuer))?;
    }
    let expected = format!("signed by {}", issuer.subject());
    trail.holds(&codes::PCK_CRL, expected, crl.verify_signed_by(&issuer))?;
    Ok(trail.into_checks())
}

/// Whether `crl` is silent about `certificate`.
pub(super) fn not_revoked(code: &'static Code, crl: &Crl, certificate: &Certificate) -> Check {
    let (serial, name) = (Hex(certificate.serial()), certificate.subject());
    let revoked = crl.revokes(certificate.serial());
    let observed = if revoked { "revoked" } else { "not revoked" };
    Check::decided(
        code,
        !revoked,
        format_args!("serial {serial} of {name} not on the CRL"),
        observed,
    )
}

/// A certificate with the pinned root key: Intel's own, or one that came with the collateral.
fn pinned_root(collateral: &Collateral, anchors: &Anchors) -> Option<Certificate> {
    if anchors.kind() == AnchorKind::Vendor {
        return Certificate::parse(roots::INTEL_SGX_ROOT).ok();
    }
    let documents = [&collateral.tcb_info, &collateral.qe_identity];
    let chains = documents.into_iter().flatten().map(|document| document.issuer_chain.as_str());
    chains
        .chain(collateral.pck_crl_issuer_chain.as_deref())
        .chain(collateral.pck_certificate_chain.as_deref())
        .filter_map(|text| pem::certificates(text).ok())
        .flatten()
        .find(|certificate| certificate.key_pin() == anchors.intel_root())
}

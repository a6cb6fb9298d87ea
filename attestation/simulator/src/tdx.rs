//! A described TDX guest, the platform that vouches for it, and Intel's collateral about that.

mod collateral;
mod identity;
mod pck;
mod quote;
mod tcb_info;
mod td_report;

use std::sync::Arc;

use cloister_attestation::bytes::{Digest48, ReportData};
use cloister_attestation::tdx::Collateral;

pub use collateral::CollateralParts;
pub use identity::{QeIdentity, QeLevel, QeTcb};
pub use pck::{PckAuthority, PckFields, PlatformFields, SGX_EXTENSION};
pub use quote::{QeReport, QuoteFields, QuoteFormat};
pub use tcb_info::{Component, ModuleIdentity, ModuleTcb, Tcb, TcbInfo, TcbLevel, TdxModule};
pub use td_report::TdFields;

use crate::ccel::Ccel;
use crate::certificate::{Certificate, pem};
use crate::crl::Crl;
use crate::hook::{Hook, hooks};
use crate::key::SigningKey;
use crate::pki::Pki;

/// A TDX guest on a simulated platform.
///
/// Starts as a guest that a strict policy accepts; every field can be changed, and every hook runs
/// just before the signature that covers what it changes.
#[derive(Clone, Debug)]
pub struct TdxGuest {
    pki: Pki,
    format: QuoteFormat,
    authority: PckAuthority,
    mr_td: Digest48,
    rtmr: [Digest48; 4],
    event_log: Option<Ccel>,
    hooks: Hooks,
}

#[derive(Clone, Debug, Default)]
struct Hooks {
    td: Hook<TdFields>,
    quote: Hook<QuoteFields>,
    signed: Hook<Vec<u8>>,
    qe_report: Hook<QeReport>,
    pck: Hook<PckFields>,
    pck_certificate: Hook<Certificate>,
    pck_authority: Hook<Certificate>,
    tcb_signing: Hook<Certificate>,
    root: Hook<Certificate>,
    root_crl: Hook<Crl>,
    pck_crl: Hook<Crl>,
    tcb_info: Hook<TcbInfo>,
    tcb_info_text: Hook<String>,
    qe_identity: Hook<QeIdentity>,
    qe_identity_text: Hook<String>,
    collateral: Hook<CollateralParts>,
}

hooks! {
    TdxGuest,
    /// Changes fields of the TD report before they are encoded and signed.
    with_td_fields => td: TdFields;
    /// Changes the quote's header and lengths, and what surrounds the signatures.
    with_quote_fields => quote: QuoteFields;
    /// Changes the encoded header and body before the attestation key signs them.
    with_signed_bytes => signed: Vec<u8>;
    /// Changes the quoting enclave's report before the PCK key signs it.
    with_qe_report => qe_report: QeReport;
    /// Changes what the PCK certificate says about the platform.
    with_pck_fields => pck: PckFields;
    /// Changes the PCK certificate before it is signed.
    with_pck_certificate => pck_certificate: Certificate;
    /// Changes the Platform or Processor CA certificate before it is signed.
    with_pck_authority_certificate => pck_authority: Certificate;
    /// Changes the TCB signing certificate before it is signed.
    with_tcb_signing_certificate => tcb_signing: Certificate;
    /// Changes the root certificate before it is signed.
    with_root => root: Certificate;
    /// Changes the root's CRL before it is signed.
    with_root_crl => root_crl: Crl;
    /// Changes the CRL of PCK certificates before it is signed.
    with_pck_crl => pck_crl: Crl;
    /// Changes the TCB info before it is written and signed.
    with_tcb_info => tcb_info: TcbInfo;
    /// Changes the TCB info's JSON text before it is signed.
    with_tcb_info_text => tcb_info_text: String;
    /// Changes the QE identity before it is written and signed.
    with_qe_identity => qe_identity: QeIdentity;
    /// Changes the QE identity's JSON text before it is signed.
    with_qe_identity_text => qe_identity_text: String;
    /// Changes the finished collateral: what a careless or hostile cache would do.
    with_collateral => collateral: CollateralParts;
}

impl TdxGuest {
    /// A guest with all-zero measurements in a quote of version 4, on a current platform.
    #[must_use]
    pub fn new(pki: &Pki) -> Self {
        let zero = Digest48::new([0; 48]);
        Self {
            pki: pki.clone(),
            format: QuoteFormat::V4,
            authority: PckAuthority::Platform,
            mr_td: zero,
            rtmr: [zero; 4],
            event_log: None,
            hooks: Hooks::default(),
        }
    }

    /// `MRTD` and `RTMR0` to `RTMR3`.
    #[must_use]
    pub fn with_measurements(mut self, mr_td: Digest48, rtmr: [Digest48; 4]) -> Self {
        self.mr_td = mr_td;
        self.rtmr = rtmr;
        self
    }

    /// The firmware's event log, and `RTMR0` to `RTMR3` as it gives them.
    #[must_use]
    pub fn with_event_log(mut self, log: Ccel) -> Self {
        self.rtmr = log.rtmr();
        self.event_log = Some(log);
        self
    }

    /// The event log, where the guest was described with one.
    #[must_use]
    pub fn event_log(&self) -> Option<Vec<u8>> {
        self.event_log.as_ref().map(Ccel::encode)
    }

    /// Quote version and body type.
    #[must_use]
    pub fn with_format(mut self, format: QuoteFormat) -> Self {
        self.format = format;
        self
    }

    /// Which authority signs the PCK certificate: Platform on servers, Processor on older parts.
    #[must_use]
    pub fn with_pck_authority(mut self, authority: PckAuthority) -> Self {
        self.authority = authority;
        self
    }

    /// Every field of the TD report as it will be encoded.
    #[must_use]
    pub fn td_fields(&self, report_data: &ReportData) -> TdFields {
        self.hooks.td.apply(TdFields::of(self, report_data))
    }

    /// A signed quote.
    #[must_use]
    pub fn quote(&self, report_data: &ReportData) -> Vec<u8> {
        quote::sign(self, &self.td_fields(report_data))
    }

    /// What the PCK certificate says about the platform.
    #[must_use]
    pub fn pck_fields(&self) -> PckFields {
        self.hooks.pck.apply(PckFields::of(self))
    }

    /// The PCK certificate, DER.
    #[must_use]
    pub fn pck_certificate(&self) -> Vec<u8> {
        let certificate = pck::certificate(self, &self.pck_key());
        self.hooks.pck_certificate.apply(certificate).sign(&self.authority_key())
    }

    /// The certificate of the authority that signs PCK certificates, DER.
    #[must_use]
    pub fn pck_authority(&self) -> Vec<u8> {
        let certificate = pck::authority(self, &self.authority_key());
        self.hooks.pck_authority.apply(certificate).sign(&self.pki.intel_root())
    }

    /// The certificate of the key that signs TCB info and QE identity, DER.
    #[must_use]
    pub fn tcb_signing(&self) -> Vec<u8> {
        let certificate = pck::tcb_signing(self, &self.tcb_key());
        self.hooks.tcb_signing.apply(certificate).sign(&self.pki.intel_root())
    }

    /// The root certificate, DER.
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        let key = self.pki.intel_root();
        self.hooks.root.apply(pck::root(self, &key)).sign(&key)
    }

    /// The collateral, part by part.
    #[must_use]
    pub fn collateral_parts(&self) -> CollateralParts {
        self.hooks.collateral.apply(collateral::issue(self))
    }

    /// The signature, in hex, of the key that signs TCB info and QE identity over `text`.
    #[must_use]
    pub fn sign_document(&self, text: &str) -> String {
        hex::encode(self.tcb_key().sign_fixed(text.as_bytes()))
    }

    /// The collateral as a JSON document.
    #[must_use]
    pub fn collateral_json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.collateral_parts()).expect("strings serialize")
    }

    /// The collateral as the verifier takes it.
    ///
    /// # Panics
    /// When a hook made it unreadable; [`Self::collateral_json`] gives the text in any case.
    #[must_use]
    pub fn collateral(&self) -> Collateral {
        Collateral::from_json(&self.collateral_json()).expect("the collateral reads back")
    }

    /// PCK certificate, authority and root, as a quote carries them.
    fn pck_chain(&self) -> String {
        pem([self.pck_certificate(), self.pck_authority(), self.root()].iter().map(Vec::as_slice))
    }

    fn pck_key(&self) -> Arc<SigningKey> {
        self.pki.p256(&format!("intel/pck/{}", hex::encode(self.pck_fields().ppid)))
    }

    fn authority_key(&self) -> Arc<SigningKey> {
        self.pki.p256(match self.authority {
            PckAuthority::Platform => "intel/platform",
            PckAuthority::Processor => "intel/processor",
        })
    }

    fn tcb_key(&self) -> Arc<SigningKey> {
        self.pki.p256("intel/tcb-signing")
    }

    fn attestation_key(&self) -> Arc<SigningKey> {
        self.pki.p256(&format!("intel/attestation/{}", hex::encode(self.pck_fields().ppid)))
    }
}

//! A described SEV-SNP guest, and the chip that vouches for it.

mod endorsement;
mod report;
mod tcb;

use std::sync::Arc;

use cloister_attestation::bytes::{ChipId, Digest48, HostData, ReportData};
use cloister_attestation::snp::{Endorsements, Product};

pub use endorsement::{VekKind, extension};
pub use report::{ReportFields, SigningKeyField};
pub use tcb::Tcb;

use crate::certificate::Certificate;
use crate::crl::Crl;
use crate::hook::Hook;
use crate::key::SigningKey;
use crate::pki::Pki;

/// An SEV-SNP guest on a simulated chip.
///
/// Starts as a guest that a strict policy accepts; every field can be changed, and every hook runs
/// just before the signature that covers what it changes.
///
/// ```
/// # use cloister_attestation::{bytes::ReportData, snp::Product, time::UnixTime};
/// # use cloister_simulator::{Pki, SnpGuest};
/// # fn main() {
/// let pki = Pki::from_seed("example", UnixTime::from_secs(1_790_000_000));
/// let debuggable = SnpGuest::new(&pki, Product::Milan).with_fields(|report| report.policy |= 1 << 19);
/// assert_eq!(debuggable.fields(&ReportData::new([7; 64])).policy, 0xb_0000);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SnpGuest {
    pki: Pki,
    product: Product,
    kind: VekKind,
    measurement: Digest48,
    host_data: HostData,
    tcb: Tcb,
    version: u32,
    chip_id: ChipId,
    hooks: Hooks,
}

#[derive(Clone, Debug, Default)]
struct Hooks {
    fields: Hook<ReportFields>,
    signed: Hook<Vec<u8>>,
    signature: Hook<Vec<u8>>,
    vek: Hook<Certificate>,
    intermediate: Hook<Certificate>,
    root: Hook<Certificate>,
    crl: Hook<Crl>,
}

impl SnpGuest {
    /// A guest with an all-zero measurement, signed for by a VCEK, on current firmware.
    #[must_use]
    pub fn new(pki: &Pki, product: Product) -> Self {
        Self {
            pki: pki.clone(),
            product,
            kind: VekKind::Vcek,
            measurement: Digest48::new([0; 48]),
            host_data: HostData::new([0; 32]),
            tcb: Tcb::current(product),
            version: report::default_version(product),
            chip_id: endorsement::chip_id(pki, product),
            hooks: Hooks::default(),
        }
    }

    /// The launch digest.
    #[must_use]
    pub fn with_measurement(mut self, measurement: Digest48) -> Self {
        self.measurement = measurement;
        self
    }

    /// What the host put into `HOST_DATA`.
    #[must_use]
    pub fn with_host_data(mut self, host_data: HostData) -> Self {
        self.host_data = host_data;
        self
    }

    /// Report version, 2 to 5; anything else is written as given.
    #[must_use]
    pub fn with_version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// The chip's firmware: reported, current, committed and launch TCB, and the key that it derives.
    #[must_use]
    pub fn with_tcb(mut self, tcb: Tcb) -> Self {
        self.tcb = tcb;
        self
    }

    /// Another chip of the same product.
    #[must_use]
    pub fn with_chip_id(mut self, chip_id: ChipId) -> Self {
        self.chip_id = chip_id;
        self
    }

    /// Which kind of key signs: the chip's own (VCEK) or a provider's (VLEK).
    #[must_use]
    pub fn with_vek(mut self, kind: VekKind) -> Self {
        self.kind = kind;
        self
    }

    /// Changes report fields before they are encoded and signed.
    #[must_use]
    pub fn with_fields(
        mut self,
        change: impl Fn(&mut ReportFields) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.fields.push(change);
        self
    }

    /// Changes the 672 encoded bytes before they are signed: reserved fields, unknown bits.
    #[must_use]
    pub fn with_signed_bytes(
        mut self,
        change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.signed.push(change);
        self
    }

    /// Changes the 512 bytes of the signature field after signing.
    #[must_use]
    pub fn with_signature_bytes(
        mut self,
        change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.signature.push(change);
        self
    }

    /// Changes the VCEK or VLEK certificate before it is signed.
    #[must_use]
    pub fn with_vek_certificate(
        mut self,
        change: impl Fn(&mut Certificate) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.vek.push(change);
        self
    }

    /// Changes the ASK or ASVK certificate before it is signed.
    #[must_use]
    pub fn with_intermediate(
        mut self,
        change: impl Fn(&mut Certificate) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.intermediate.push(change);
        self
    }

    /// Changes the ARK certificate before it is signed.
    #[must_use]
    pub fn with_root(mut self, change: impl Fn(&mut Certificate) + Send + Sync + 'static) -> Self {
        self.hooks.root.push(change);
        self
    }

    /// Changes the CRL before it is signed.
    #[must_use]
    pub fn with_crl(mut self, change: impl Fn(&mut Crl) + Send + Sync + 'static) -> Self {
        self.hooks.crl.push(change);
        self
    }

    /// The processor generation.
    #[must_use]
    pub const fn product(&self) -> Product {
        self.product
    }

    /// Every report field as it will be encoded.
    #[must_use]
    pub fn fields(&self, report_data: &ReportData) -> ReportFields {
        self.hooks.fields.apply(ReportFields::of(self, report_data))
    }

    /// A signed report, 1184 bytes unless a hook changed the length.
    #[must_use]
    pub fn report(&self, report_data: &ReportData) -> Vec<u8> {
        let signed = self.hooks.signed.apply(self.fields(report_data).encode(self.product));
        let raw = self.vek_key().sign_fixed(&signed);
        let signature = self.hooks.signature.apply(report::signature_field(&raw));
        [signed, signature].concat()
    }

    /// The VCEK or VLEK certificate, DER.
    #[must_use]
    pub fn vek(&self) -> Vec<u8> {
        let certificate = endorsement::vek(self, &self.vek_key());
        self.hooks.vek.apply(certificate).sign(&self.intermediate_key())
    }

    /// The ASK or ASVK certificate, DER.
    #[must_use]
    pub fn intermediate(&self) -> Vec<u8> {
        let certificate = endorsement::intermediate(self, &self.intermediate_key());
        self.hooks.intermediate.apply(certificate).sign(&self.pki.ark(self.product))
    }

    /// The ARK certificate, DER.
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        let key = self.pki.ark(self.product);
        self.hooks.root.apply(endorsement::root(self, &key)).sign(&key)
    }

    /// The CRL that the ARK signs, DER.
    #[must_use]
    pub fn crl(&self) -> Vec<u8> {
        let key = self.pki.ark(self.product);
        self.hooks.crl.apply(endorsement::crl(self, &key)).sign(&key)
    }

    /// The host's certificate table with leaf, intermediate and root.
    #[must_use]
    pub fn certificate_table(&self) -> Vec<u8> {
        endorsement::certificate_table(&[
            (self.kind.guid(), self.vek()),
            (endorsement::ASK_GUID, self.intermediate()),
            (endorsement::ARK_GUID, self.root()),
        ])
    }

    /// Everything that a Verifier needs to verify this guest's reports.
    #[must_use]
    pub fn endorsements(&self) -> Endorsements {
        Endorsements {
            vek: Some(self.vek()),
            intermediate: Some(self.intermediate()),
            root: Some(self.root()),
            crl: Some(self.crl()),
        }
    }

    /// The key that signs reports: another one for another chip or provider, or another TCB.
    fn vek_key(&self) -> Arc<SigningKey> {
        let owner = match &self.kind {
            VekKind::Vcek => format!("vcek/{}", self.chip_id),
            VekKind::Vlek { csp_id } => format!("vlek/{csp_id}"),
        };
        let tcb = hex::encode(self.tcb.encode(self.product));
        self.pki.p384(&format!("amd/{}/{owner}/{tcb}", self.product))
    }

    fn intermediate_key(&self) -> Arc<SigningKey> {
        match self.kind {
            VekKind::Vcek => self.pki.ask(self.product),
            VekKind::Vlek { .. } => self.pki.asvk(self.product),
        }
    }
}

//! A described guest behind Azure's paravisor: the HCL report, the virtual TPM and its quotes.

mod hcl;
mod provision;
mod quote;
mod runtime;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use cloister_attestation::azure::Parts;
use cloister_attestation::binding::qualifying_data;
use cloister_attestation::bytes::{Digest48, HostData, ReportData};
use cloister_attestation::envelope::Vtpm;
use cloister_attestation::evidence::Tee;
use cloister_attestation::reference::LaunchShape;
use cloister_attestation::snp::Product;
use cloister_attestation::tpm::{Digest, MeasuredPcr, MeasuredPcrs};

pub use hcl::HclFields;
pub use quote::AttestFields;

use crate::guest::Guest;
use crate::hook::{Hook, hooks};
use crate::image::ProcessImage;
use crate::key::SigningKey;
use crate::pki::Pki;
use crate::snp::SnpGuest;
use runtime::Claims;

/// A guest behind Azure's paravisor, on simulated hardware.
///
/// The hardware guest that it is made from is the paravisor: what the hardware measures. The PCRs
/// are the guest's. Every hook runs just before what covers its change is hashed or signed.
#[derive(Clone, Debug)]
pub struct AzureGuest {
    pki: Pki,
    paravisor: Guest,
    vm_unique_id: String,
    secure_boot: bool,
    quote_key: String,
    pcrs: BTreeMap<u8, [u8; 32]>,
    hooks: Hooks,
}

#[derive(Clone, Debug, Default)]
struct Hooks {
    runtime: Hook<String>,
    hardware_report_data: Hook<ReportData>,
    hcl: Hook<HclFields>,
    hcl_bytes: Hook<Vec<u8>>,
    attest: Hook<AttestFields>,
    attest_bytes: Hook<Vec<u8>>,
    signature: Hook<Vec<u8>>,
    pcr_values: Hook<Vec<u8>>,
}

hooks! {
    AzureGuest,
    /// Changes the runtime data's JSON text before the hardware signs its hash.
    with_runtime_text => runtime: String;
    /// Changes what the paravisor asks the hardware to sign.
    with_hardware_report_data => hardware_report_data: ReportData;
    /// Changes fields of the HCL report, which nothing but their own meaning protects.
    with_hcl_fields => hcl: HclFields;
    /// Changes the finished HCL report: what a careless or hostile host would do.
    with_hcl_bytes => hcl_bytes: Vec<u8>;
    /// Changes fields of the quote before they are encoded and signed.
    with_attest => attest: AttestFields;
    /// Changes the encoded quote before it is signed.
    with_attest_bytes => attest_bytes: Vec<u8>;
    /// Changes the `TPMT_SIGNATURE` after signing.
    with_signature_bytes => signature: Vec<u8>;
    /// Changes the PCR values that travel beside the quote.
    with_pcr_values => pcr_values: Vec<u8>;
}

/// What such a guest sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureEvidence {
    /// Which hardware.
    pub tee: Tee,
    /// The SEV-SNP report inside the HCL report, or the TD quote.
    pub hardware: Vec<u8>,
    /// Everything else.
    pub vtpm: Vtpm,
}

impl AzureEvidence {
    /// As the parser takes it.
    #[must_use]
    pub fn parts(&self) -> Parts<'_> {
        Parts {
            tee: self.tee,
            hardware: &self.hardware,
            hcl_report: &self.vtpm.hcl_report,
            tpm_quote: &self.vtpm.quote,
            tpm_signature: &self.vtpm.signature,
            pcrs: &self.vtpm.pcrs,
            ak_certificates: self.vtpm.ak_certificates.as_deref(),
        }
    }
}

/// What the hardware measures of a paravisor that is nothing but software of this machine.
const SOFTWARE_PARAVISOR: &[u8] = b"cloister/software-paravisor/1";

/// A PCR that nothing was extended into.
const UNTOUCHED: [u8; 32] = [0; 32];
/// A PCR that only a dynamic launch could have extended.
const NO_DYNAMIC_LAUNCH: [u8; 32] = [0xff; 32];

/// What the hardware says of every paravisor in software: [`AzureGuest::behind_software`].
#[must_use]
pub fn software_paravisor() -> LaunchShape {
    LaunchShape::Snp {
        measurement: Digest48::sha384(SOFTWARE_PARAVISOR),
        host_data: HostData::new([0; HostData::LEN]),
    }
}

/// Keys of the virtual TPM of every simulated VM, unless another one is asked for.
const VTPM: &str = "azure/vtpm";

impl AzureGuest {
    /// A guest whose firmware measured nothing yet, behind `paravisor`.
    #[must_use]
    pub fn new(pki: &Pki, paravisor: Guest) -> Self {
        let dynamic = |index: u8| (17..=22).contains(&index);
        let initial = |index| if dynamic(index) { NO_DYNAMIC_LAUNCH } else { UNTOUCHED };
        Self {
            pki: pki.clone(),
            paravisor,
            vm_unique_id: "5f2c1bd2-0000-4000-8000-51301a70a001".to_owned(),
            secure_boot: true,
            quote_key: VTPM.to_owned(),
            pcrs: (0..24).map(|index| (index, initial(index))).collect(),
            hooks: Hooks::default(),
        }
    }

    /// A guest behind a paravisor in software, on simulated SEV-SNP. Every one of them has the same
    /// launch digest, which is of no program.
    #[must_use]
    pub fn behind_software(pki: &Pki) -> Self {
        let paravisor = SnpGuest::new(pki, Product::Milan);
        let digest = Digest48::sha384(SOFTWARE_PARAVISOR);
        Self::new(pki, paravisor.with_measurement(digest).into())
    }

    /// A guest that booted `image`: what boots is in PCR 4, policy and manifest in 9, the agent in 11.
    #[must_use]
    pub fn booted(pki: &Pki, paravisor: Guest, image: &ProcessImage) -> Self {
        let mut guest = Self::new(pki, paravisor);
        guest.extend(0, b"cloister/process-image/1 firmware");
        guest.extend(7, b"cloister/process-image/1 secure boot");
        guest.extend(4, image.runtime.as_ref());
        guest.extend(9, image.policy.as_ref());
        guest.extend(9, image.manifest.as_ref());
        guest.extend(11, image.agent.as_ref());
        guest
    }

    /// The same on firmware that starts whatever it finds.
    #[must_use]
    pub const fn without_secure_boot(mut self) -> Self {
        self.secure_boot = false;
        self
    }

    /// Extends a PCR with the hash of `measured`.
    pub fn extend(&mut self, index: u8, measured: &[u8]) {
        if let Some(pcr) = self.pcrs.get_mut(&index) {
            *pcr = sha256(&[pcr.as_slice(), &sha256(measured)].concat());
        }
    }

    /// Quotes with the key of another virtual TPM than the one that the runtime data names.
    #[must_use]
    pub fn with_quotes_by_another_tpm(mut self) -> Self {
        "azure/another vtpm".clone_into(&mut self.quote_key);
        self
    }

    /// The hardware guest that is the paravisor.
    #[must_use]
    pub const fn paravisor(&self) -> &Guest {
        &self.paravisor
    }

    /// A Reference Value's shape: the paravisor as `measured` by the hardware, and these PCRs.
    ///
    /// # Panics
    /// On a PCR that does not count as measurement, or none at all.
    #[must_use]
    pub fn shape(&self, measured: LaunchShape, pcrs: &[u8]) -> LaunchShape {
        let value = |index: &u8| {
            let pcr = MeasuredPcr::new(*index).expect("a PCR that counts as measurement");
            (pcr, Digest::Sha256(self.pcrs[index]))
        };
        let pcrs = MeasuredPcrs::new(pcrs.iter().map(value).collect());
        LaunchShape::Azure {
            paravisor: Box::new(measured),
            pcrs: pcrs.expect("ascending PCRs of one bank"),
        }
    }

    /// Evidence that is bound to `report_data` by the quote's qualifying data.
    #[must_use]
    pub fn evidence(&self, report_data: &ReportData) -> AzureEvidence {
        let claims = Claims {
            attestation: &self.key(VTPM).modulus(),
            endorsement: Some(&self.pki.rsa2048(&format!("{VTPM}/ek")).modulus()),
            vm_unique_id: &self.vm_unique_id,
            secure_boot: self.secure_boot,
        };
        let (hardware, hcl_report) = self.report(&claims, hcl::NV_BYTES);
        let attest = AttestFields::of(&self.pcrs, qualifying_data(report_data).as_ref());
        let attest = self.hooks.attest.apply(attest);
        let quote = self.hooks.attest_bytes.apply(attest.encode());
        let signature = quote::signature(&self.key(&self.quote_key).sign_pkcs1_sha256(&quote));
        AzureEvidence {
            tee: self.paravisor.tee(),
            hardware,
            vtpm: Vtpm {
                hcl_report,
                quote,
                signature: self.hooks.signature.apply(signature),
                pcrs: self.hooks.pcr_values.apply(attest.values(&self.pcrs)),
                ak_certificates: None,
            },
        }
    }

    /// What the hardware signs of the paravisor, and the HCL report for an NV index of this size.
    fn report(&self, claims: &Claims<'_>, nv_bytes: usize) -> (Vec<u8>, Vec<u8>) {
        let runtime = self.hooks.runtime.apply(claims.text());
        let mut bound = [0; ReportData::LEN];
        bound[..32].copy_from_slice(&sha256(runtime.as_bytes()));
        let bound = self.hooks.hardware_report_data.apply(ReportData::new(bound));
        let hardware = self.paravisor.evidence(&bound);
        let fields = self.hooks.hcl.apply(HclFields::of(&self.paravisor, &bound, &hardware));
        let report = self.hooks.hcl_bytes.apply(fields.encode(runtime.as_bytes(), nv_bytes));
        (hardware, report)
    }

    fn key(&self, vtpm: &str) -> Arc<SigningKey> {
        self.pki.rsa2048(&format!("{vtpm}/ak"))
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// A `TPM2B`.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a TPM structure is short");
    [length.to_be_bytes().as_slice(), bytes].concat()
}

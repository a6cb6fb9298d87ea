//! Intel's certificates: root, PCK authorities, PCK, TCB signing.

use const_oid::ObjectIdentifier;

use super::TdxGuest;
use crate::asn1;
use crate::certificate::{
    Certificate, Extension, Usage, authority_key_id, basic_constraints, crl_distribution,
    key_usage, subject_key_id,
};
use crate::key::{Algorithm, SigningKey};
use crate::name::Name;

/// The extension of PCK certificates that describes the platform.
pub const SGX_EXTENSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1");

/// Which authority signs PCK certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PckAuthority {
    /// Multi-package servers, registered as a platform.
    Platform,
    /// Single-package parts.
    Processor,
}

impl PckAuthority {
    const fn common_name(self) -> &'static str {
        match self {
            Self::Platform => "Intel SGX PCK Platform CA",
            Self::Processor => "Intel SGX PCK Processor CA",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Processor => "processor",
        }
    }
}

/// What a PCK certificate says about the platform.
///
/// SPEC: Intel SGX PCK Certificate and CRL Profile, section 1.3.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PckFields {
    /// Platform provisioning id.
    pub ppid: [u8; 16],
    /// SVNs of the 16 TCB components.
    pub components: [u8; 16],
    /// SVN of the provisioning certification enclave.
    pub pce_svn: u16,
    /// `CPUSVN`.
    pub cpu_svn: [u8; 16],
    /// PCE identity.
    pub pce_id: [u8; 2],
    /// Family, model, stepping, platform, custom SKU.
    pub fmspc: [u8; 6],
    /// 0 standard, 1 scalable, 2 scalable with integrity.
    pub sgx_type: u8,
    /// Only in certificates of the Platform CA.
    pub platform: Option<PlatformFields>,
}

/// What only multi-package platforms have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformFields {
    /// Platform instance id.
    pub instance_id: [u8; 16],
    /// Whether packages can be added later.
    pub dynamic_platform: bool,
    /// Whether Intel's registration service holds the platform's keys.
    pub cached_keys: bool,
    /// Whether simultaneous multithreading is on.
    pub smt_enabled: bool,
}

/// `SIM` in ASCII: no processor has it.
pub(super) const FMSPC: [u8; 6] = *b"SIM\0\0\0";
pub(super) const PCE_SVN: u16 = 13;
pub(super) const COMPONENTS: [u8; 16] = [3, 3, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];

impl PckFields {
    /// A current platform whose ids say what it is to whoever prints them as text.
    pub(super) fn of(guest: &TdxGuest) -> Self {
        let unique = guest.pki.stream("intel/ppid").array::<7>();
        let mut ppid = *b"SIMULATED.......";
        ppid[9..].copy_from_slice(&unique);
        let platform = PlatformFields {
            instance_id: ppid,
            dynamic_platform: true,
            cached_keys: true,
            smt_enabled: true,
        };
        Self {
            ppid,
            components: COMPONENTS,
            pce_svn: PCE_SVN,
            cpu_svn: COMPONENTS,
            pce_id: [0; 2],
            fmspc: FMSPC,
            sgx_type: u8::from(guest.authority == PckAuthority::Platform),
            platform: (guest.authority == PckAuthority::Platform).then_some(platform),
        }
    }

    /// The extension's value, in Intel's order and encodings.
    fn encode(&self) -> Vec<u8> {
        let mut parts = vec![
            entry(&[1], &asn1::octet_string(&self.ppid)),
            entry(&[2], &self.tcb()),
            entry(&[3], &asn1::octet_string(&self.pce_id)),
            entry(&[4], &asn1::octet_string(&self.fmspc)),
            entry(&[5], &asn1::enumerated(self.sgx_type)),
        ];
        if let Some(platform) = &self.platform {
            parts.push(entry(&[6], &asn1::octet_string(&platform.instance_id)));
            parts.push(entry(&[7], &platform.configuration()));
        }
        asn1::sequence(parts)
    }

    fn tcb(&self) -> Vec<u8> {
        let components = (1..).zip(self.components);
        let mut parts: Vec<_> =
            components.map(|(arc, svn)| entry(&[2, arc], &asn1::number(svn.into()))).collect();
        parts.push(entry(&[2, 17], &asn1::number(self.pce_svn.into())));
        parts.push(entry(&[2, 18], &asn1::octet_string(&self.cpu_svn)));
        asn1::sequence(parts)
    }
}

impl PlatformFields {
    fn configuration(&self) -> Vec<u8> {
        asn1::sequence([
            entry(&[7, 1], &asn1::boolean(self.dynamic_platform)),
            entry(&[7, 2], &asn1::boolean(self.cached_keys)),
            entry(&[7, 3], &asn1::boolean(self.smt_enabled)),
        ])
    }
}

fn entry(arcs: &[u32], value: &[u8]) -> Vec<u8> {
    let oid =
        arcs.iter().fold(SGX_EXTENSION, |oid, arc| oid.push_arc(*arc).expect("a short identifier"));
    asn1::sequence([asn1::oid(&oid).as_slice(), value])
}

pub(super) fn root_name() -> Name {
    Name::intel("Intel SGX Root CA")
}

pub(super) fn authority_name(guest: &TdxGuest) -> Name {
    Name::intel(guest.authority.common_name())
}

pub(super) fn root(guest: &TdxGuest, key: &SigningKey) -> Certificate {
    let issuer = Authority { name: root_name(), key, crl: ROOT_CRL_URL.to_owned() };
    let constraints = [key_usage(Usage::CertificatesAndCrls), basic_constraints(Some(Some(1)))];
    issuer.certificate(guest, Subject { name: root_name(), key, years: 31, constraints })
}

pub(super) fn authority(guest: &TdxGuest, key: &SigningKey) -> Certificate {
    let constraints = [key_usage(Usage::CertificatesAndCrls), basic_constraints(Some(Some(0)))];
    let subject = Subject { name: authority_name(guest), key, years: 15, constraints };
    below_root(guest, subject)
}

pub(super) fn tcb_signing(guest: &TdxGuest, key: &SigningKey) -> Certificate {
    let constraints = [key_usage(Usage::Signatures), basic_constraints(None)];
    let subject =
        Subject { name: Name::intel("Intel SGX TCB Signing"), key, years: 7, constraints };
    below_root(guest, subject)
}

pub(super) fn certificate(guest: &TdxGuest, key: &SigningKey) -> Certificate {
    let issuer = Authority {
        name: authority_name(guest),
        key: &guest.authority_key(),
        crl: format!(
            "https://pcs.simulator.invalid/sgx/certification/v4/pckcrl?ca={}",
            guest.authority.word()
        ),
    };
    let constraints = [key_usage(Usage::Signatures), basic_constraints(None)];
    let subject =
        Subject { name: Name::intel("Intel SGX PCK Certificate"), key, years: 7, constraints };
    let mut certificate = issuer.certificate(guest, subject);
    certificate.extensions.push(Extension::new(SGX_EXTENSION, guest.pck_fields().encode()));
    certificate
}

fn below_root(guest: &TdxGuest, subject: Subject<'_>) -> Certificate {
    let key = guest.pki.intel_root();
    Authority { name: root_name(), key: &key, crl: ROOT_CRL_URL.to_owned() }
        .certificate(guest, subject)
}

struct Authority<'a> {
    name: Name,
    key: &'a SigningKey,
    crl: String,
}

struct Subject<'a> {
    name: Name,
    key: &'a SigningKey,
    years: u32,
    constraints: [Extension; 2],
}

impl Authority<'_> {
    /// In Intel's order of extensions. Serial numbers follow from the subject's key, as there.
    fn certificate(self, guest: &TdxGuest, subject: Subject<'_>) -> Certificate {
        let (not_before, not_after) = guest.pki.valid_for_years(subject.years);
        let mut extensions = vec![
            authority_key_id(self.key),
            crl_distribution(&self.crl),
            subject_key_id(subject.key),
        ];
        extensions.extend(subject.constraints);
        Certificate {
            serial: subject.key.pin().as_bytes()[..20].to_vec(),
            issuer: self.name,
            subject: subject.name,
            not_before,
            not_after,
            spki: subject.key.spki().to_vec(),
            extensions,
            algorithm: Algorithm::EcdsaP256Sha256,
        }
    }
}

const ROOT_CRL_URL: &str = "https://pcs.simulator.invalid/IntelSGXRootCA.der";

//! Certificates, CRL and certificate table in AMD's shape.

use cloister_attestation::bytes::ChipId;
use cloister_attestation::snp::Product;

use super::SnpGuest;
use crate::asn1;
use crate::certificate::{
    Certificate, Extension, Usage, authority_key_id, basic_constraints, crl_distribution,
    key_usage, subject_key_id,
};
use crate::crl::Crl;
use crate::key::{Algorithm, SigningKey};
use crate::name::Name;
use crate::pki::Pki;

/// AMD's extensions of VCEK and VLEK certificates.
///
/// SPEC: AMD 57230 Table 11.
#[expect(missing_docs, reason = "the identifiers are the specification's, under its names")]
pub mod extension {
    use const_oid::ObjectIdentifier;

    pub const STRUCT_VERSION: ObjectIdentifier =
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.1");
    pub const PRODUCT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.2");
    pub const BL_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.1");
    pub const TEE_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.2");
    pub const SNP_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.3");
    pub const SPL_4: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.4");
    pub const SPL_5: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.5");
    pub const SPL_6: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.6");
    pub const SPL_7: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.7");
    pub const UCODE_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.8");
    pub const FMC_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.9");
    pub const HW_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");
    pub const CSP_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.5");
}

use extension::{
    BL_SPL, CSP_ID, FMC_SPL, HW_ID, PRODUCT_NAME, SNP_SPL, SPL_4, SPL_5, SPL_6, SPL_7,
    STRUCT_VERSION, TEE_SPL, UCODE_SPL,
};

/// Which kind of key signs reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VekKind {
    /// The chip's own.
    Vcek,
    /// One that AMD gave to a provider, for all its chips.
    Vlek {
        /// The provider, as the certificate names it.
        csp_id: String,
    },
}

/// SPEC: GHCB 2.03 section 4.1.8.1 and AMD 56860 Table 70; in the order of the text form.
const VCEK_GUID: [u8; 16] = 0x63da_758d_e664_4564_adc5_f4b9_3be8_accd_u128.to_be_bytes();
const VLEK_GUID: [u8; 16] = 0xa807_4bc2_a25a_483e_aae6_39c0_45a0_b8a1_u128.to_be_bytes();
pub(super) const ASK_GUID: [u8; 16] = 0x4ab7_b379_bbac_4fe4_a02f_05ae_f327_c782_u128.to_be_bytes();
pub(super) const ARK_GUID: [u8; 16] = 0xc0b4_06a4_a803_4952_9743_3fb6_014c_d0ae_u128.to_be_bytes();

impl VekKind {
    pub(super) const fn guid(&self) -> [u8; 16] {
        match self {
            Self::Vcek => VCEK_GUID,
            Self::Vlek { .. } => VLEK_GUID,
        }
    }
}

/// A chip id that says what it is to whoever prints it as text.
pub(super) fn chip_id(pki: &Pki, product: Product) -> ChipId {
    let mut id = [0; 64];
    let (mark, length) = match product {
        Product::Milan | Product::Genoa => (b"cloister-simulator".as_slice(), 64),
        // SPEC: AMD 57230 Table 11: 8 bytes on Turin, the rest of CHIP_ID is zero.
        Product::Turin => (b"SIM".as_slice(), 8),
    };
    let unique = pki.stream(&format!("chip/{product}")).take(length - mark.len());
    let bytes = mark.iter().chain(&unique);
    id.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    ChipId::new(id)
}

pub(super) fn root(guest: &SnpGuest, key: &SigningKey) -> Certificate {
    let (not_before, not_after) = guest.pki.valid_for_years(25);
    let name = root_name(guest.product);
    Certificate {
        serial: serial(guest.product, 0).to_vec(),
        issuer: name.clone(),
        subject: name,
        not_before,
        not_after,
        spki: key.spki().to_vec(),
        extensions: vec![
            key_usage(Usage::CertificatesAndCrls),
            subject_key_id(key),
            basic_constraints(Some(None)),
            crl_distribution(&crl_url("vcek", guest.product)),
        ],
        algorithm: Algorithm::AMD_AUTHORITY,
    }
}

pub(super) fn intermediate(guest: &SnpGuest, key: &SigningKey) -> Certificate {
    let (not_before, not_after) = guest.pki.valid_for_years(25);
    let (number, service) = match (&guest.kind, guest.product) {
        (VekKind::Vcek, Product::Milan | Product::Turin) => (0x0001, "vcek"),
        (VekKind::Vcek, Product::Genoa) => (0x0002, "vcek"),
        (VekKind::Vlek { .. }, _) => (0x0101, "vlek"),
    };
    Certificate {
        serial: serial(guest.product, number).to_vec(),
        issuer: root_name(guest.product),
        subject: intermediate_name(guest),
        not_before,
        not_after,
        spki: key.spki().to_vec(),
        extensions: vec![
            subject_key_id(key),
            authority_key_id(&guest.pki.ark(guest.product)),
            basic_constraints(Some(Some(0))),
            key_usage(Usage::Certificates),
            crl_distribution(&crl_url(service, guest.product)),
        ],
        algorithm: Algorithm::AMD_AUTHORITY,
    }
}

pub(super) fn vek(guest: &SnpGuest, key: &SigningKey) -> Certificate {
    let (name, years) = match guest.kind {
        VekKind::Vcek => ("SEV-VCEK", 7),
        VekKind::Vlek { .. } => ("SEV-VLEK", 1),
    };
    let (not_before, not_after) = guest.pki.valid_for_years(years);
    Certificate {
        // AMD gives every VCEK and VLEK the serial number 0.
        serial: vec![0],
        issuer: intermediate_name(guest),
        subject: Name::amd(name),
        not_before,
        not_after,
        spki: key.spki().to_vec(),
        extensions: vek_extensions(guest),
        algorithm: Algorithm::AMD_LEAF,
    }
}

/// In AMD's order, which differs between the generations.
fn vek_extensions(guest: &SnpGuest) -> Vec<Extension> {
    let tcb = &guest.tcb;
    let level = |oid, value: u8| Extension::new(oid, asn1::number(value.into()));
    let mut all = vec![
        level(STRUCT_VERSION, u8::from(guest.product == Product::Turin)),
        Extension::new(PRODUCT_NAME, asn1::ia5(&product_name(guest))),
    ];
    all.extend(match guest.product {
        Product::Milan | Product::Genoa => vec![
            level(BL_SPL, tcb.boot_loader),
            level(TEE_SPL, tcb.tee),
            level(SPL_4, 0),
            level(SPL_5, 0),
            level(SPL_6, 0),
            level(SPL_7, 0),
            level(SNP_SPL, tcb.snp),
            level(UCODE_SPL, tcb.microcode),
        ],
        Product::Turin => vec![
            level(FMC_SPL, tcb.fmc),
            level(BL_SPL, tcb.boot_loader),
            level(TEE_SPL, tcb.tee),
            level(SNP_SPL, tcb.snp),
            level(SPL_5, 0),
            level(SPL_6, 0),
            level(SPL_7, 0),
            level(UCODE_SPL, tcb.microcode),
        ],
    });
    all.push(match &guest.kind {
        // Raw bytes, not wrapped into another octet string.
        VekKind::Vcek => Extension::new(HW_ID, hw_id(guest).to_vec()),
        VekKind::Vlek { csp_id } => Extension::new(CSP_ID, asn1::ia5(csp_id)),
    });
    all
}

fn hw_id(guest: &SnpGuest) -> &[u8] {
    let id = guest.chip_id.as_bytes();
    match guest.product {
        Product::Milan | Product::Genoa => id,
        Product::Turin => &id[..8],
    }
}

fn product_name(guest: &SnpGuest) -> String {
    match (guest.product, &guest.kind) {
        (Product::Milan, VekKind::Vcek) => "Milan-B0".to_owned(),
        (product, _) => product.to_string(),
    }
}

pub(super) fn crl(guest: &SnpGuest, key: &SigningKey) -> Crl {
    let issuer = root_name(guest.product);
    Crl::new(issuer, key, Algorithm::AMD_AUTHORITY, guest.pki.valid_for_years(1))
}

fn root_name(product: Product) -> Name {
    Name::amd(&format!("ARK-{product}"))
}

fn intermediate_name(guest: &SnpGuest) -> Name {
    Name::amd(&match guest.kind {
        VekKind::Vcek => format!("SEV-{}", guest.product),
        VekKind::Vlek { .. } => format!("SEV-VLEK-{}", guest.product),
    })
}

/// AMD numbers authorities by product in the third byte.
fn serial(product: Product, number: u16) -> [u8; 3] {
    let [high, low] = number.to_be_bytes();
    let product = match product {
        Product::Milan => 1,
        Product::Genoa => 2,
        Product::Turin => 3,
    };
    [product, high, low]
}

fn crl_url(service: &str, product: Product) -> String {
    format!("https://kds.simulator.invalid/{service}/v1/{product}/crl")
}

/// SPEC: GHCB 2.03 section 4.1.8.1: entries of GUID, offset and length, a zero entry, the data.
pub(super) fn certificate_table(entries: &[([u8; 16], Vec<u8>)]) -> Vec<u8> {
    const ENTRY_LEN: usize = 24;
    let word =
        |value: usize| u32::try_from(value).expect("a table of three certificates").to_le_bytes();
    let mut offset = (entries.len() + 1) * ENTRY_LEN;
    let (mut table, mut data) = (Vec::new(), Vec::new());
    for (guid, certificate) in entries {
        table.extend_from_slice(guid);
        table.extend_from_slice(&word(offset));
        table.extend_from_slice(&word(certificate.len()));
        data.extend_from_slice(certificate);
        offset += certificate.len();
    }
    table.extend_from_slice(&[0; ENTRY_LEN]);
    [table, data].concat()
}

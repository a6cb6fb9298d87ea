//! The attestation report, field by field.

use cloister_attestation::bytes::ReportData;
use cloister_attestation::snp::Product;

use super::{SnpGuest, Tcb, VekKind};

/// Length of the part that the signature covers.
const SIGNED_LEN: usize = 0x2a0;
/// Length of the signature field.
const SIGNATURE_LEN: usize = 512;
/// Length of `R` and of `S` inside it.
const COMPONENT_LEN: usize = 72;

/// `SIGNING_KEY`: which key the report says has signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeyField {
    /// The chip's own key.
    Vcek,
    /// The provider's key.
    Vlek,
    /// No key: the signature is zero.
    None,
    /// A value that the specification reserves.
    Reserved(u8),
}

/// Every field of a report, named as in the specification.
///
/// SPEC: AMD 56860 Table 23.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the specification's, under its names")]
pub struct ReportFields {
    pub version: u32,
    pub guest_svn: u32,
    pub policy: u64,
    pub family_id: [u8; 16],
    pub image_id: [u8; 16],
    pub vmpl: u32,
    pub signature_algo: u32,
    pub current_tcb: Tcb,
    pub platform_info: u64,
    pub author_key_en: bool,
    pub mask_chip_key: bool,
    pub signing_key: SigningKeyField,
    pub report_data: [u8; 64],
    pub measurement: [u8; 48],
    pub host_data: [u8; 32],
    pub id_key_digest: [u8; 48],
    pub author_key_digest: [u8; 48],
    pub report_id: [u8; 32],
    pub report_id_ma: [u8; 32],
    pub reported_tcb: Tcb,
    /// Family, model, stepping; written from version 3 on.
    pub cpuid: [u8; 3],
    pub chip_id: [u8; 64],
    pub committed_tcb: Tcb,
    /// Build, minor, major.
    pub current_version: [u8; 3],
    /// Build, minor, major.
    pub committed_version: [u8; 3],
    pub launch_tcb: Tcb,
    /// Written from version 5 on.
    pub launch_mit_vector: u64,
    /// Written from version 5 on.
    pub current_mit_vector: u64,
}

impl ReportFields {
    /// What an honest chip reports about `guest`.
    pub(super) fn of(guest: &SnpGuest, report_data: &ReportData) -> Self {
        let (signing_key, chip_id) = match guest.kind {
            VekKind::Vcek => (SigningKeyField::Vcek, *guest.chip_id.as_bytes()),
            // Providers that use a VLEK mask the chip.
            VekKind::Vlek { .. } => (SigningKeyField::Vlek, [0; 64]),
        };
        Self {
            version: guest.version,
            guest_svn: 0,
            policy: SMT_ALLOWED | RESERVED_ONE,
            family_id: [0; 16],
            image_id: [0; 16],
            vmpl: 0,
            signature_algo: ECDSA_P384_SHA384,
            current_tcb: guest.tcb,
            platform_info: SMT_EN | ECC_EN | ALIAS_CHECK_COMPLETE,
            author_key_en: false,
            mask_chip_key: false,
            signing_key,
            report_data: *report_data.as_bytes(),
            measurement: *guest.measurement.as_bytes(),
            host_data: *guest.host_data.as_bytes(),
            id_key_digest: [0; 48],
            author_key_digest: [0; 48],
            report_id: guest.pki.stream(&format!("report-id/{}", guest.measurement)).array(),
            report_id_ma: [0xff; 32],
            reported_tcb: guest.tcb,
            cpuid: cpuid(guest.product),
            chip_id,
            committed_tcb: guest.tcb,
            current_version: FIRMWARE_VERSION,
            committed_version: FIRMWARE_VERSION,
            launch_tcb: guest.tcb,
            launch_mit_vector: 0,
            current_mit_vector: 0,
        }
    }

    /// The 672 bytes that are signed.
    pub(super) fn encode(&self, product: Product) -> Vec<u8> {
        let mut report = vec![0; SIGNED_LEN];
        let mut put = |at: usize, bytes: &[u8]| {
            report[at..at + bytes.len()].copy_from_slice(bytes);
        };
        put(0x000, &self.version.to_le_bytes());
        put(0x004, &self.guest_svn.to_le_bytes());
        put(0x008, &self.policy.to_le_bytes());
        put(0x010, &self.family_id);
        put(0x020, &self.image_id);
        put(0x030, &self.vmpl.to_le_bytes());
        put(0x034, &self.signature_algo.to_le_bytes());
        put(0x038, &self.current_tcb.encode(product));
        put(0x040, &self.platform_info.to_le_bytes());
        put(0x048, &self.flags().to_le_bytes());
        put(0x050, &self.report_data);
        put(0x090, &self.measurement);
        put(0x0c0, &self.host_data);
        put(0x0e0, &self.id_key_digest);
        put(0x110, &self.author_key_digest);
        put(0x140, &self.report_id);
        put(0x160, &self.report_id_ma);
        put(0x180, &self.reported_tcb.encode(product));
        if self.version >= 3 {
            put(0x188, &self.cpuid);
        }
        put(0x1a0, &self.chip_id);
        put(0x1e0, &self.committed_tcb.encode(product));
        put(0x1e8, &self.current_version);
        put(0x1ec, &self.committed_version);
        put(0x1f0, &self.launch_tcb.encode(product));
        if self.version >= 5 {
            put(0x1f8, &self.launch_mit_vector.to_le_bytes());
            put(0x200, &self.current_mit_vector.to_le_bytes());
        }
        report
    }

    fn flags(&self) -> u32 {
        let signing_key = match self.signing_key {
            SigningKeyField::Vcek => 0,
            SigningKeyField::Vlek => 1,
            SigningKeyField::None => 7,
            SigningKeyField::Reserved(value) => value,
        };
        u32::from(signing_key) << 2
            | u32::from(self.mask_chip_key) << 1
            | u32::from(self.author_key_en)
    }
}

/// Big-endian `r || s` as the report holds it: 72 little-endian bytes each, the rest zero.
pub(super) fn signature_field(raw: &[u8]) -> Vec<u8> {
    let (r, s) = raw.split_at(raw.len() / 2);
    let mut field = vec![0; SIGNATURE_LEN];
    for (number, at) in [(r, 0), (s, COMPONENT_LEN)] {
        for (to, from) in field[at..at + COMPONENT_LEN].iter_mut().zip(number.iter().rev()) {
            *to = *from;
        }
    }
    field
}

/// What the firmware of each generation writes today.
pub(super) const fn default_version(product: Product) -> u32 {
    match product {
        Product::Milan => 3,
        Product::Genoa | Product::Turin => 5,
    }
}

const fn cpuid(product: Product) -> [u8; 3] {
    match product {
        Product::Milan => [0x19, 0x01, 0x01],
        Product::Genoa => [0x19, 0x11, 0x01],
        Product::Turin => [0x1a, 0x02, 0x01],
    }
}

const ECDSA_P384_SHA384: u32 = 1;
const SMT_ALLOWED: u64 = 1 << 16;
const RESERVED_ONE: u64 = 1 << 17;
const SMT_EN: u64 = 1 << 0;
const ECC_EN: u64 = 1 << 2;
const ALIAS_CHECK_COMPLETE: u64 = 1 << 5;
/// Build, minor, major: 1.58.1, the first with mitigation vectors.
const FIRMWARE_VERSION: [u8; 3] = [1, 58, 1];

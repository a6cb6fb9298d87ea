//! The quote: header, body, and the nested signatures that lead from the body to the PCK key.

use aws_lc_rs::digest::{SHA256, digest};

use super::{TdFields, TdxGuest};

/// Quote version and body type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteFormat {
    /// Version 4, which always holds a TDX 1.0 body.
    V4,
    /// Version 5 with a TDX 1.0 body (type 2).
    V5Td10,
    /// Version 5 with a TDX 1.5 body (type 3).
    V5Td15,
    /// Version 5 with an extended TDX 1.5 body (type 4).
    V5Td15Ex,
}

impl QuoteFormat {
    const fn version(self) -> u16 {
        match self {
            Self::V4 => 4,
            Self::V5Td10 | Self::V5Td15 | Self::V5Td15Ex => 5,
        }
    }

    const fn body_type(self) -> u16 {
        match self {
            Self::V4 | Self::V5Td10 => 2,
            Self::V5Td15 => 3,
            Self::V5Td15Ex => 4,
        }
    }
}

/// What is in a quote besides the TD report and the signatures.
///
/// SPEC: Intel TDX DCAP Quoting Library API, appendix A.3 (version 4) and A.4 (version 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteFields {
    /// `version`.
    pub version: u16,
    /// `attestation_key_type`: 2 is ECDSA with P-256.
    pub attestation_key_type: u16,
    /// `tee_type`: 0x81 is TDX.
    pub tee_type: u32,
    /// Bytes 8 to 12 of the header, reserved in TDX quotes.
    pub reserved: [u8; 4],
    /// `qe_vendor_id`.
    pub qe_vendor_id: [u8; 16],
    /// `user_data`.
    pub user_data: [u8; 20],
    /// Version 5: the type of the body.
    pub body_type: u16,
    /// Type of the certification data that holds the QE report: 6.
    pub outer_certification_type: u16,
    /// Type of the certification data that holds the PCK chain: 5.
    pub inner_certification_type: u16,
    /// QE authentication data.
    pub authentication_data: Vec<u8>,
    /// Bytes after the declared end.
    pub trailing: Vec<u8>,
}

/// SPEC: Intel's QE vendor id, 939A7233-F79C-4CA9-940A-0DB3957F0607.
const INTEL_QE: [u8; 16] = 0x939a_7233_f79c_4ca9_940a_0db3_957f_0607_u128.to_be_bytes();
const TEE_TYPE_TDX: u32 = 0x81;
const ECDSA_P256: u16 = 2;
const QE_REPORT_CERTIFICATION: u16 = 6;
const PCK_CHAIN_CERTIFICATION: u16 = 5;

impl QuoteFields {
    fn of(guest: &TdxGuest) -> Self {
        let mut user_data = [0; 20];
        user_data[..16].copy_from_slice(&guest.pki.stream("intel/qe-id").array::<16>());
        Self {
            version: guest.format.version(),
            attestation_key_type: ECDSA_P256,
            tee_type: TEE_TYPE_TDX,
            reserved: [0; 4],
            qe_vendor_id: INTEL_QE,
            user_data,
            body_type: guest.format.body_type(),
            outer_certification_type: QE_REPORT_CERTIFICATION,
            inner_certification_type: PCK_CHAIN_CERTIFICATION,
            authentication_data: (0..32).collect(),
            trailing: Vec::new(),
        }
    }

    fn header(&self) -> Vec<u8> {
        [
            self.version.to_le_bytes().as_slice(),
            &self.attestation_key_type.to_le_bytes(),
            &self.tee_type.to_le_bytes(),
            &self.reserved,
            &self.qe_vendor_id,
            &self.user_data,
        ]
        .concat()
    }
}

/// The quoting enclave's report.
///
/// SPEC: Intel SDM volume 3D, `REPORT` structure without the MAC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the specification's, under its names")]
pub struct QeReport {
    pub cpu_svn: [u8; 16],
    pub misc_select: u32,
    pub attributes: [u8; 16],
    pub mr_enclave: [u8; 32],
    pub mr_signer: [u8; 32],
    pub isv_prod_id: u16,
    pub isv_svn: u16,
    pub report_data: [u8; 64],
}

/// `INIT`, `MODE64BIT` and `PROVISIONKEY`; XFRM as on servers of this generation.
const QE_ATTRIBUTES: [u8; 16] = [0x15, 0, 0, 0, 0, 0, 0, 0, 0xe7, 0, 0, 0, 0, 0, 0, 0];
pub(super) const TD_QE_PROD_ID: u16 = 2;
pub(super) const TD_QE_SVN: u16 = 6;

/// The simulator's quoting enclave is not signed by Intel, and its signer says so.
pub(super) const QE_SIGNER: [u8; 32] = *b"cloister simulator, not Intel QE";

impl QeReport {
    fn of(guest: &TdxGuest, bound: &[u8]) -> Self {
        let mut report_data = [0; 64];
        report_data[..32].copy_from_slice(digest(&SHA256, bound).as_ref());
        Self {
            cpu_svn: guest.pck_fields().cpu_svn,
            misc_select: 0,
            attributes: QE_ATTRIBUTES,
            mr_enclave: guest.pki.stream("intel/qe-measurement").array(),
            mr_signer: QE_SIGNER,
            isv_prod_id: TD_QE_PROD_ID,
            isv_svn: TD_QE_SVN,
            report_data,
        }
    }

    fn encode(&self) -> Vec<u8> {
        [
            self.cpu_svn.as_slice(),
            &self.misc_select.to_le_bytes(),
            &[0; 28],
            &self.attributes,
            &self.mr_enclave,
            &[0; 32],
            &self.mr_signer,
            &[0; 96],
            &self.isv_prod_id.to_le_bytes(),
            &self.isv_svn.to_le_bytes(),
            &[0; 60],
            &self.report_data,
        ]
        .concat()
    }
}

/// Encodes and signs.
pub(super) fn sign(guest: &TdxGuest, td: &TdFields) -> Vec<u8> {
    let fields = guest.hooks.quote.apply(QuoteFields::of(guest));
    let signed = guest.hooks.signed.apply(signed_part(guest, td, &fields));
    let authentication = authentication(guest, &signed, &fields);
    [&signed, sized(&authentication).as_slice(), &fields.trailing].concat()
}

fn signed_part(guest: &TdxGuest, td: &TdFields, fields: &QuoteFields) -> Vec<u8> {
    let body = td.encode(guest.format);
    let descriptor = match guest.format {
        QuoteFormat::V4 => Vec::new(),
        QuoteFormat::V5Td10 | QuoteFormat::V5Td15 | QuoteFormat::V5Td15Ex => {
            [fields.body_type.to_le_bytes().as_slice(), &word(body.len())].concat()
        }
    };
    [fields.header(), descriptor, body].concat()
}

fn authentication(guest: &TdxGuest, signed: &[u8], fields: &QuoteFields) -> Vec<u8> {
    let key = guest.attestation_key();
    let point = key.public_key().strip_prefix(&[4]).expect("an uncompressed point");
    [key.sign_fixed(signed).as_slice(), point, &certification(guest, point, fields)].concat()
}

/// The QE report that vouches for the attestation key, and the PCK chain that vouches for it.
fn certification(guest: &TdxGuest, point: &[u8], fields: &QuoteFields) -> Vec<u8> {
    let bound = [point, &fields.authentication_data].concat();
    let report = guest.hooks.qe_report.apply(QeReport::of(guest, &bound)).encode();
    let length = u16::try_from(fields.authentication_data.len()).expect("a few bytes");
    // Intel's library ends the chain with a NUL.
    let chain = [guest.pck_chain().as_bytes(), &[0]].concat();
    let content = [
        report.as_slice(),
        &guest.pck_key().sign_fixed(&report),
        &length.to_le_bytes(),
        &fields.authentication_data,
        &fields.inner_certification_type.to_le_bytes(),
        &sized(&chain),
    ]
    .concat();
    [fields.outer_certification_type.to_le_bytes().as_slice(), &sized(&content)].concat()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [word(bytes.len()).as_slice(), bytes].concat()
}

fn word(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("a quote is a few kilobytes").to_le_bytes()
}

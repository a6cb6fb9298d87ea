//! The quoting enclave: whose it is, and that it holds the attestation key.

use aws_lc_rs::digest::{SHA256, digest};

use crate::check::Check;
use crate::tdx::auth_data::AuthData;
use crate::tdx::chain::SigningKey;
use crate::tdx::codes;
use crate::tdx::qe_identity::{QeIdentity, QeTcbLevel};
use crate::tdx::qe_report::QeReport;
use crate::tdx::quote::Quote;
use crate::tdx::trail::Trail;
use crate::verify::VerifyError;

// SPEC: Intel SDM volume 3D, SGX ATTRIBUTES: bit 1 is DEBUG.
const ATTRIBUTE_DEBUG: u8 = 0b10;

/// PCK signs QE report, QE report names attestation key, attestation key signs quote.
pub(super) fn require_signatures(
    trail: &mut Trail,
    quote: &Quote,
    pck: &SigningKey,
) -> Result<(), VerifyError> {
    let auth = quote.auth_data();
    let signed = pck.verifies(auth.qe_report_bytes(), auth.qe_report_signature());
    trail.require(signature(&codes::QE_REPORT_SIGNATURE, signed, "signed by the PCK"))?;
    require_binding(trail, auth)?;
    let key = SigningKey::from_coordinates(auth.attestation_key());
    let signed = key.verifies(quote.signed_bytes(), auth.signature());
    trail.require(signature(&codes::QUOTE_SIGNATURE, signed, "signed by the attestation key"))
}

fn signature(code: &'static crate::code::Code, ok: bool, expected: &str) -> Check {
    Check::decided(
        code,
        ok,
        expected,
        if ok { "a signature that verifies" } else { "a signature that does not verify" },
    )
}

// SPEC: Intel TDX DCAP Quoting Library API, A.3.11: REPORTDATA is SHA-256 over attestation key
// and authentication data, followed by 32 zero bytes.
fn require_binding(trail: &mut Trail, auth: &AuthData) -> Result<(), VerifyError> {
    let hashed = [auth.attestation_key().as_slice(), auth.qe_authentication_data()].concat();
    let mut expected = digest(&SHA256, &hashed).as_ref().to_vec();
    expected.extend_from_slice(&[0; 32]);
    let (expected, observed) = (hex::encode(expected), hex::encode(auth.qe_report().report_data()));
    trail.require(Check::equal(&codes::QE_REPORT_BINDING, expected, observed))
}

/// A debug quoting enclave is refused whether or not its identity is known.
pub(super) fn require_production(trail: &mut Trail, report: &QeReport) -> Result<(), VerifyError> {
    let debug = report.attributes().first().is_none_or(|byte| byte & ATTRIBUTE_DEBUG != 0);
    let observed = hex::encode(report.attributes());
    trail.require(Check::decided(&codes::QE_DEBUG, !debug, "DEBUG clear", observed))
}

/// The enclave is the one that Intel published; returns the level that it meets.
// SPEC: Intel SGX ECDSA Quote Library API, 4.1.2.4.15.
pub(super) fn require_identity<'i>(
    trail: &mut Trail,
    report: &QeReport,
    identity: &'i QeIdentity,
) -> Result<&'i QeTcbLevel, VerifyError> {
    let fields = [
        ("MRSIGNER", hex::encode(identity.mrsigner), hex::encode(report.mr_signer())),
        ("ISVPRODID", identity.isvprodid.to_string(), report.isv_prod_id().to_string()),
        ("MISCSELECT", misc_select(identity), misc_select_of(report, identity)),
        (
            "ATTRIBUTES",
            masked(&identity.attributes, &identity.attributes_mask),
            masked(report.attributes(), &identity.attributes_mask),
        ),
    ];
    for (field, expected, observed) in fields {
        let (expected, observed) = (format!("{field} {expected}"), format!("{field} {observed}"));
        trail.require(Check::equal(&codes::QE_IDENTITY, expected, observed))?;
    }
    let isv_svn = report.isv_svn();
    let level =
        identity.level_of(isv_svn).ok_or_else(|| format!("no level is met by ISVSVN {isv_svn}"));
    trail.holds(&codes::QE_TCB_LEVEL, "a published level that is met", level)
}

fn misc_select(identity: &QeIdentity) -> String {
    masked(&identity.miscselect, &identity.miscselect_mask)
}

fn misc_select_of(report: &QeReport, identity: &QeIdentity) -> String {
    masked(report.misc_select(), &identity.miscselect_mask)
}

fn masked<const N: usize>(value: &[u8; N], mask: &[u8; N]) -> String {
    hex::encode(value.iter().zip(mask).map(|(value, mask)| value & mask).collect::<Vec<_>>())
}

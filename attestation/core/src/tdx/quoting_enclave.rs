//! The quoting enclave: whose it is, and that it holds the attestation key.

use aws_lc_rs::digest::{SHA256, digest};

use crate::bytes::hex::Hex;
use crate::check::Check;
use crate::tdx::auth_data::AuthData;
use crate::tdx::chain::SigningKey;
use crate::tdx::codes;
use crate::tdx::qe_identity::{QeIdentity, QeTcbLevel};
use crate::tdx::qe_report::QeReport;
use crate::tdx::quote::Quote;
use crate::trail::Trail;
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
    let signed = key.is_some_and(|key| key.verifies(quote.signed_bytes(), auth.signature()));
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
    let expected = [digest(&SHA256, &hashed).as_ref(), &[0; 32]].concat();
    let (expected, observed) = (Hex(&expected), Hex(auth.qe_report().report_data()));
    trail.require(Check::equal(&codes::QE_REPORT_BINDING, expected, observed))
}

/// A debug quoting enclave is refused whether or not its identity is known.
pub(super) fn require_production(trail: &mut Trail, report: &QeReport) -> Result<(), VerifyError> {
    let debug = report.attributes().first().is_none_or(|byte| byte & ATTRIBUTE_DEBUG != 0);
    let observed = Hex(report.attributes());
    trail.require(Check::decided(&codes::QE_DEBUG, !debug, "DEBUG clear", observed))
}

/// The enclave is the one that Intel published; returns the level that it meets.
// SPEC: Intel SGX ECDSA Quote Library API, 4.1.2.4.15.
pub(super) fn require_identity<'i>(
    trail: &mut Trail,
    report: &QeReport,
    identity: &'i QeIdentity,
) -> Result<&'i QeTcbLevel, VerifyError> {
    let (prod_id, product) = (identity.isvprodid.to_be_bytes(), report.isv_prod_id().to_be_bytes());
    let (misc, attributes) = (&identity.miscselect_mask, &identity.attributes_mask);
    let fields: [(&str, &[u8], &[u8]); 4] = [
        ("MRSIGNER", &identity.mrsigner, report.mr_signer()),
        ("ISVPRODID", &prod_id, &product),
        ("MISCSELECT", &masked(&identity.miscselect, misc), &masked(report.misc_select(), misc)),
        (
            "ATTRIBUTES",
            &masked(&identity.attributes, attributes),
            &masked(report.attributes(), attributes),
        ),
    ];
    for (field, expected, observed) in fields {
        let words = |bytes| format!("{field} {}", Hex(bytes));
        let ok = expected == observed;
        trail.require(Check::decided(&codes::QE_IDENTITY, ok, words(expected), words(observed)))?;
    }
    let isv_svn = report.isv_svn();
    let level =
        identity.level_of(isv_svn).ok_or_else(|| format!("no level is met by ISVSVN {isv_svn}"));
    trail.holds(&codes::QE_TCB_LEVEL, "a published level that is met", level)
}

fn masked<const N: usize>(value: &[u8; N], mask: &[u8; N]) -> [u8; N] {
    let mut masked = *value;
    masked.iter_mut().zip(mask).for_each(|(byte, mask)| *byte &= mask);
    masked
}

//! Collateral: what Intel publishes about a platform, as received.

use serde::{Deserialize, Deserializer};

use crate::code::{Code, Diagnostic};
use crate::limits::{COLLATERAL_BYTES_MAX, CRL_BYTES_MAX, ENDORSEMENT_BYTES_MAX};
use crate::tdx::codes;

/// The JSON form: two documents, and two CRLs in hex.
const JSON_BYTES_MAX: usize =
    4 * CRL_BYTES_MAX + 2 * COLLATERAL_BYTES_MAX + 4 * ENDORSEMENT_BYTES_MAX;

/// What a TD quote is verified against. Each part may be absent: verification then says what is
/// missing and where Intel publishes it.
///
/// # Security
/// All of it is a hint until verified: it may come from anywhere, an untrusted host included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collateral {
    pub(super) tcb_info: Option<SignedDocument>,
    pub(super) qe_identity: Option<SignedDocument>,
    pub(super) root_ca_crl: Option<Vec<u8>>,
    pub(super) pck_crl: Option<Vec<u8>>,
    pub(super) pck_certificate_chain: Option<String>,
}

/// A JSON document with its signature, and the PEM chain of the signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignedDocument {
    /// The signed bytes, as received.
    pub(super) body: String,
    /// ECDSA P-256: R and S.
    pub(super) signature: [u8; 64],
    /// Signer first, root last.
    pub(super) issuer_chain: String,
}

impl Collateral {
    /// Nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            tcb_info: None,
            qe_identity: None,
            root_ca_crl: None,
            pck_crl: None,
            pck_certificate_chain: None,
        }
    }

    /// Reads the JSON form that DCAP tools exchange: `tcb_info`, `tcb_info_signature`,
    /// `tcb_info_issuer_chain`, the same three for `qe_identity`, `root_ca_crl`, `pck_crl`, and
    /// optionally `pck_certificate_chain`, which then takes the place of the one in the quote.
    /// Signatures and CRLs are hex of their bytes. `pck_crl_issuer_chain` is read and not needed:
    /// the CRL has to be by the very CA that issued the PCK certificate.
    ///
    /// # Errors
    /// [`CollateralError`] with the field and the reason.
    pub fn from_json(bytes: &[u8]) -> Result<Self, CollateralError> {
        if bytes.len() > JSON_BYTES_MAX {
            return Err(malformed(format!(
                "{} bytes, at most {JSON_BYTES_MAX} are allowed",
                bytes.len()
            )));
        }
        let json: Json = serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()))?;
        Ok(Self {
            tcb_info: document(
                "tcb_info",
                json.tcb_info,
                json.tcb_info_signature,
                json.tcb_info_issuer_chain,
            )?,
            qe_identity: document(
                "qe_identity",
                json.qe_identity,
                json.qe_identity_signature,
                json.qe_identity_issuer_chain,
            )?,
            root_ca_crl: json.root_ca_crl,
            pck_crl: json.pck_crl,
            pck_certificate_chain: json.pck_certificate_chain,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    tcb_info: Option<String>,
    #[serde(default, deserialize_with = "from_hex")]
    tcb_info_signature: Option<Vec<u8>>,
    tcb_info_issuer_chain: Option<String>,
    qe_identity: Option<String>,
    #[serde(default, deserialize_with = "from_hex")]
    qe_identity_signature: Option<Vec<u8>>,
    qe_identity_issuer_chain: Option<String>,
    #[serde(default, deserialize_with = "from_hex")]
    root_ca_crl: Option<Vec<u8>>,
    #[serde(default, deserialize_with = "from_hex")]
    pck_crl: Option<Vec<u8>>,
    #[expect(dead_code, reason = "part of the exchanged form; see `Collateral::from_json`")]
    pck_crl_issuer_chain: Option<String>,
    pck_certificate_chain: Option<String>,
}

fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(hex::decode).transpose().map_err(serde::de::Error::custom)
}

/// A document comes with signature and chain, or not at all.
fn document(
    name: &str,
    body: Option<String>,
    signature: Option<Vec<u8>>,
    issuer_chain: Option<String>,
) -> Result<Option<SignedDocument>, CollateralError> {
    match (body, signature, issuer_chain) {
        (None, None, None) => Ok(None),
        (Some(body), Some(signature), Some(issuer_chain)) => {
            if body.len() > COLLATERAL_BYTES_MAX {
                return Err(malformed(format!(
                    "{name} has {} bytes, at most {COLLATERAL_BYTES_MAX} are allowed",
                    body.len()
                )));
            }
            let signature = signature.try_into().map_err(|wrong: Vec<u8>| {
                malformed(format!("{name}_signature has {} bytes, expected 64", wrong.len()))
            })?;
            Ok(Some(SignedDocument { body, signature, issuer_chain }))
        }
        _ => Err(malformed(format!(
            "{name}, {name}_signature and {name}_issuer_chain come together or not at all"
        ))),
    }
}

/// The bytes are not a collateral document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("collateral is malformed: {reason}")]
pub struct CollateralError {
    reason: String,
}

impl Diagnostic for CollateralError {
    fn code(&self) -> &'static Code {
        &codes::COLLATERAL_MALFORMED
    }
}

const fn malformed(reason: String) -> CollateralError {
    CollateralError { reason }
}

#[cfg(test)]
mod tests {
    use super::Collateral;

    #[test]
    fn an_empty_object_is_no_collateral() {
        assert_eq!(Collateral::from_json(b"{}").unwrap(), Collateral::none());
    }

    #[test]
    fn refuses_what_is_not_the_exchanged_form() {
        let cases: [&[u8]; 8] = [
            b"",
            b"[]",
            b"{\"tcb_info\":\"{}\"}",
            b"{\"tcb_info\":\"{}\",\"tcb_info_signature\":\"00\",\"tcb_info_issuer_chain\":\"\"}",
            b"{\"root_ca_crl\":\"0\"}",
            b"{\"root_ca_crl\":\"zz\"}",
            b"{\"root_ca_crl\":\"00\",\"root_ca_crl\":\"00\"}",
            b"{\"tcbInfo\":{}}",
        ];
        for case in cases {
            assert!(Collateral::from_json(case).is_err(), "{}", String::from_utf8_lossy(case));
        }
    }

    #[test]
    fn crls_are_kept_as_received() {
        let collateral = Collateral::from_json(b"{\"root_ca_crl\":\"0aFf\"}").unwrap();
        assert_eq!(collateral.root_ca_crl.as_deref(), Some(&[0x0a, 0xff][..]));
        assert_eq!(collateral.pck_crl, None);
    }
}

//! Collateral: what Intel publishes about a platform, as received.

use serde::{Deserialize, Deserializer};

use crate::bytes::hex;
use crate::code::{Code, Diagnostic};
use crate::limits::{COLLATERAL_BYTES_MAX, CRL_BYTES_MAX, ENDORSEMENT_BYTES_MAX};
use crate::tdx::codes;
use crate::text;
use crate::time::{UnixTime, rfc3339};
use crate::x509::Crl;

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
    /// TCB info of the platform's family.
    pub tcb_info: Option<SignedDocument>,
    /// The identity of the TD quoting enclave.
    pub qe_identity: Option<SignedDocument>,
    /// The CRL of Intel's root, DER.
    pub root_ca_crl: Option<Vec<u8>>,
    /// The CRL of the CA that issued the PCK certificate, DER.
    pub pck_crl: Option<Vec<u8>>,
    /// The chain of that CA in PEM. Verifying a quote does not need it: there the CRL has to be by
    /// the very CA that issued the PCK certificate.
    pub pck_crl_issuer_chain: Option<String>,
    /// A PCK certificate chain in PEM that takes the place of the one in the quote.
    pub pck_certificate_chain: Option<String>,
}

/// A JSON document with its signature, and the PEM chain of the signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDocument {
    /// The signed bytes, as received.
    pub(crate) body: String,
    /// ECDSA P-256: R and S.
    pub(crate) signature: [u8; 64],
    /// Signer first, root last.
    pub(crate) issuer_chain: String,
}

impl SignedDocument {
    fn contents(document: Option<&Self>) -> [Option<&[u8]>; 3] {
        let Some(Self { body, signature, issuer_chain }) = document else { return [None; 3] };
        [Some(body.as_bytes()), Some(signature), Some(issuer_chain.as_bytes())]
    }
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
            pck_crl_issuer_chain: None,
            pck_certificate_chain: None,
        }
    }

    /// The same with the parts that are absent taken from `other`; a CRL with its issuer chain.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let (pck_crl, pck_crl_issuer_chain) = match self.pck_crl {
            Some(crl) => (Some(crl), self.pck_crl_issuer_chain),
            None => (other.pck_crl, other.pck_crl_issuer_chain),
        };
        Self {
            tcb_info: self.tcb_info.or(other.tcb_info),
            qe_identity: self.qe_identity.or(other.qe_identity),
            root_ca_crl: self.root_ca_crl.or(other.root_ca_crl),
            pck_crl,
            pck_crl_issuer_chain,
            pck_certificate_chain: self.pck_certificate_chain.or(other.pck_certificate_chain),
        }
    }

    /// The same without the parts that are stale at `now`.
    #[must_use]
    pub fn without_stale(mut self, now: UnixTime) -> Self {
        self.tcb_info = self.tcb_info.filter(|document| !document.is_stale(now));
        self.qe_identity = self.qe_identity.filter(|document| !document.is_stale(now));
        self.root_ca_crl = self.root_ca_crl.filter(|crl| !Crl::is_stale(crl, now));
        self.pck_crl = self.pck_crl.filter(|crl| !Crl::is_stale(crl, now));
        self.pck_crl_issuer_chain = self.pck_crl_issuer_chain.filter(|_| self.pck_crl.is_some());
        self
    }

    /// Every part, in one order, whether it is there or not: all that verification reads.
    pub(crate) fn contents(&self) -> [Option<&[u8]>; 10] {
        // Taken apart whole, so that a part that is added later is not forgotten here.
        let Self {
            tcb_info,
            qe_identity,
            root_ca_crl,
            pck_crl,
            pck_crl_issuer_chain,
            pck_certificate_chain,
        } = self;
        let [a, b, c] = SignedDocument::contents(tcb_info.as_ref());
        let [d, e, f] = SignedDocument::contents(qe_identity.as_ref());
        let [g, h] = [root_ca_crl, pck_crl].map(|crl| crl.as_deref());
        let [i, j] = [pck_crl_issuer_chain, pck_certificate_chain]
            .map(|chain| chain.as_ref().map(String::as_bytes));
        [a, b, c, d, e, f, g, h, i, j]
    }

    /// Reads the JSON form that DCAP tools exchange: `tcb_info`, `tcb_info_signature`,
    /// `tcb_info_issuer_chain`, the same three for `qe_identity`, `root_ca_crl`, `pck_crl`, and
    /// optionally `pck_certificate_chain`, which then takes the place of the one in the quote.
    /// Signatures and CRLs are hex of their bytes. `pck_crl_issuer_chain` is read and not needed
    /// for a quote: the CRL has to be by the very CA that issued the PCK certificate.
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
        let json: Json = serde_json::from_slice(bytes).map_err(|e| unreadable(&e))?;
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
            pck_crl_issuer_chain: json.pck_crl_issuer_chain,
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
    pck_crl_issuer_chain: Option<String>,
    pck_certificate_chain: Option<String>,
}

fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    Ok(Option::<FromHex>::deserialize(deserializer)?.map(|FromHex(bytes)| bytes))
}

/// Bytes that are written as hex.
struct FromHex(Vec<u8>);

impl<'de> Deserialize<'de> for FromHex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, |text| hex::decode(text).map(Self).ok_or("not hexadecimal"))
    }
}

impl SignedDocument {
    /// From the signed text, the signature in hex, and the PEM chain of the signer.
    ///
    /// # Errors
    /// [`CollateralError`] if the text is too large or the signature has another length.
    pub fn new(body: &str, signature: &str, issuer_chain: &str) -> Result<Self, CollateralError> {
        require_size("document", body)?;
        let signature = hex::array(signature)
            .ok_or_else(|| malformed("signature is not hex of 64 bytes".to_owned()))?;
        Ok(Self { body: body.to_owned(), signature, issuer_chain: issuer_chain.to_owned() })
    }

    fn is_stale(&self, now: UnixTime) -> bool {
        serde_json::from_str::<Dated>(&self.body).is_ok_and(|dated| dated.next_update < now)
    }

    /// The signed text, as received.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// ECDSA P-256: R and S.
    #[must_use]
    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The certificates of the signer, in PEM.
    #[must_use]
    pub fn issuer_chain(&self) -> &str {
        &self.issuer_chain
    }
}

/// What all documents say about their time.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dated {
    #[serde(deserialize_with = "rfc3339")]
    next_update: UnixTime,
}

fn require_size(name: &str, body: &str) -> Result<(), CollateralError> {
    if body.len() > COLLATERAL_BYTES_MAX {
        let observed = body.len();
        return Err(malformed(format!(
            "{name} has {observed} bytes, at most {COLLATERAL_BYTES_MAX} are allowed"
        )));
    }
    Ok(())
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
            require_size(name, &body)?;
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

/// A message shows this much of what a reader of JSON says, which quotes the input.
const REASON_CHARS_MAX: usize = 200;

/// SECURITY: an unknown name is shown as it came. Whoever wrote it may have written megabytes, or
/// what a terminal acts on.
fn unreadable(error: &serde_json::Error) -> CollateralError {
    let said = error.to_string();
    malformed(said.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect())
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
    fn a_message_shows_a_bounded_and_printable_part_of_hostile_input() {
        let name = "\u{1b}[2J".repeat(100_000);
        let json = serde_json::json!({ name: 1 }).to_string();
        let said = Collateral::from_json(json.as_bytes()).unwrap_err().to_string();
        assert!(said.chars().count() < 300 && !said.chars().any(char::is_control), "{said:?}");
    }

    #[test]
    fn crls_are_kept_as_received() {
        let collateral = Collateral::from_json(b"{\"root_ca_crl\":\"0aFf\"}").unwrap();
        assert_eq!(collateral.root_ca_crl.as_deref(), Some(&[0x0a, 0xff][..]));
        assert_eq!(collateral.pck_crl, None);
    }
}

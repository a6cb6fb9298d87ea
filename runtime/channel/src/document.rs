//! The attestation document: what a runtime tells anybody who connects and asks, in JSON.
//!
//! `GET /.well-known/cloister?nonce=HEX` over TLS 1.3 with ALPN `h2` and no client certificate
//! answers with
//!
//! ```text
//! { "profile": "tag:cloister.invalid,2026:document/1",
//!   "lease":     the CWT, base64url without padding,
//!   "lease_jwt": the same as a JWT; null where the Verifier gave none,
//!   "x5c":       the certificate chain, leaf first, each DER in base64 (RFC 7517 section 4.7),
//!   "evidence":  the Evidence envelope, base64url without padding; null without a nonce }
//! ```
//!
//! The envelope's binding names the nonce, the identity key and the channel key of the lease, the
//! manifest, and the exporter value of the very connection that was asked
//! ([`crate::tls::document_exporter`]), so that a document can be passed on and not passed off.
//!
//! # Security
//! A document that reads is still only what the other end said.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cloister_attestation::code::{Code, Diagnostic};
use serde::{Deserialize, Serialize};

use crate::limits::{DOCUMENT_BYTES_MAX, INTERMEDIATES_MAX};

/// Where the document is: see RFC 8615.
pub const PATH: &str = "/.well-known/cloister";

/// What a document calls its form.
pub const PROFILE: &str = "tag:cloister.invalid,2026:document/1";

cloister_attestation::codes! {
    /// The document does not read.
    MALFORMED = "document.malformed", Peer, "",
        "Ask a runtime of a version that this program knows.",
        "An attestation document is one JSON object of at most 896 KiB with exactly the members profile, lease, lease_jwt, x5c and evidence. This one is longer, has other members, is of another profile, or has a member that is not in its encoding.";
}

/// A document was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("attestation document is malformed: {reason}")]
pub struct DocumentError {
    reason: String,
}

impl Diagnostic for DocumentError {
    fn code(&self) -> &'static Code {
        &MALFORMED
    }
}

/// What a runtime says of itself on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The lease, as the Verifier signed it.
    pub lease: Vec<u8>,
    /// The same lease as a JWT, where the Verifier gave one.
    pub lease_jwt: Option<String>,
    /// The certificate chain, DER, leaf first.
    pub certificates: Vec<Vec<u8>>,
    /// The Evidence envelope, where there was a nonce to make it for.
    pub evidence: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    profile: String,
    lease: String,
    lease_jwt: Option<String>,
    x5c: Vec<String>,
    evidence: Option<String>,
}

impl Document {
    /// The JSON form.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let wire = Wire {
            profile: PROFILE.to_owned(),
            lease: URL_SAFE_NO_PAD.encode(&self.lease),
            lease_jwt: self.lease_jwt.clone(),
            x5c: self.certificates.iter().map(|der| STANDARD.encode(der)).collect(),
            evidence: self.evidence.as_ref().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
        };
        // Text and lists of text always have a JSON form.
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Reads received bytes.
    ///
    /// # Errors
    /// [`DocumentError`] with the reason.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(malformed("longer than 896 KiB"));
        }
        let wire: Wire =
            serde_json::from_slice(bytes).map_err(|error| malformed(&error.to_string()))?;
        if wire.profile != PROFILE {
            return Err(malformed("of another profile"));
        }
        // One more than the intermediates: the leaf.
        if wire.x5c.is_empty() || wire.x5c.len() > INTERMEDIATES_MAX.saturating_add(1) {
            return Err(malformed("x5c has not 1 to 4 certificates"));
        }
        let certificates = wire.x5c.iter().map(|text| STANDARD.decode(text));
        Ok(Self {
            lease: base64url("lease", &wire.lease)?,
            lease_jwt: wire.lease_jwt,
            certificates: certificates
                .collect::<Result<_, _>>()
                .map_err(|_| malformed("x5c is not base64"))?,
            evidence: wire.evidence.map(|text| base64url("evidence", &text)).transpose()?,
        })
    }
}

fn base64url(member: &str, text: &str) -> Result<Vec<u8>, DocumentError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed(&format!("{member} is not base64url")))
}

fn malformed(reason: &str) -> DocumentError {
    DocumentError { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Document, PROFILE};
    use crate::limits::DOCUMENT_BYTES_MAX;

    fn document(evidence: Option<Vec<u8>>) -> Document {
        Document {
            lease: vec![0xfb; 40],
            lease_jwt: evidence.as_ref().map(|_| "a.b.c".to_owned()),
            certificates: vec![vec![0x30, 0xff], vec![0x30]],
            evidence,
        }
    }

    #[test]
    fn round_trips_with_and_without_evidence() {
        for evidence in [None, Some(vec![0xfa; 100])] {
            let document = document(evidence);
            assert_eq!(Document::from_json(&document.to_json()).unwrap(), document);
        }
    }

    #[test]
    fn refuses_every_other_form() {
        let good = String::from_utf8(document(Some(vec![1, 2, 3])).to_json()).unwrap();
        assert!(Document::from_json(good.as_bytes()).is_ok());
        let changed = [
            good.replace(PROFILE, "tag:cloister.invalid,2026:document/2"),
            good.replace("\"lease\":\"", "\"lease\":\"="),
            good.replace("\"evidence\":\"", "\"evidence\":\"+"),
            good.replace("\"x5c\":[", "\"x5c\":[\"-\","),
            good.replace("\"x5c\":[", "\"x5c\":[\"MA==\",\"MA==\",\"MA==\","),
            good.replacen('{', "{\"more\":1,", 1),
            good.replace("lease", "release"),
            format!("{good} x"),
            good.replace("[\"MP8=\",\"MA==\"]", "[]"),
        ];
        for bad in changed {
            assert_ne!(bad, good, "the change has to change something");
            assert!(Document::from_json(bad.as_bytes()).is_err(), "{bad}");
        }
        let padded = format!("{good}{}", " ".repeat(DOCUMENT_BYTES_MAX));
        let refused = Document::from_json(padded.as_bytes()).unwrap_err();
        assert!(refused.to_string().contains("longer"), "{refused}");
    }
}

//! A vendor service's answer, as received.

use super::error::PublicationError;
use crate::bytes::hex;
use crate::limits::ENDORSEMENT_BYTES_MAX;

/// Body and issuer chain of an answer, as received. Believed by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The body.
    pub body: Vec<u8>,
    /// The value of the header that carries the chain of the signer, percent-encoded PEM. Only
    /// Intel's service sends one.
    pub issuer_chain: Option<String>,
}

impl Response {
    /// The headers that carry a chain, in lower case. An answer has at most one of them.
    ///
    /// SPEC: Intel Trusted Services API, PCS version 4: `TCB-Info-Issuer-Chain`,
    /// `SGX-Enclave-Identity-Issuer-Chain`, `SGX-PCK-CRL-Issuer-Chain`; version 3 of the service
    /// says `SGX-TCB-Info-Issuer-Chain`.
    pub const ISSUER_CHAIN_HEADERS: [&'static str; 4] = [
        "tcb-info-issuer-chain",
        "sgx-tcb-info-issuer-chain",
        "sgx-enclave-identity-issuer-chain",
        "sgx-pck-crl-issuer-chain",
    ];

    /// The chain as PEM.
    pub(super) fn issuer_chain_pem(&self) -> Result<String, PublicationError> {
        let encoded = self
            .issuer_chain
            .as_deref()
            .ok_or(PublicationError::IssuerChain { reason: "the answer came without one" })?;
        if encoded.len() > ENDORSEMENT_BYTES_MAX {
            return Err(PublicationError::IssuerChain { reason: "it is larger than 64 KiB" });
        }
        let bytes = percent_decoded(encoded.as_bytes())
            .ok_or(PublicationError::IssuerChain { reason: "it is not percent-encoded" })?;
        String::from_utf8(bytes)
            .map_err(|_| PublicationError::IssuerChain { reason: "it is not text" })
    }
}

/// SPEC: RFC 3986 section 2.1. A `+` is a `+`: base64 has it, and the service encodes it or not.
fn percent_decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let (digits, tail) = tail.split_at_checked(2)?;
        out.extend(hex::decode(core::str::from_utf8(digits).ok()?)?);
        rest = tail;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn escapes_are_decoded_and_the_rest_is_kept() {
        assert_eq!(percent_decoded(b"a%2Bb+c%0a").unwrap(), b"a+b+c\n");
        assert_eq!(percent_decoded(b"").unwrap(), b"");
    }

    #[test]
    fn cut_or_wrong_escapes_are_refused() {
        for bad in [&b"%"[..], b"%2", b"%zz", b"a%+1"] {
            assert_eq!(percent_decoded(bad), None);
        }
    }
}

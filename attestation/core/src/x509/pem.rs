//! PEM text to certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::certificate::Certificate;
use super::error::X509Error;
use crate::limits::ENDORSEMENT_BYTES_MAX;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The DER of every block in `text`, in order. An empty text has none.
///
/// # Errors
/// [`X509Error::TooLarge`], or [`X509Error::Pem`] for anything that is not a `CERTIFICATE` block.
pub fn blocks(text: &str) -> Result<Vec<Vec<u8>>, X509Error> {
    if text.len() > ENDORSEMENT_BYTES_MAX {
        return Err(X509Error::TooLarge {
            what: "PEM text",
            observed: text.len(),
            max: ENDORSEMENT_BYTES_MAX,
        });
    }
    text.split_inclusive(END).filter(|block| !block.trim().is_empty()).map(block).collect()
}

/// Every certificate in `text`, in order; at least one.
///
/// # Errors
/// As [`blocks`], and whatever [`Certificate::parse`] refuses. An empty text is an error.
pub fn certificates(text: &str) -> Result<Vec<Certificate>, X509Error> {
    let certificates =
        blocks(text)?.iter().map(|der| Certificate::parse(der)).collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() {
        return Err(X509Error::Pem { reason: "there is no certificate in it".to_owned() });
    }
    Ok(certificates)
}

/// SPEC: RFC 7468 section 3, the strict form: nothing before the first line, base64 in lines of
/// one width, the last of which may be shorter, padded. Certificates are public: this need not
/// take the same time for all of them.
fn block(text: &str) -> Result<Vec<u8>, X509Error> {
    let refuse = |reason: &str| X509Error::Pem { reason: reason.to_owned() };
    let body = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let body = body.ok_or_else(|| refuse("a block is not one of a certificate"))?;
    let mut lines = body.lines();
    if lines.next() != Some("") || !body.ends_with('\n') {
        return Err(refuse("a boundary does not stand in a line of its own"));
    }
    let mut base64 = Vec::with_capacity(body.len());
    let mut lines = lines.peekable();
    let width = lines.peek().map_or(0, |line| line.len());
    while let Some(line) = lines.next() {
        let last = lines.peek().is_none();
        if line.is_empty() || line.len() > width || (line.len() < width && !last) {
            return Err(refuse("its lines are not of one width"));
        }
        base64.extend_from_slice(line.as_bytes());
    }
    if base64.is_empty() {
        return Err(refuse("a block is empty"));
    }
    STANDARD.decode(&base64).map_err(|error| refuse(&error.to_string()))
}

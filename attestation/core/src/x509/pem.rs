//! PEM text to certificates.

use super::certificate::Certificate;
use super::error::X509Error;
use crate::limits::ENDORSEMENT_BYTES_MAX;

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

fn block(text: &str) -> Result<Vec<u8>, X509Error> {
    let refuse = |reason: String| X509Error::Pem { reason };
    let (label, der) =
        pem_rfc7468::decode_vec(text.trim().as_bytes()).map_err(|e| refuse(e.to_string()))?;
    if label == "CERTIFICATE" {
        Ok(der)
    } else {
        Err(refuse(format!("a block is labelled {label}")))
    }
}

//! What the quote service answers.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cloister_attestation::limits::HARDWARE_EVIDENCE_BYTES_MAX;
use httparse::Status;
use serde::Deserialize;

use super::QuoteServiceError;
use crate::limits::{QUOTE_SERVICE_BYTES_MAX, QUOTE_SERVICE_FIELDS_MAX};

/// With or without padding: the service's documents say neither.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An answer with a quote in it. Nothing in it has been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuoteServiceAnswer {
    /// A quote.
    pub quote: Vec<u8>,
}

#[derive(Deserialize)]
struct Document {
    quote: String,
}

/// How the end of the body is found.
enum Framing {
    Length(usize),
    Chunks,
    Close,
}

impl QuoteServiceAnswer {
    /// Parses one whole HTTP response, as it came until the other side closed.
    ///
    /// # Errors
    /// [`QuoteServiceError`]: another status than 200, or no such answer.
    // SPEC: RFC 9112 sections 4 to 7.
    pub fn parse(bytes: &[u8]) -> Result<Self, QuoteServiceError> {
        if bytes.len() > QUOTE_SERVICE_BYTES_MAX {
            return Err(malformed(&"it is too long"));
        }
        let mut fields = [httparse::EMPTY_HEADER; QUOTE_SERVICE_FIELDS_MAX];
        let mut response = httparse::Response::new(&mut fields);
        let parsed = response.parse(bytes).map_err(|error| malformed(&error))?;
        let (Status::Complete(head), Some(status)) = (parsed, response.code) else {
            return Err(malformed(&"its header has no end"));
        };
        if status != 200 {
            return Err(QuoteServiceError::Status { status });
        }
        let rest = bytes.get(head..).unwrap_or_default();
        let body = match framing(response.headers)? {
            Framing::Length(length) if length == rest.len() => rest.to_vec(),
            Framing::Length(_) => return Err(malformed(&"its length is not the declared one")),
            Framing::Chunks => dechunked(rest)?,
            Framing::Close => rest.to_vec(),
        };
        Self::from_json(&body)
    }

    fn from_json(body: &[u8]) -> Result<Self, QuoteServiceError> {
        let Document { quote } = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
        let quote = BASE64URL.decode(quote).map_err(|error| malformed(&error))?;
        if quote.len() > HARDWARE_EVIDENCE_BYTES_MAX {
            return Err(malformed(&"its quote is longer than any genuine one"));
        }
        Ok(Self { quote })
    }
}

fn framing(fields: &[httparse::Header<'_>]) -> Result<Framing, QuoteServiceError> {
    let named = |name: &'static str| {
        let mut found = fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        (found.next().map(|field| field.value), found.next().is_some())
    };
    match (named("content-length"), named("transfer-encoding")) {
        ((None, _), (None, _)) => Ok(Framing::Close),
        ((Some(length), false), (None, _)) => Ok(Framing::Length(number(length)?)),
        ((None, _), (Some(coding), false)) if coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Framing::Chunks)
        }
        // SECURITY: two readers of the same bytes could find two different ends.
        _ => Err(malformed(&"its length is declared twice or in an unknown way")),
    }
}

fn number(digits: &[u8]) -> Result<usize, QuoteServiceError> {
    let text = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    text.and_then(|text| text.parse().ok()).ok_or_else(|| malformed(&"its length is no number"))
}

/// The chunks' content, to the last one, with no trailer and nothing behind it.
// SPEC: RFC 9112 section 7.1.
fn dechunked(mut rest: &[u8]) -> Result<Vec<u8>, QuoteServiceError> {
    let cut = || malformed(&"its chunks do not add up");
    let mut body = Vec::new();
    loop {
        let Ok(Status::Complete((start, size))) = httparse::parse_chunk_size(rest) else {
            return Err(cut());
        };
        let size = usize::try_from(size).map_err(|_| cut())?;
        let chunk = rest.get(start..).and_then(|rest| rest.split_at_checked(size));
        let (content, after) = chunk.ok_or_else(cut)?;
        rest = after.strip_prefix(b"\r\n").ok_or_else(cut)?;
        if size == 0 {
            return if rest.is_empty() { Ok(body) } else { Err(cut()) };
        }
        body.extend_from_slice(content);
    }
}

fn malformed(reason: &impl ToString) -> QuoteServiceError {
    QuoteServiceError::Malformed { reason: reason.to_string() }
}

#[cfg(test)]
mod tests;

//! An answer of HTTP/1.1: its status, its header, its body, each within its bound.

use httparse::{EMPTY_HEADER, Header, Response, Status};

/// Status line and header. Real ones are below 1 KiB.
pub(super) const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Fields of a header. Real ones have about ten.
const FIELDS_MAX: usize = 64;

/// One whole answer. Nothing in it has been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: u16,
    fields: Vec<(String, Vec<u8>)>,
    /// The content.
    pub body: Vec<u8>,
}

/// Bytes are no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("answer of the metadata service is malformed: {0}")]
pub struct Malformed(&'static str);

/// How the end of the body is found.
#[derive(Clone, Copy)]
enum Framing {
    Length(usize),
    Chunks,
    Close,
}

impl Answer {
    /// Parses what came so far; `None` if more has to come. When nothing more can, because the other
    /// side `closed`, there is an answer or an error.
    ///
    /// # Errors
    /// [`Malformed`]; also where the header is longer than it may be, or the body than `most`.
    // SPEC: RFC 9112 sections 4 to 7.
    pub fn parse(bytes: &[u8], closed: bool, most: u64) -> Result<Option<Self>, Malformed> {
        let Some(Head { mut answer, framing, rest }) = head(bytes)? else {
            return if closed { Err(Malformed("it ends within its header")) } else { Ok(None) };
        };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let body = match framing {
            Framing::Length(length) if length > most => return Err(TOO_LONG),
            Framing::Length(length) if length < rest.len() => {
                return Err(Malformed("it is longer than it says"));
            }
            Framing::Length(length) => (length == rest.len()).then(|| rest.to_vec()),
            Framing::Chunks => dechunked(rest)?,
            Framing::Close => closed.then(|| rest.to_vec()),
        };
        match body {
            Some(body) if body.len() > most => Err(TOO_LONG),
            Some(body) => {
                answer.body = body;
                Ok(Some(answer))
            }
            None if closed => Err(Malformed("it ends within its body")),
            None => Ok(None),
        }
    }

    /// The value of a field that the header has once.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        let mut found = self.fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

const TOO_LONG: Malformed = Malformed("it is too long");

/// An answer without its body.
struct Head<'a> {
    answer: Answer,
    framing: Framing,
    /// What came of the body.
    rest: &'a [u8],
}

/// What stands before the body; `None` if more of it has to come.
fn head(bytes: &[u8]) -> Result<Option<Head<'_>>, Malformed> {
    let first = bytes.get(..HEAD_BYTES_MAX).unwrap_or(bytes);
    let mut fields = [EMPTY_HEADER; FIELDS_MAX];
    let mut response = Response::new(&mut fields);
    let parsed = response.parse(first).map_err(|_| Malformed("its header is none of HTTP"))?;
    let (Status::Complete(length), Some(status)) = (parsed, response.code) else {
        return if first.len() < HEAD_BYTES_MAX { Ok(None) } else { Err(TOO_LONG) };
    };
    let framing = framing(response.headers)?;
    let owned = |field: &Header<'_>| (field.name.to_owned(), field.value.to_vec());
    let fields = response.headers.iter().map(owned).collect();
    let rest = bytes.get(length..).unwrap_or_default();
    let answer = Answer { status, fields, body: Vec::new() };
    Ok(Some(Head { answer, framing, rest }))
}

fn framing(fields: &[Header<'_>]) -> Result<Framing, Malformed> {
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
        _ => Err(Malformed("its length is declared twice or in an unknown way")),
    }
}

fn number(digits: &[u8]) -> Result<usize, Malformed> {
    let text = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    text.and_then(|text| text.parse().ok()).ok_or(Malformed("its length is no number"))
}

/// The chunks' content, if the last one is there, with no trailer and nothing behind it.
// SPEC: RFC 9112 section 7.1.
fn dechunked(mut rest: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    let cut = Malformed("its chunks do not add up");
    let mut body = Vec::new();
    loop {
        let (start, size) = match httparse::parse_chunk_size(rest) {
            Ok(Status::Complete(found)) => found,
            Ok(Status::Partial) => return Ok(None),
            Err(_) => return Err(cut),
        };
        let size = usize::try_from(size).map_err(|_| cut.clone())?;
        let Some((content, after)) = rest.get(start..).and_then(|it| it.split_at_checked(size))
        else {
            return Ok(None);
        };
        let Some((end, after)) = after.split_first_chunk::<2>() else { return Ok(None) };
        if end != b"\r\n" {
            return Err(cut);
        }
        if size == 0 {
            return if after.is_empty() { Ok(Some(body)) } else { Err(cut) };
        }
        body.extend_from_slice(content);
        rest = after;
    }
}

#[cfg(test)]
mod tests;

//! As much of HTTP/1.1 as one caller on loopback needs.

use std::io::{self, BufRead, Read as _};

/// Request line and headers together.
const HEAD_BYTES_MAX: u64 = 32 * 1024;

const BODY_BYTES_MAX: u64 = 1024 * 1024;

/// A request, all of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads one; `None` where the connection ends before it.
    pub(crate) fn read(source: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = source.by_ref().take(HEAD_BYTES_MAX);
        let Some(first) = line(&mut head)? else { return Ok(None) };
        let mut words = first.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(invalid("not a request line"));
        };
        let path = target.split('?').next().unwrap_or(target).to_owned();
        let length = length(&mut head)?;
        let mut body = Vec::new();
        source.by_ref().take(length).read_to_end(&mut body)?;
        if u64::try_from(body.len()).is_ok_and(|read| read == length) {
            Ok(Some(Self { method: method.to_owned(), path, body }))
        } else {
            Err(invalid("the body ends early"))
        }
    }
}

/// The body's length, from the headers, which are read to their end.
fn length(head: &mut impl BufRead) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let header = line(head)?.ok_or_else(|| invalid("the headers do not end"))?;
        if header.is_empty() {
            return Ok(length);
        }
        let (name, value) = header.split_once(':').ok_or_else(|| invalid("not a header"))?;
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(invalid("a body without a length"));
        }
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| invalid("not a length"))?;
        }
        if length > BODY_BYTES_MAX {
            return Err(invalid("the body is too long"));
        }
    }
}

/// The next line without its end; `None` where there is nothing more.
fn line(source: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if source.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let whole = line.strip_suffix("\r\n").ok_or_else(|| invalid("a line without its end"))?;
    Ok(Some(whole.to_owned()))
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// An answer with JSON in it, or nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    status: &'static str,
    body: String,
}

impl Answer {
    pub(crate) fn ok(body: &str) -> Self {
        Self { status: "200 OK", body: body.to_owned() }
    }

    pub(crate) fn not_found() -> Self {
        Self { status: "404 Not Found", body: String::new() }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let Self { status, body } = self;
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Request};

    fn read(mut bytes: &[u8]) -> std::io::Result<Vec<Request>> {
        std::iter::from_fn(|| Request::read(&mut bytes).transpose()).collect()
    }

    #[test]
    fn requests_follow_each_other_on_one_connection() {
        let both = b"POST /a?b HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET /c HTTP/1.1\r\n\r\n";
        let requests = read(both).unwrap();
        assert_eq!(
            (requests[0].path.as_str(), requests[0].body.as_slice()),
            ("/a", b"{}".as_slice())
        );
        assert_eq!((requests[1].method.as_str(), requests[1].path.as_str()), ("GET", "/c"));
        assert_eq!(requests.len(), 2);
    }

    #[test]
    fn what_is_cut_or_too_long_is_refused() {
        let endless = [b"GET / HTTP/1.1\r\n".as_slice(), &b"a: b\r\n".repeat(20_000)].concat();
        for bad in [
            b"GET".as_slice(),
            b"GET / HTTP/1.1\r\n",
            b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n{}",
            b"POST / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n",
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
            &endless,
        ] {
            assert!(read(bad).is_err(), "{}", String::from_utf8_lossy(&bad[..bad.len().min(60)]));
        }
    }

    #[test]
    fn an_answer_says_how_long_it_is() {
        let text = String::from_utf8(Answer::ok("{}").to_bytes()).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("length: 2\r\n\r\n{}"));
    }
}

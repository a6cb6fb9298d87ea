//! One request after the other to a service that may not be there yet.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use tracing::warn;

use super::MetadataError;
use super::answer::{Answer, HEAD_BYTES_MAX};

/// What chunks add to a body, with room: a service sends no chunk of less than some hundred bytes.
const FRAMING_BYTES_MAX: usize = 16 * 1024;

/// A metadata service, and how patient one is with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    /// For everything that is asked about one thing.
    pub(crate) patience: Duration,
    /// For one try, from connecting to the last byte.
    pub(crate) per_try: Duration,
    /// Between two of them.
    pub(crate) pause: Duration,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'static str,
    pub(crate) fields: &'a [(&'a str, &'a str)],
}

impl Service {
    /// Where the three clouds have it. It answers from the same host, at once; but not always as soon
    /// as a machine is there to ask.
    pub(crate) const LINK_LOCAL: Self = Self {
        address: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80),
        patience: Duration::from_secs(60),
        per_try: Duration::from_secs(5),
        pause: Duration::from_millis(500),
    };

    /// The answer with status 200 and a body of at most `most` bytes.
    pub(crate) fn ask(&self, request: &Request<'_>, most: u64) -> Result<Answer, MetadataError> {
        let end = Instant::now() + self.patience;
        loop {
            let until = end.min(Instant::now() + self.per_try);
            match self.once(request, most, until) {
                Err(error) if error.is_passing() && Instant::now() + self.pause < end => {
                    warn!(%error, cause = ?std::error::Error::source(&error), "asking again");
                    std::thread::sleep(self.pause);
                }
                decided => return decided,
            }
        }
    }

    fn once(
        &self,
        request: &Request<'_>,
        most: u64,
        until: Instant,
    ) -> Result<Answer, MetadataError> {
        let mut stream = self.sent(request, until).map_err(MetadataError::Unreachable)?;
        let answer = received(&mut stream, most, until)?;
        let (path, status) = (request.path, answer.status);
        if status == 200 { Ok(answer) } else { Err(MetadataError::Status { path, status }) }
    }

    fn sent(&self, request: &Request<'_>, until: Instant) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect_timeout(&self.address, left(until)?)?;
        stream.set_write_timeout(Some(left(until)?))?;
        stream.write_all(&request.encode(self.address.ip()))?;
        Ok(stream)
    }
}

impl Request<'_> {
    fn encode(&self, host: IpAddr) -> Vec<u8> {
        let Self { method, path, fields } = self;
        let fields: String =
            fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = if *method == "GET" { "" } else { "Content-Length: 0\r\n" };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}{length}\
             Connection: close\r\n\r\n"
        );
        head.into_bytes()
    }
}

/// What comes until the answer is whole. A service that sends a byte a second does not prolong it.
fn received(stream: &mut TcpStream, most: u64, until: Instant) -> Result<Answer, MetadataError> {
    let bound = usize::try_from(most).unwrap_or(usize::MAX);
    let bound = bound.saturating_add(HEAD_BYTES_MAX).saturating_add(FRAMING_BYTES_MAX);
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let length = left(until)
            .and_then(|left| stream.set_read_timeout(Some(left)))
            .and_then(|()| stream.read(&mut piece))
            .map_err(MetadataError::Unreachable)?;
        bytes.extend_from_slice(piece.get(..length).unwrap_or_default());
        if bytes.is_empty() {
            return Err(MetadataError::Unreachable(io::ErrorKind::UnexpectedEof.into()));
        }
        // No more is read than can be an answer: what is not whole by then is too long.
        let ended = length == 0 || bytes.len() > bound;
        if let Some(answer) = Answer::parse(&bytes, ended, most)? {
            return Ok(answer);
        }
    }
}

/// What is left, never nothing.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

impl MetadataError {
    /// Whether the same request can succeed in a moment.
    // SPEC: Microsoft Learn, "Azure Instance Metadata Service", errors: repeat after 410, 429, 5xx.
    const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Status { status: 410 | 429 | 500..=599, .. })
    }
}

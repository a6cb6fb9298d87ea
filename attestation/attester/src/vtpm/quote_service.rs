//! Azure's quote service: turns a TDREPORT into a quote, on the same host, over HTTP.
//!
//! ```text
//!  POST /acc/tdquote  {"report": base64url(TDREPORT)}  -->  {"quote": base64url(quote)}
//! ```
//!
//! It is not authenticated and need not be: what comes back verifies under the vendor's root and
//! carries the TDREPORT's own REPORTDATA, or it is refused.
//!
//! SPEC: Microsoft Learn, "Virtual TPMs in Azure confidential VMs"; RFC 9112.

mod answer;

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_attestation::code::{Code, Diagnostic};

use crate::codes;
use crate::limits::{
    ATTEMPTS_AFTER_IO_ERROR_MAX, BACKOFF, QUOTE_SERVICE_BYTES_MAX, QUOTE_SERVICE_PATIENCE,
};

pub use answer::QuoteServiceAnswer;

/// Where quotes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteService(SocketAddr);

/// Why there is no quote.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuoteServiceError {
    /// It cannot be reached, or the answer did not come in time.
    #[error("cannot reach the quote service at {address}")]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// What went wrong.
        source: io::Error,
    },
    /// It says no.
    #[error("quote service answered with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// What it says is no answer.
    #[error("answer of the quote service is malformed: {reason}")]
    Malformed {
        /// In which way.
        reason: String,
    },
}

impl Diagnostic for QuoteServiceError {
    fn code(&self) -> &'static Code {
        &codes::QUOTE_SERVICE
    }
}

impl QuoteServiceError {
    /// Whether the same request can succeed in a moment.
    // SPEC: Microsoft Learn, Azure Instance Metadata Service, errors: repeat after 429 and 5xx.
    const fn is_passing(&self) -> bool {
        matches!(self, Self::Status { status: 429 | 500..=599 })
    }
}

impl QuoteService {
    /// Azure's, at the link-local address of its metadata service.
    pub const AZURE: Self =
        Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80));

    /// Another one, for a simulated host.
    #[must_use]
    pub const fn at(address: SocketAddr) -> Self {
        Self(address)
    }

    /// The quote over a TDREPORT.
    pub(super) fn quote(&self, td_report: &[u8]) -> Result<Vec<u8>, QuoteServiceError> {
        let request = self.request(td_report);
        let mut attempt = 1;
        loop {
            let answer = self
                .exchange(&request)
                .and_then(|bytes| QuoteServiceAnswer::parse(&bytes).map(|answer| answer.quote));
            match answer {
                Err(error) if error.is_passing() && attempt < ATTEMPTS_AFTER_IO_ERROR_MAX => {
                    tracing::warn!(attempt, %error, "asking for a quote again");
                    std::thread::sleep(BACKOFF.saturating_mul(1 << attempt.min(8)));
                    attempt = attempt.saturating_add(1);
                }
                decided => return decided,
            }
        }
    }

    fn request(&self, td_report: &[u8]) -> Vec<u8> {
        let body = format!("{{\"report\":\"{}\"}}", URL_SAFE_NO_PAD.encode(td_report));
        let head = format!(
            "POST /acc/tdquote HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.0.ip(),
            body.len()
        );
        [head, body].concat().into_bytes()
    }

    /// Everything that comes until the other side closes, within the time and up to one byte more
    /// than is allowed.
    fn exchange(&self, request: &[u8]) -> Result<Vec<u8>, QuoteServiceError> {
        let unreachable = |source| QuoteServiceError::Unreachable { address: self.0, source };
        let deadline = Deadline::after(QUOTE_SERVICE_PATIENCE);
        let mut stream = TcpStream::connect_timeout(&self.0, deadline.left().map_err(unreachable)?)
            .map_err(unreachable)?;
        let sent = deadline
            .left()
            .and_then(|left| stream.set_write_timeout(Some(left)))
            .and_then(|()| stream.write_all(request));
        sent.map_err(unreachable)?;
        received(&mut stream, &deadline).map_err(unreachable)
    }
}

fn received(stream: &mut TcpStream, deadline: &Deadline) -> io::Result<Vec<u8>> {
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while answer.len() <= QUOTE_SERVICE_BYTES_MAX {
        stream.set_read_timeout(Some(deadline.left()?))?;
        let length = stream.read(&mut piece)?;
        if length == 0 {
            break;
        }
        answer.extend_from_slice(piece.get(..length).unwrap_or_default());
    }
    Ok(answer)
}

/// One end of patience for every step of a request: a service that sends a byte a second does not
/// prolong it.
struct Deadline(Instant);

impl Deadline {
    fn after(patience: Duration) -> Self {
        Self(Instant::now() + patience)
    }

    /// What is left of it, never zero.
    fn left(&self) -> io::Result<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

//! Drives a session over a TLS stream to its verdict: bytes in, bytes out, Evidence where the ends
//! agreed on it, one decision.

use std::io;

use cloister_channel::session::{Decision, Established, Event, PeerProven, Session};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{ChannelError, Freshness};
use crate::clock::Clock;
use crate::state::Standing;

/// What a session is established with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) clock: &'a Clock,
    pub(super) freshness: &'a Freshness,
    pub(super) standing: &'a Standing,
}

/// Runs `session` on `stream` until it is established. `decide` is asked once, when the peer has
/// proved who it is. The caller bounds the time that this takes.
///
/// # Errors
/// [`ChannelError`] when either side refuses; the stream is of no use then.
pub(super) async fn establish<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    mut session: Session,
    terms: Terms<'_>,
    decide: impl Fn(&PeerProven) -> Decision,
) -> Result<Established, ChannelError> {
    let Terms { clock, freshness, standing } = terms;
    let mut buffer = vec![0; READ_BYTES];
    loop {
        while let Some(event) = session.poll_event() {
            match event {
                Event::EvidenceWanted(wanted) => {
                    session.provide(freshness.evidence(&wanted).await?, clock.now())?;
                }
                Event::PeerProven(proven) => {
                    let decision = decide(&proven);
                    if decision == Decision::Accept {
                        freshness.check(&proven, standing).await?;
                    }
                    session.decide(decision, clock.now())?;
                }
                Event::Established(verdict) => return Ok(*verdict),
                Event::Refused(error) => return Err(error.into()),
                // An event that this version does not know is no verdict.
                _ => return Err(ChannelError::Closed(None)),
            }
        }
        while let Some(bytes) = session.poll_transmit() {
            stream.write_all(&bytes).await.map_err(broken)?;
        }
        stream.flush().await.map_err(broken)?;
        match stream.read(&mut buffer).await {
            Ok(len) => match buffer.get(..len) {
                Some([]) | None => session.handle_end(),
                Some(bytes) => session.handle_bytes(bytes, clock.now())?,
            },
            Err(error) if is_end(&error) => session.handle_end(),
            Err(error) => return Err(broken(error)),
        }
    }
}

/// A peer that refuses closes the connection, one way or another.
pub(super) fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

/// In TLS 1.3 a client hears only now that its certificate was refused.
pub(super) fn broken(error: io::Error) -> ChannelError {
    let tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    if tls { ChannelError::Tls(error) } else { ChannelError::Broken(error) }
}

/// One TLS record's plaintext.
pub(super) const READ_BYTES: usize = 16 * 1024;

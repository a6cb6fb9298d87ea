//! Drives a visit to its beginning: greeting in, one question to policy, proof out.

use cloister_channel::session::SessionError;
use cloister_channel::visit::{Heard, Host, Received};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::channels::ChannelError;
use crate::channels::link::{READ_BYTES, broken, is_end};
use crate::clock::Clock;

/// Runs `host` on `stream` until the visitor is received. `admits` is asked once, when it has said
/// whom it means. The caller bounds the time that this takes.
///
/// # Errors
/// [`ChannelError`] when either side refuses; the stream is of no use then.
pub(in crate::channels) async fn receive<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    mut host: Host,
    clock: &Clock,
    admits: impl Fn() -> bool,
) -> Result<Received, ChannelError> {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let bytes = match stream.read(&mut buffer).await {
            Ok(len) => buffer.get(..len).unwrap_or_default(),
            Err(error) if is_end(&error) => &[],
            Err(error) => return Err(broken(error)),
        };
        if bytes.is_empty() {
            return Err(SessionError::Ended.into());
        }
        match host.handle_bytes(bytes, clock.now())? {
            Heard::Nothing => {}
            Heard::Visitor if admits() => {
                let proof = host.admit(clock.now())?;
                stream.write_all(&proof).await.map_err(broken)?;
                stream.flush().await.map_err(broken)?;
            }
            Heard::Visitor => return Err(SessionError::Policy.into()),
            Heard::Received(received) => return Ok(*received),
        }
    }
}

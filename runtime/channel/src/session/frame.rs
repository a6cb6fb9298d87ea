//! The framing of a proof: its length as a big-endian `u32`, then its bytes.

use super::SessionError;
use crate::limits::PROOF_BYTES_MAX;

const PREFIX_LEN: usize = 4;

/// Collects one message from however many pieces it arrives in.
#[derive(Debug, Default)]
pub(super) struct Frame {
    received: Vec<u8>,
}

/// A complete message, and the bytes of the last piece that are not part of it.
#[derive(Debug)]
pub(super) struct Arrived<'a> {
    pub(super) message: Vec<u8>,
    pub(super) rest: &'a [u8],
}

impl Frame {
    /// Takes the next piece. Returns the message once it is complete.
    pub(super) fn push<'a>(
        &mut self,
        bytes: &'a [u8],
    ) -> Result<Option<Arrived<'a>>, SessionError> {
        let rest = self.fill(PREFIX_LEN, bytes);
        let Some(prefix) = self.received.first_chunk::<PREFIX_LEN>() else { return Ok(None) };
        // SECURITY: judged before a byte is stored for it; storage grows with what really arrives.
        let end = PREFIX_LEN.saturating_add(length(*prefix)?);
        let rest = self.fill(end, rest);
        if self.received.len() < end {
            return Ok(None);
        }
        Ok(Some(Arrived { message: self.received.split_off(PREFIX_LEN), rest }))
    }

    /// Takes bytes until `end` are there, and returns those that were not needed.
    fn fill<'a>(&mut self, end: usize, bytes: &'a [u8]) -> &'a [u8] {
        let wanted = end.saturating_sub(self.received.len()).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(wanted).unwrap_or((bytes, &[]));
        self.received.extend_from_slice(taken);
        rest
    }
}

/// A message with its length in front.
pub(super) fn framed(message: &[u8]) -> Result<Vec<u8>, SessionError> {
    let len = u32::try_from(message.len()).unwrap_or(u32::MAX);
    length(len.to_be_bytes())?;
    Ok([&len.to_be_bytes(), message].concat())
}

fn length(prefix: [u8; PREFIX_LEN]) -> Result<usize, SessionError> {
    let observed = u32::from_be_bytes(prefix);
    match usize::try_from(observed) {
        Ok(len) if (1..=PROOF_BYTES_MAX).contains(&len) => Ok(len),
        _ => Err(SessionError::Length { observed }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrived, Frame, framed};
    use crate::limits::PROOF_BYTES_MAX;
    use crate::session::SessionError;

    #[test]
    fn a_message_arrives_whole_in_any_pieces_and_leaves_the_rest() {
        let bytes = [framed(b"message").unwrap().as_slice(), b"rest"].concat();
        for piece in 1..=bytes.len() {
            let mut frame = Frame::default();
            let mut found = None;
            let mut after = Vec::new();
            for chunk in bytes.chunks(piece) {
                if found.is_some() {
                    after.extend_from_slice(chunk);
                } else if let Some(Arrived { message, rest }) = frame.push(chunk).unwrap() {
                    found = Some(message);
                    after.extend_from_slice(rest);
                }
            }
            assert_eq!((found.as_deref(), after.as_slice()), (Some(&b"message"[..]), &b"rest"[..]));
        }
    }

    #[test]
    fn refuses_lengths_that_no_proof_has_at_the_prefix() {
        for len in [0, 65_537, u32::MAX] {
            let refused = Frame::default().push(&len.to_be_bytes()).unwrap_err();
            assert_eq!(refused, SessionError::Length { observed: len });
        }
        assert!(framed(&[]).is_err());
        assert!(framed(&vec![0; PROOF_BYTES_MAX]).is_ok());
        assert!(framed(&vec![0; PROOF_BYTES_MAX + 1]).is_err());
    }
}

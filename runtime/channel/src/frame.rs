//! The framing of a message: its length as a big-endian `u32`, then its bytes.

/// What the framing adds to a message.
pub(crate) const PREFIX_LEN: usize = 4;

/// Collects one message from however many pieces it arrives in.
#[derive(Debug)]
pub(crate) struct Frame {
    message_bytes_max: usize,
    received: Vec<u8>,
}

/// A length that no message of its kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OddLength {
    /// What the prefix says.
    pub(crate) observed: u32,
}

/// A complete message, and the bytes of the last piece that are not part of it.
#[derive(Debug)]
pub(crate) struct Arrived<'a> {
    pub(crate) message: Vec<u8>,
    pub(crate) rest: &'a [u8],
}

impl Frame {
    /// For a message of 1 to `message_bytes_max` bytes.
    pub(crate) const fn new(message_bytes_max: usize) -> Self {
        Self { message_bytes_max, received: Vec::new() }
    }

    /// Takes the next piece. Returns the message once it is complete.
    pub(crate) fn push<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<Arrived<'a>>, OddLength> {
        let rest = self.fill(PREFIX_LEN, bytes);
        let Some(prefix) = self.received.first_chunk::<PREFIX_LEN>() else { return Ok(None) };
        // SECURITY: judged before a byte is stored for it; storage grows with what really arrives.
        let end = PREFIX_LEN.saturating_add(length(*prefix, self.message_bytes_max)?);
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

/// A message of 1 to `message_bytes_max` bytes with its length in front.
pub(crate) fn framed(message: &[u8], message_bytes_max: usize) -> Result<Vec<u8>, OddLength> {
    let len = u32::try_from(message.len()).unwrap_or(u32::MAX);
    length(len.to_be_bytes(), message_bytes_max)?;
    Ok([&len.to_be_bytes(), message].concat())
}

fn length(prefix: [u8; PREFIX_LEN], message_bytes_max: usize) -> Result<usize, OddLength> {
    let observed = u32::from_be_bytes(prefix);
    match usize::try_from(observed) {
        Ok(len) if (1..=message_bytes_max).contains(&len) => Ok(len),
        _ => Err(OddLength { observed }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrived, Frame, OddLength, framed};

    const MAX: usize = 65_536;

    #[test]
    fn a_message_arrives_whole_in_any_pieces_and_leaves_the_rest() {
        let bytes = [framed(b"message", MAX).unwrap().as_slice(), b"rest"].concat();
        for piece in 1..=bytes.len() {
            let mut frame = Frame::new(MAX);
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
    fn refuses_lengths_that_no_message_has_at_the_prefix() {
        for len in [0, 65_537, u32::MAX] {
            let refused = Frame::new(MAX).push(&len.to_be_bytes()).unwrap_err();
            assert_eq!(refused, OddLength { observed: len });
        }
        assert!(framed(&[], MAX).is_err());
        assert!(framed(&vec![0; MAX], MAX).is_ok());
        assert!(framed(&vec![0; MAX + 1], MAX).is_err());
    }
}

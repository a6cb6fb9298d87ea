//! The one message of a gRPC request or answer.
//!
//! SPEC: gRPC over HTTP/2, Length-Prefixed-Message.

use bytes::{BufMut, Bytes, BytesMut};

const HEAD_BYTES: usize = 5;

/// The message of a body that is one frame and nothing else, uncompressed.
pub(crate) fn message(body: &[u8]) -> Option<&[u8]> {
    let (head, message) = body.split_at_checked(HEAD_BYTES)?;
    let length = u32::try_from(message.len()).ok()?;
    (head.split_first() == Some((&0, length.to_be_bytes().as_slice()))).then_some(message)
}

/// A body of one message; `None` if it is too large for a frame.
pub(crate) fn framed(message: &[u8]) -> Option<Bytes> {
    let mut out = BytesMut::with_capacity(message.len().saturating_add(HEAD_BYTES));
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).ok()?);
    out.put_slice(message);
    Some(out.freeze())
}

#[cfg(test)]
mod tests {
    use super::{framed, message};

    #[test]
    fn one_frame_is_one_message_and_nothing_else_is() {
        let frame = framed(b"abc").unwrap();
        assert_eq!(message(&frame), Some(b"abc".as_slice()));
        assert_eq!(message(&framed(b"").unwrap()), Some(b"".as_slice()));
        let compressed = [&[1][..], &frame[1..]].concat();
        let two = [&frame[..], &frame[..]].concat();
        for wrong in [b"".as_slice(), &frame[..4], &frame[..7], &compressed, &two] {
            assert_eq!(message(wrong), None, "{wrong:?}");
        }
    }
}

//! Protobuf apart from any definition: fields as they are on the wire.
//!
//! SPEC: Protocol Buffers, Encoding.

/// Bytes that are no protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a protobuf message")]
pub(crate) struct WireError;

/// One field with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) number: u32,
    pub(crate) value: Wire<'a>,
    /// As received, tag and all.
    pub(crate) whole: &'a [u8],
}

/// A value, as far as it can be told without a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire<'a> {
    Number(u64),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
    Four,
}

impl<'a> Entry<'a> {
    pub(crate) const fn bytes(&self) -> Result<&'a [u8], WireError> {
        match self.value {
            Wire::Bytes(bytes) => Ok(bytes),
            Wire::Number(_) | Wire::Eight(_) | Wire::Four => Err(WireError),
        }
    }

    pub(crate) fn text(&self) -> Result<&'a str, WireError> {
        core::str::from_utf8(self.bytes()?).map_err(|_| WireError)
    }
}

/// The fields of a message in their order.
pub(crate) fn entries(message: &[u8]) -> Result<Vec<Entry<'_>>, WireError> {
    Entries::of(message).collect()
}

/// The same, one at a time. Behind an error there is nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries<'a>(&'a [u8]);

impl<'a> Entries<'a> {
    pub(crate) const fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn entry(&mut self) -> Result<Entry<'a>, WireError> {
        let (tag, behind) = varint(self.0)?;
        let (value, behind) = value(tag & 7, behind)?;
        let number = u32::try_from(tag >> 3).map_err(|_| WireError)?;
        let used = self.0.len().saturating_sub(behind.len());
        let whole = self.0.get(..used).ok_or(WireError)?;
        if number == 0 {
            return Err(WireError);
        }
        self.0 = behind;
        Ok(Entry { number, value, whole })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let entry = self.entry();
        if entry.is_err() {
            self.0 = &[];
        }
        Some(entry)
    }
}

fn value(kind: u64, rest: &[u8]) -> Result<(Wire<'_>, &[u8]), WireError> {
    match kind {
        0 => varint(rest).map(|(number, rest)| (Wire::Number(number), rest)),
        1 => {
            let (eight, rest) = rest.split_first_chunk().ok_or(WireError)?;
            Ok((Wire::Eight(*eight), rest))
        }
        2 => {
            let (len, rest) = varint(rest)?;
            let len = usize::try_from(len).map_err(|_| WireError)?;
            let (bytes, rest) = rest.split_at_checked(len).ok_or(WireError)?;
            Ok((Wire::Bytes(bytes), rest))
        }
        5 => {
            let (_, rest) = rest.split_first_chunk::<4>().ok_or(WireError)?;
            Ok((Wire::Four, rest))
        }
        // Groups, which no version of the protocol has, and what is no type at all.
        _ => Err(WireError),
    }
}

fn varint(bytes: &[u8]) -> Result<(u64, &[u8]), WireError> {
    let mut value = 0_u64;
    for (at, byte) in (0_u32..10).zip(bytes) {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if at == 9 && bits > 1 {
            return Err(WireError);
        }
        value |= bits.checked_shl(at.saturating_mul(7)).unwrap_or(0);
        if byte & 0x80 == 0 {
            let used = usize::try_from(at).unwrap_or_default().saturating_add(1);
            return Ok((value, bytes.get(used..).unwrap_or_default()));
        }
    }
    Err(WireError)
}

/// Writes a field of bytes, text or a message.
pub(crate) fn put(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(out, u64::from(number) << 3 | 2);
    put_varint(out, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(bytes);
}

/// Writes a field that is a number.
pub(crate) fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    put_varint(out, u64::from(number) << 3);
    put_varint(out, value);
}

/// Writes a field that is a double.
pub(crate) fn put_double(out: &mut Vec<u8>, number: u32, value: f64) {
    put_varint(out, u64::from(number) << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Wire, WireError, entries, put, put_number};

    proptest! {
        #[test]
        fn what_is_written_is_read(a in 1_u32..1 << 20, value: u64, b in 1_u32..1 << 20, s: String) {
            let mut message = Vec::new();
            put_number(&mut message, a, value);
            put(&mut message, b, s.as_bytes());
            let read = entries(&message).unwrap();
            let read = read.into_iter().map(|entry| (entry.number, entry.value));
            let expected = [(a, Wire::Number(value)), (b, Wire::Bytes(s.as_bytes()))];
            prop_assert_eq!(read.collect::<Vec<_>>(), expected);
        }

        #[test]
        fn fields_are_the_whole_message_or_an_error(bytes: Vec<u8>) {
            if let Ok(read) = entries(&bytes) {
                let whole = read.iter().flat_map(|entry| entry.whole).copied();
                prop_assert_eq!(whole.collect::<Vec<_>>(), bytes);
            }
        }
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        let mut message = Vec::new();
        put(&mut message, 1, b"abc");
        for length in 1..message.len() {
            assert_eq!(entries(&message[..length]), Err(WireError), "{length}");
        }
        assert_eq!(entries(&[0xff; 11]), Err(WireError));
        assert_eq!(entries(&[0x03]), Err(WireError));
    }
}

//! Protobuf on the wire, one field at a time: what is not read stays the bytes that it was.
//!
//! SPEC: Protocol Buffers, Encoding.

/// Bytes that are no protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a protobuf message")]
pub(crate) struct WireError;

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) value: Value<'a>,
    /// Tag and value as received.
    pub(crate) raw: &'a [u8],
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A number of variable length.
    Number(u64),
    /// Four or eight bytes.
    Fixed,
    /// A text, bytes, or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message in their order. After an error there are none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) const fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Option<Field<'a>> {
        let start = self.rest;
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0)?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.bytes(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.bytes(length)?)
            }
            5 => self.bytes(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        let raw = start.get(..start.len().saturating_sub(self.rest.len()))?;
        Some(Field { number, value, raw })
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits.checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or(WireError))
    }
}

/// A field of text.
pub(crate) fn text(number: u32, text: &str) -> Vec<u8> {
    field(number, text.as_bytes())
}

/// A field of bytes, or a message.
pub(crate) fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = varint((u64::from(number) << 3) | 2);
    out.extend(varint(u64::try_from(bytes.len()).unwrap_or(u64::MAX)));
    out.extend_from_slice(bytes);
    out
}

/// A field that is a number.
pub(crate) fn number(number: u32, value: u64) -> Vec<u8> {
    let mut out = varint(u64::from(number) << 3);
    out.extend(varint(value));
    out
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let bits = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            out.push(bits);
            return out;
        }
        out.push(bits | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fields, Value, WireError, field, number, text};

    proptest! {
        #[test]
        fn what_is_written_is_read(a in 1_u32..1 << 20, value: u64, b in 1_u32..1 << 20, s: String) {
            let message = [number(a, value), text(b, &s)].concat();
            let read = Fields::of(&message).collect::<Result<Vec<_>, _>>().unwrap();
            let read = read.into_iter().map(|field| (field.number, field.value));
            let expected = [(a, Value::Number(value)), (b, Value::Bytes(s.as_bytes()))];
            prop_assert_eq!(read.collect::<Vec<_>>(), expected);
        }

        #[test]
        fn fields_are_the_whole_message_or_an_error(bytes: Vec<u8>) {
            let read = Fields::of(&bytes).collect::<Result<Vec<_>, _>>();
            if let Ok(read) = read {
                let raw = read.iter().flat_map(|field| field.raw).copied();
                prop_assert_eq!(raw.collect::<Vec<_>>(), bytes);
            }
        }
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        let message = field(1, b"abc");
        for length in 1..message.len() {
            let read = Fields::of(&message[..length]).collect::<Result<Vec<_>, _>>();
            assert_eq!(read, Err(WireError), "{length}");
        }
        assert!(Fields::of(&[0xff; 11]).any(|field| field.is_err()));
        assert!(Fields::of(&[0x03]).any(|field| field.is_err()));
    }
}

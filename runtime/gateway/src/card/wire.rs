//! Protobuf apart from any definition: fields as they are on the wire.
//!
//! SPEC: Protocol Buffers, Encoding.

use super::CardError;

/// One field with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) number: u32,
    pub(super) value: Wire<'a>,
    /// As received, tag and all.
    pub(super) whole: &'a [u8],
}

/// A value, as far as it can be told without a definition.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wire<'a> {
    Number(u64),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
    Four,
}

impl<'a> Entry<'a> {
    pub(super) const fn bytes(&self) -> Result<&'a [u8], CardError> {
        match self.value {
            Wire::Bytes(bytes) => Ok(bytes),
            Wire::Number(_) | Wire::Eight(_) | Wire::Four => Err(CardError::Protobuf),
        }
    }

    pub(super) fn text(&self) -> Result<&'a str, CardError> {
        core::str::from_utf8(self.bytes()?).map_err(|_| CardError::Protobuf)
    }
}

/// The fields of a message in their order.
pub(super) fn entries(message: &[u8]) -> Result<Vec<Entry<'_>>, CardError> {
    let (mut rest, mut found) = (message, Vec::new());
    while !rest.is_empty() {
        let (tag, behind) = varint(rest)?;
        let (value, behind) = value(tag & 7, behind)?;
        let number = u32::try_from(tag >> 3).map_err(|_| CardError::Protobuf)?;
        let used = rest.len().saturating_sub(behind.len());
        let whole = rest.get(..used).ok_or(CardError::Protobuf)?;
        if number == 0 {
            return Err(CardError::Protobuf);
        }
        found.push(Entry { number, value, whole });
        rest = behind;
    }
    Ok(found)
}

fn value(kind: u64, rest: &[u8]) -> Result<(Wire<'_>, &[u8]), CardError> {
    match kind {
        0 => varint(rest).map(|(number, rest)| (Wire::Number(number), rest)),
        1 => {
            let (eight, rest) = rest.split_first_chunk().ok_or(CardError::Protobuf)?;
            Ok((Wire::Eight(*eight), rest))
        }
        2 => {
            let (len, rest) = varint(rest)?;
            let len = usize::try_from(len).map_err(|_| CardError::Protobuf)?;
            let (bytes, rest) = rest.split_at_checked(len).ok_or(CardError::Protobuf)?;
            Ok((Wire::Bytes(bytes), rest))
        }
        5 => {
            let (_, rest) = rest.split_first_chunk::<4>().ok_or(CardError::Protobuf)?;
            Ok((Wire::Four, rest))
        }
        // Groups, which no version of the protocol has, and what is no type at all.
        _ => Err(CardError::Protobuf),
    }
}

fn varint(bytes: &[u8]) -> Result<(u64, &[u8]), CardError> {
    let mut value = 0_u64;
    for (at, byte) in (0_u32..10).zip(bytes) {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if at == 9 && bits > 1 {
            return Err(CardError::Protobuf);
        }
        value |= bits.checked_shl(at.saturating_mul(7)).unwrap_or(0);
        if byte & 0x80 == 0 {
            let used = usize::try_from(at).unwrap_or_default().saturating_add(1);
            return Ok((value, bytes.get(used..).unwrap_or_default()));
        }
    }
    Err(CardError::Protobuf)
}

/// Writes a field of bytes, text or a message.
pub(super) fn put(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(out, u64::from(number) << 3 | 2);
    put_varint(out, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(bytes);
}

/// Writes a field that is a number.
pub(super) fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    put_varint(out, u64::from(number) << 3);
    put_varint(out, value);
}

/// Writes a field that is a double.
pub(super) fn put_double(out: &mut Vec<u8>, number: u32, value: f64) {
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

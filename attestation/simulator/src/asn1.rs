//! A small DER writer: tag, length, content.
//!
//! Written out rather than taken from a certificate builder, because a builder refuses to write
//! what an attack test needs: an extension twice, a wrong salt, a non-minimal integer.

use const_oid::ObjectIdentifier;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const ENUMERATED: u8 = 0x0a;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const IA5_STRING: u8 = 0x16;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// One element with the given tag.
#[must_use]
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        Ok(_) | Err(_) => {
            let length = content.len().to_be_bytes();
            let skip = length.iter().take_while(|byte| **byte == 0).count();
            let count = u8::try_from(length.len() - skip).expect("a length has at most 8 bytes");
            out.push(0x80 | count);
            out.extend_from_slice(&length[skip..]);
        }
    }
    out.extend_from_slice(content);
    out
}

/// `SEQUENCE` of encoded parts.
#[must_use]
pub fn sequence<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    element(SEQUENCE, &concat(parts))
}

/// `SET` of encoded parts, in the order given.
#[must_use]
pub fn set<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    element(SET, &concat(parts))
}

/// `[number] EXPLICIT`, constructed.
#[must_use]
pub fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(0xa0 | number, content)
}

/// `[number] IMPLICIT` of a primitive type.
#[must_use]
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(0x80 | number, content)
}

/// `INTEGER`, non-negative, from big-endian bytes; written minimally.
#[must_use]
pub fn integer(big_endian: &[u8]) -> Vec<u8> {
    let first = big_endian.iter().position(|byte| *byte != 0).unwrap_or(big_endian.len());
    let digits = &big_endian[first..];
    let needs_zero = digits.first().is_none_or(|top| *top >= 0x80);
    let content = if needs_zero { [&[0], digits].concat() } else { digits.to_vec() };
    element(INTEGER, &content)
}

/// `INTEGER` from a number.
#[must_use]
pub fn number(value: u64) -> Vec<u8> {
    integer(&value.to_be_bytes())
}

/// `ENUMERATED` below 128.
#[must_use]
pub fn enumerated(value: u8) -> Vec<u8> {
    element(ENUMERATED, &[value])
}

/// `BOOLEAN`.
#[must_use]
pub fn boolean(value: bool) -> Vec<u8> {
    element(BOOLEAN, &[if value { 0xff } else { 0 }])
}

/// `NULL`.
#[must_use]
pub fn null() -> Vec<u8> {
    element(NULL, &[])
}

/// `OBJECT IDENTIFIER`.
#[must_use]
pub fn oid(oid: &ObjectIdentifier) -> Vec<u8> {
    element(OBJECT_IDENTIFIER, oid.as_bytes())
}

/// `OCTET STRING`.
#[must_use]
pub fn octet_string(content: &[u8]) -> Vec<u8> {
    element(OCTET_STRING, content)
}

/// `BIT STRING` of whole bytes.
#[must_use]
pub fn bit_string(content: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], content].concat())
}

/// `UTF8String`.
#[must_use]
pub fn utf8(text: &str) -> Vec<u8> {
    element(UTF8_STRING, text.as_bytes())
}

/// `PrintableString`.
#[must_use]
pub fn printable(text: &str) -> Vec<u8> {
    element(PRINTABLE_STRING, text.as_bytes())
}

/// `IA5String`.
#[must_use]
pub fn ia5(text: &str) -> Vec<u8> {
    element(IA5_STRING, text.as_bytes())
}

/// `UTCTime` until 2049, `GeneralizedTime` after.
///
/// SPEC: RFC 5280 section 4.1.2.5.
#[must_use]
pub fn time(moment: cloister_attestation::time::UnixTime) -> Vec<u8> {
    let digits: String = moment.to_string().chars().filter(char::is_ascii_digit).collect();
    let is_utc = digits.as_str() < "20500101000000";
    if is_utc {
        element(UTC_TIME, format!("{}Z", &digits[2..]).as_bytes())
    } else {
        element(GENERALIZED_TIME, format!("{digits}Z").as_bytes())
    }
}

fn concat<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    parts.into_iter().fold(Vec::new(), |mut all, part| {
        all.extend_from_slice(part.as_ref());
        all
    })
}

#[cfg(test)]
mod tests {
    use super::{element, integer, number, time};
    use cloister_attestation::time::UnixTime;

    #[test]
    fn lengths_take_the_short_form_below_128_and_the_long_form_from_there() {
        assert_eq!(element(4, &[0; 127])[..2], [4, 127]);
        assert_eq!(element(4, &[0; 128])[..3], [4, 0x81, 128]);
        assert_eq!(element(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn integers_are_minimal_and_never_negative() {
        assert_eq!(number(0), [2, 1, 0]);
        assert_eq!(number(0x7f), [2, 1, 0x7f]);
        assert_eq!(number(0xd5), [2, 2, 0, 0xd5]);
        assert_eq!(integer(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[]), [2, 1, 0]);
    }

    #[test]
    fn times_change_form_at_2050() {
        let last = UnixTime::parse_rfc3339("2049-12-31T23:59:59Z").unwrap();
        let first = UnixTime::parse_rfc3339("2050-01-01T00:00:00Z").unwrap();
        assert_eq!(time(last), [&[0x17, 13], b"491231235959Z".as_slice()].concat());
        assert_eq!(time(first), [&[0x18, 15], b"20500101000000Z".as_slice()].concat());
    }
}

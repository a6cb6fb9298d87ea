//! Reading DER while remembering where each part lies in the received bytes.

use core::time::Duration;

use ::der::asn1::GeneralizedTime;
use ::der::{DateTime, Header, Reader, Result, SliceReader, Tag, TagNumber};

use crate::time::UnixTime;

/// Where a part lies in the structure that it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// The part, of the same bytes that the span was read from.
    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        // INVARIANT: made by `spanned` or `value_span` over these bytes, so always inside them.
        bytes.get(self.start..self.end).unwrap_or_default()
    }
}

/// Reads with `read`, and says which bytes it consumed.
pub(super) fn spanned<'r, T>(
    reader: &mut SliceReader<'r>,
    read: impl FnOnce(&mut SliceReader<'r>) -> Result<T>,
) -> Result<(Span, T)> {
    let start = usize::try_from(reader.position())?;
    let value = read(reader)?;
    let end = usize::try_from(reader.position())?;
    Ok((Span { start, end }, value))
}

/// One whole element, tag and length included, without looking inside.
pub(super) fn element(reader: &mut SliceReader<'_>) -> Result<Span> {
    spanned(reader, |reader| reader.tlv_bytes().map(|_| ())).map(|(span, ())| span)
}

/// The content of an element with this tag.
pub(super) fn content(reader: &mut SliceReader<'_>, tag: Tag) -> Result<Span> {
    let header = header(reader, tag)?;
    spanned(reader, |reader| reader.read_slice(header.length()).map(|_| ())).map(|(span, ())| span)
}

/// The content of a BIT STRING whose length is a whole number of bytes.
pub(super) fn octets_of_bit_string(reader: &mut SliceReader<'_>) -> Result<Span> {
    let header = header(reader, Tag::BitString)?;
    reader.read_nested(header.length(), |reader| {
        if reader.read_byte()? != 0 {
            return Err(Tag::BitString.value_error().into());
        }
        let left = reader.remaining_len();
        spanned(reader, |reader| reader.read_slice(left).map(|_| ())).map(|(span, ())| span)
    })
}

/// The content of `[number] EXPLICIT`, if that is what comes next.
pub(super) fn explicit<'r, T>(
    reader: &mut SliceReader<'r>,
    number: u32,
    read: impl FnOnce(&mut SliceReader<'r>) -> Result<T>,
) -> Result<Option<T>> {
    let tag = TagNumber(number).context_specific(true);
    if !next_is(reader, tag)? {
        return Ok(None);
    }
    let header = header(reader, tag)?;
    reader.read_nested(header.length(), read).map(Some)
}

/// Whether an element with this tag comes next.
pub(super) fn next_is(reader: &SliceReader<'_>, tag: Tag) -> Result<bool> {
    Ok(!reader.is_finished() && Tag::peek(reader)? == tag)
}

/// A `Time`: UTCTime up to the year 2049, GeneralizedTime from 2050 on.
///
/// SPEC: RFC 5280 section 4.1.2.5: each moment has one of the two forms.
pub(super) fn time(reader: &mut SliceReader<'_>) -> Result<UnixTime> {
    if next_is(reader, Tag::UtcTime)? {
        return utc_time(reader);
    }
    let time = reader.decode::<GeneralizedTime>()?.to_unix_duration();
    if time < YEAR_2050 {
        return Err(Tag::GeneralizedTime.value_error().into());
    }
    Ok(UnixTime::from_secs(time.as_secs()))
}

/// SPEC: RFC 5280 section 4.1.2.5.1: `YYMMDDHHMMSSZ`, from 1950 to 2049; before 1970 is refused.
fn utc_time(reader: &mut SliceReader<'_>) -> Result<UnixTime> {
    let header = header(reader, Tag::UtcTime)?;
    let (digits, zone) = reader.read_slice(header.length())?.as_chunks::<2>();
    let number = |[tens, ones]: [u8; 2]| match (tens, ones) {
        (b'0'..=b'9', b'0'..=b'9') => Ok((tens - b'0') * 10 + (ones - b'0')),
        _ => Err(Tag::UtcTime.value_error()),
    };
    let ([year, month, day, hour, minute, second], b"Z") = (digits, zone) else {
        return Err(Tag::UtcTime.value_error().into());
    };
    let year = u16::from(number(*year)?);
    let moment = DateTime::new(
        year + if year < 50 { 2000 } else { 1900 },
        number(*month)?,
        number(*day)?,
        number(*hour)?,
        number(*minute)?,
        number(*second)?,
    )?;
    Ok(UnixTime::from_secs(moment.unix_duration().as_secs()))
}

/// 2050-01-01T00:00:00Z, since the epoch.
const YEAR_2050: Duration = Duration::from_secs(2_524_608_000);

/// SPEC: RFC 5280 section 4.1.2.2. A zero octet that only carries the sign is not counted.
const SERIAL_OCTETS_MAX: usize = 20;

/// `BOOLEAN DEFAULT FALSE`.
///
/// SPEC: X.690 section 11.5: DER leaves out what equals the default, so `FALSE` is never written.
pub(super) fn flag(reader: &mut SliceReader<'_>) -> Result<bool> {
    if !next_is(reader, Tag::Boolean)? {
        return Ok(false);
    }
    if reader.decode()? { Ok(true) } else { Err(Tag::Boolean.value_error().into()) }
}

/// The content octets of a serial number: minimal, not negative, at most 20 octets and a sign.
pub(super) fn serial(reader: &mut SliceReader<'_>) -> Result<Span> {
    let header = header(reader, Tag::Integer)?;
    let (span, octets) = spanned(reader, |reader| reader.read_slice(header.length()))?;
    let number = match octets {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => {
            return Err(Tag::Integer.value_error().into());
        }
        [0, number @ ..] => number,
        number => number,
    };
    // SPEC: RFC 5280 section 4.1.2.2. Zero is allowed: every certificate of an AMD chip has it.
    if number.len() > SERIAL_OCTETS_MAX {
        return Err(Tag::Integer.length_error().into());
    }
    Ok(span)
}

/// Reads elements until the end of the enclosing structure, at most `max` of them.
pub(super) fn repeated<'r, T, C: Default + Extend<T>>(
    reader: &mut SliceReader<'r>,
    max: usize,
    mut read: impl FnMut(&mut SliceReader<'r>) -> Result<T>,
) -> Result<C> {
    let mut items = C::default();
    for _ in 0..max {
        if reader.is_finished() {
            return Ok(items);
        }
        items.extend([read(reader)?]);
    }
    if reader.is_finished() { Ok(items) } else { Err(Tag::Sequence.length_error().into()) }
}

/// A header that must carry this tag.
fn header(reader: &mut SliceReader<'_>, tag: Tag) -> Result<Header> {
    let header: Header = reader.decode()?;
    header.tag().assert_eq(tag)?;
    Ok(header)
}

#[cfg(test)]
mod tests {
    use ::der::asn1::UtcTime;
    use ::der::{Decode as _, Reader as _, SliceReader};

    use super::time;

    fn read(text: &str) -> Option<u64> {
        let element = [&[0x17, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let mut reader = SliceReader::new(&element).unwrap();
        let read = time(&mut reader).ok().filter(|_| reader.is_finished());
        let oracle = UtcTime::from_der(&element).ok();
        assert_eq!(read.map(|time| time.as_secs()), oracle.map(|t| t.to_unix_duration().as_secs()));
        read.map(|time| time.as_secs())
    }

    #[test]
    fn two_digits_of_a_year_are_of_1970_to_2049() {
        assert_eq!(read("700101000000Z"), Some(0));
        assert_eq!(read("491231235959Z"), Some(2_524_607_999));
        for before in ["500101000000Z", "691231235959Z"] {
            assert_eq!(read(before), None, "{before}");
        }
    }

    #[test]
    fn every_number_of_every_part_is_read_as_the_calendar_has_it() {
        for number in 0..100 {
            read(&format!("{number:02}0229000000Z"));
            read(&format!("26{number:02}31000000Z"));
            read(&format!("2602{number:02}000000Z"));
            read(&format!("260201{number:02}0000Z"));
            read(&format!("26020100{number:02}00Z"));
            read(&format!("2602010000{number:02}Z"));
        }
        assert_eq!(read("260229000000Z"), None);
        assert!(read("240229000000Z").is_some());
    }

    #[test]
    fn other_forms_are_refused() {
        let good = "260804010433Z";
        assert!(read(good).is_some());
        for at in 0..good.len() {
            for wrong in ["/", ":", " ", "+", "z", "\u{e9}"] {
                let mut text = good.to_owned();
                text.replace_range(at..=at, wrong);
                assert_eq!(read(&text), None, "{text}");
            }
        }
        for wrong in ["", "Z", "2608040104Z", "260804010433", "260804010433ZZ", "260804010433+0000"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

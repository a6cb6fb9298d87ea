//! Distinguished names: compared as received bytes, read only for the common name.

use core::fmt;

use ::der::asn1::AnyRef;
use ::der::{Reader, Result, SliceReader, Tag, Tagged};
use const_oid::ObjectIdentifier;

use super::der::{Span, repeated, spanned};

/// SPEC: RFC 5280 appendix A.1, `id-at-commonName`.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// More relative names than any vendor's certificate has (six).
const RELATIVE_NAMES_MAX: usize = 16;

/// SPEC: RFC 5280 appendix A.1 has 64, `ub-common-name`; cloud providers write longer ones. It is
/// shown in messages, and a CRL has room for a megabyte of it.
const COMMON_NAME_BYTES_MAX: usize = 256;

/// A distinguished name as it was received.
///
/// Equal means byte for byte: the vendors repeat the subject of the issuer exactly, and a looser
/// rule would make two spellings one name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    der: &'a [u8],
    common_name: Option<&'a str>,
}

impl<'a> Name<'a> {
    /// The DER of the name.
    #[must_use]
    pub const fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// The common name, if there is one.
    #[must_use]
    pub const fn common_name(&self) -> Option<&'a str> {
        self.common_name
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.common_name.unwrap_or("a name without a common name"))
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// A name inside a structure that is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameSpan {
    der: Span,
    common_name: Option<Box<str>>,
}

impl NameSpan {
    pub(super) fn of<'a>(&'a self, bytes: &'a [u8]) -> Name<'a> {
        Name { der: self.der.of(bytes), common_name: self.common_name.as_deref() }
    }

    /// Reads a `Name`. More than one common name is refused: which one counts would be a guess.
    pub(super) fn read(reader: &mut SliceReader<'_>) -> Result<Self> {
        let mut common_name = None;
        let (der, ()) = spanned(reader, |reader| {
            reader.sequence(|reader| {
                repeated(reader, RELATIVE_NAMES_MAX, |reader| {
                    let Some(name) = relative_name(reader)? else { return Ok(()) };
                    match common_name.replace(name) {
                        None => Ok(()),
                        Some(_) => Err(Tag::Set.value_error().into()),
                    }
                })
            })
        })?;
        Ok(Self { der, common_name })
    }
}

/// The common name, if this `RelativeDistinguishedName` is one.
fn relative_name(reader: &mut SliceReader<'_>) -> Result<Option<Box<str>>> {
    let header: ::der::Header = reader.decode()?;
    header.tag().assert_eq(Tag::Set)?;
    reader.read_nested(header.length(), |reader| {
        reader.sequence(|reader| {
            let kind: ObjectIdentifier = reader.decode()?;
            let value: AnyRef<'_> = reader.decode()?;
            if kind == COMMON_NAME { text(value).map(Some) } else { Ok(None) }
        })
    })
}

fn text(value: AnyRef<'_>) -> Result<Box<str>> {
    if !matches!(value.tag(), Tag::Utf8String | Tag::PrintableString) {
        return Err(value.tag().unexpected_error(Some(Tag::Utf8String)).into());
    }
    let text = core::str::from_utf8(value.value())?;
    if text.len() > COMMON_NAME_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(value.tag().value_error().into());
    }
    Ok(text.into())
}

//! Extensions, and the two that decide whether a certificate may sign.

use ::der::asn1::BitStringRef;
use ::der::{Decode, Reader, Result, SliceReader, Tag};
use const_oid::ObjectIdentifier;

use super::der::{Span, content, flag, next_is, repeated};
use super::error::X509Error;

/// SPEC: RFC 5280 section 4.2.1.9.
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// SPEC: RFC 5280 section 4.2.1.3.
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// SPEC: RFC 5280 section 4.2.1.6. Critical where the subject is empty. Names are compared by
/// whoever relies on them.
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// More than any vendor's certificate has; AMD's have 13.
const EXTENSIONS_MAX: usize = 32;

/// One extension, whose value is kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) oid: ObjectIdentifier,
    pub(super) critical: bool,
    value: Span,
}

/// The extensions of one certificate, CRL or CRL entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions(Vec<Extension>);

impl Extensions {
    pub(super) fn read(reader: &mut SliceReader<'_>) -> Result<Self> {
        reader.sequence(|reader| repeated(reader, EXTENSIONS_MAX, extension)).map(Self)
    }

    /// Refuses an extension that is there twice, whether or not anything reads it.
    ///
    /// SPEC: RFC 5280 section 4.2.
    pub(super) fn require_unique(&self) -> core::result::Result<(), X509Error> {
        let twice = self.0.iter().enumerate().find(|(at, extension)| {
            self.0.iter().take(*at).any(|earlier| earlier.oid == extension.oid)
        });
        match twice {
            Some((_, extension)) => Err(X509Error::DuplicateExtension { oid: extension.oid }),
            None => Ok(()),
        }
    }

    /// Reads extensions of which only the first critical one is of interest.
    pub(super) fn read_critical(reader: &mut SliceReader<'_>) -> Result<Option<ObjectIdentifier>> {
        let mut critical = None;
        let () = reader.sequence(|reader| {
            repeated(reader, EXTENSIONS_MAX, |reader| {
                let extension = extension(reader)?;
                if extension.critical {
                    critical.get_or_insert(extension.oid);
                }
                Ok(())
            })
        })?;
        Ok(critical)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Extension> {
        self.0.iter()
    }

    /// The value of an extension that may occur once.
    pub(super) fn value<'a>(
        &self,
        bytes: &'a [u8],
        oid: ObjectIdentifier,
    ) -> core::result::Result<Option<&'a [u8]>, X509Error> {
        let mut matching = self.0.iter().filter(|extension| extension.oid == oid);
        let first = matching.next();
        if matching.next().is_some() {
            return Err(X509Error::DuplicateExtension { oid });
        }
        Ok(first.map(|extension| extension.value.of(bytes)))
    }

    /// The first critical extension of all; none is processed in a CRL.
    pub(super) fn first_critical(&self) -> Option<ObjectIdentifier> {
        self.0.iter().find(|extension| extension.critical).map(|extension| extension.oid)
    }

    /// The first critical extension that nothing here processes in a certificate.
    pub(super) fn unknown_critical(&self) -> Option<ObjectIdentifier> {
        const PROCESSED: [ObjectIdentifier; 3] = [BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_ALT_NAME];
        let unknown =
            |extension: &&Extension| extension.critical && !PROCESSED.contains(&extension.oid);
        self.0.iter().find(unknown).map(|extension| extension.oid)
    }
}

/// What a certificate's key may sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) ca: bool,
    pub(super) path_length: Option<u8>,
    pub(super) signs_certificates: bool,
    pub(super) signs_crls: bool,
}

impl Authority {
    /// Reads basic constraints and key usage; an absent extension grants nothing.
    pub(super) fn of(
        extensions: &Extensions,
        bytes: &[u8],
    ) -> core::result::Result<Self, X509Error> {
        let (ca, path_length) = match extensions.value(bytes, BASIC_CONSTRAINTS)? {
            Some(value) => basic_constraints(value)
                .map_err(|e| X509Error::malformed("basic constraints extension", &e))?,
            None => (false, None),
        };
        let usage = match extensions.value(bytes, KEY_USAGE)? {
            Some(value) => Some(
                BitStringRef::from_der(value)
                    .map_err(|e| X509Error::malformed("key usage extension", &e))?,
            ),
            None => None,
        };
        let allows = |bit| usage.and_then(|usage| usage.get(bit)).unwrap_or(false);
        // SPEC: RFC 5280 section 4.2.1.3: keyCertSign is bit 5, cRLSign is bit 6.
        Ok(Self { ca, path_length, signs_certificates: allows(5), signs_crls: allows(6) })
    }
}

fn extension(reader: &mut SliceReader<'_>) -> Result<Extension> {
    reader.sequence(|reader| {
        let oid = reader.decode()?;
        let critical = flag(reader)?;
        Ok(Extension { oid, critical, value: content(reader, Tag::OctetString)? })
    })
}

fn basic_constraints(value: &[u8]) -> Result<(bool, Option<u8>)> {
    let mut reader = SliceReader::new(value)?;
    let constraints = reader.sequence(|reader| {
        let ca = flag(reader)?;
        let path_length =
            if next_is(reader, Tag::Integer)? { Some(reader.decode()?) } else { None };
        Ok::<_, ::der::Error>((ca, path_length))
    })?;
    reader.finish()?;
    Ok(constraints)
}

//! Certificate revocation lists: complete ones of one issuer.

use core::fmt;

use ::der::{Decode, Reader, SliceReader, Tag};
use const_oid::ObjectIdentifier;

use super::algorithm::SignatureAlgorithm;
use super::certificate::Certificate;
use super::der::{
    Span, element, explicit, next_is, octets_of_bit_string, repeated, serial, spanned, time,
};
use super::error::X509Error;
use super::extension::Extensions;
use super::name::{Name, NameSpan};
use crate::limits::CRL_BYTES_MAX;
use crate::time::UnixTime;

/// SPEC: RFC 5280 section 5.2.3.
const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");

const WHAT: &str = "CRL";

/// An entry has at least 20 bytes, so this is never reached below [`CRL_BYTES_MAX`].
const ENTRIES_MAX: usize = CRL_BYTES_MAX / 16;

/// A parsed version 2 CRL with the bytes that it was parsed from.
///
/// Delta and indirect CRLs, and any other that a critical extension restricts, are refused: this
/// one speaks for every certificate of its issuer.
///
/// # Security
/// Parsing authenticates nothing; [`Crl::verify_signed_by`] does.
#[derive(Clone, PartialEq, Eq)]
pub struct Crl {
    der: Box<[u8]>,
    fields: Fields,
    algorithm: SignatureAlgorithm,
    tbs: Span,
    signature: Span,
}

#[derive(Clone, PartialEq, Eq)]
struct Fields {
    algorithm: Span,
    issuer: NameSpan,
    this_update: UnixTime,
    next_update: UnixTime,
    revoked: Vec<Entry>,
    extensions: Extensions,
}

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    serial: Span,
    critical: Option<ObjectIdentifier>,
}

impl Crl {
    /// Parses exactly one CRL.
    ///
    /// # Errors
    /// [`X509Error::TooLarge`], [`X509Error::Malformed`] (no `nextUpdate` included),
    /// [`X509Error::Algorithm`], [`X509Error::DuplicateExtension`] or
    /// [`X509Error::CriticalExtension`].
    pub fn parse(der: &[u8]) -> Result<Self, X509Error> {
        if der.len() > CRL_BYTES_MAX {
            return Err(X509Error::TooLarge {
                what: WHAT,
                observed: der.len(),
                max: CRL_BYTES_MAX,
            });
        }
        let outer = Outer::read(der).map_err(|e| X509Error::malformed(WHAT, &e))?;
        let Outer { tbs, mut fields, algorithm, signature } = outer;
        if algorithm.of(der) != fields.algorithm.of(der) {
            return Err(X509Error::malformed(WHAT, "its two signature algorithms differ"));
        }
        fields.extensions.require_unique()?;
        let in_entries = fields.revoked.iter().find_map(|entry| entry.critical);
        if let Some(oid) = fields.extensions.first_critical().or(in_entries) {
            return Err(X509Error::CriticalExtension { oid });
        }
        fields.revoked.sort_by(|a, b| a.serial.of(der).cmp(b.serial.of(der)));
        let algorithm = SignatureAlgorithm::from_der(algorithm.of(der))?;
        Ok(Self { der: der.into(), fields, algorithm, tbs, signature })
    }

    /// The CRL as received.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whose certificates this is about.
    #[must_use]
    pub fn issuer(&self) -> Name<'_> {
        self.fields.issuer.of(&self.der)
    }

    /// When it was issued.
    #[must_use]
    pub const fn this_update(&self) -> UnixTime {
        self.fields.this_update
    }

    /// When the next one is due; after this time it is stale.
    #[must_use]
    pub const fn next_update(&self) -> UnixTime {
        self.fields.next_update
    }

    /// Whether these are a CRL whose next issue was due before `now`. Authenticates nothing.
    #[must_use]
    pub fn is_stale(der: &[u8], now: UnixTime) -> bool {
        Self::parse(der).is_ok_and(|crl| crl.next_update() < now)
    }

    /// `cRLNumber`; `None` if there is none, or none that fits into 64 bits.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        let value = self.fields.extensions.value(&self.der, CRL_NUMBER).ok().flatten()?;
        u64::from_der(value).ok()
    }

    /// Whether it names this serial number (content octets, as [`Certificate::serial`] returns).
    #[must_use]
    pub fn revokes(&self, serial: &[u8]) -> bool {
        self.fields.revoked.binary_search_by(|entry| entry.serial.of(&self.der).cmp(serial)).is_ok()
    }

    /// How many certificates it names.
    #[must_use]
    pub fn revoked_count(&self) -> usize {
        self.fields.revoked.len()
    }

    /// Checks that `now` is not before [`Crl::this_update`] and not after [`Crl::next_update`].
    ///
    /// # Errors
    /// [`X509Error::NotYetValid`] or [`X509Error::Expired`].
    pub fn fresh_at(&self, now: UnixTime) -> Result<(), X509Error> {
        let subject = || format!("CRL of {}", self.issuer());
        if now < self.this_update() {
            return Err(X509Error::NotYetValid {
                subject: subject(),
                not_before: self.this_update(),
                now,
            });
        }
        if now > self.next_update() {
            return Err(X509Error::Expired {
                subject: subject(),
                not_after: self.next_update(),
                now,
            });
        }
        Ok(())
    }

    /// Checks that `issuer` signed the received bytes, is named as the issuer, and may sign CRLs.
    ///
    /// # Errors
    /// [`X509Error::Issuer`], [`X509Error::NotCa`] or [`X509Error::Signature`].
    pub fn verify_signed_by(&self, issuer: &Certificate) -> Result<(), X509Error> {
        if self.issuer() != issuer.subject() {
            return Err(X509Error::Issuer {
                expected: issuer.subject().to_string(),
                observed: self.issuer().to_string(),
            });
        }
        if !issuer.signs_crls() {
            return Err(X509Error::NotCa {
                issuer: issuer.subject().to_string(),
                reason: "its key usage does not include signing CRLs",
            });
        }
        issuer.verify(self.algorithm, self.tbs.of(&self.der), self.signature.of(&self.der), &WHAT)
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crl")
            .field("issuer", &self.issuer())
            .field("this_update", &self.this_update())
            .field("next_update", &self.next_update())
            .field("revoked", &self.revoked_count())
            .finish_non_exhaustive()
    }
}

struct Outer {
    tbs: Span,
    fields: Fields,
    algorithm: Span,
    signature: Span,
}

impl Outer {
    fn read(der: &[u8]) -> ::der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let outer = reader.sequence(|reader| {
            let (tbs, fields) = spanned(reader, |reader| reader.sequence(Fields::read))?;
            Ok::<_, ::der::Error>(Self {
                tbs,
                fields,
                algorithm: element(reader)?,
                signature: octets_of_bit_string(reader)?,
            })
        })?;
        reader.finish()?;
        Ok(outer)
    }
}

impl Fields {
    /// SPEC: RFC 5280 section 5.1. `nextUpdate` is required by section 5.1.2.5.
    fn read(reader: &mut SliceReader<'_>) -> ::der::Result<Self> {
        if u8::decode(reader)? != 1 {
            return Err(Tag::Integer.value_error().into());
        }
        let algorithm = element(reader)?;
        let issuer = NameSpan::read(reader)?;
        let this_update = time(reader)?;
        let next_update = time(reader)?;
        let revoked = if next_is(reader, Tag::Sequence)? {
            reader.sequence(|reader| repeated(reader, ENTRIES_MAX, Entry::read))?
        } else {
            Vec::new()
        };
        let extensions = explicit(reader, 0, Extensions::read)?.unwrap_or_default();
        Ok(Self { algorithm, issuer, this_update, next_update, revoked, extensions })
    }
}

impl Entry {
    fn read(reader: &mut SliceReader<'_>) -> ::der::Result<Self> {
        reader.sequence(|reader| {
            let serial = serial(reader)?;
            time(reader)?;
            let critical = if next_is(reader, Tag::Sequence)? {
                Extensions::read_critical(reader)?
            } else {
                None
            };
            Ok(Self { serial, critical })
        })
    }
}

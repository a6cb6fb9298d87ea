//! One certificate: what it says, and whether another one signed it.

use core::fmt;

use ::der::{Decode, Reader, SliceReader, Tag};
use const_oid::ObjectIdentifier;

use super::algorithm::{KeptKey, KeyAlgorithm, SignatureAlgorithm};
use super::der::{Span, element, explicit, octets_of_bit_string, serial, spanned, time};
use super::error::X509Error;
use super::extension::{Authority, Extensions};
use super::name::{Name, NameSpan};
use crate::anchor::KeyPin;
use crate::bytes::{Digest48, hex};
use crate::limits::CERTIFICATE_BYTES_MAX;
use crate::time::UnixTime;

/// A parsed X.509 version 3 certificate with the bytes that it was parsed from.
///
/// # Security
/// Parsing authenticates nothing. [`Certificate::verify_signed_by`] does, given an issuer that is
/// itself authenticated or pinned by [`Certificate::key_pin`].
#[derive(Clone)]
pub struct Certificate {
    der: Box<[u8]>,
    fields: Fields,
    authority: Authority,
    algorithm: SignatureAlgorithm,
    key_algorithm: KeyAlgorithm,
    tbs: Span,
    signature: Span,
    kept_key: KeptKey,
}

/// All else follows from the bytes.
impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

/// The fields of TBSCertificate that are used.
#[derive(Clone)]
struct Fields {
    serial: Span,
    algorithm: Span,
    issuer: NameSpan,
    not_before: UnixTime,
    not_after: UnixTime,
    subject: NameSpan,
    spki: Span,
    key_algorithm: Span,
    key: Span,
    extensions: Extensions,
}

impl Certificate {
    /// Parses exactly one certificate.
    ///
    /// # Errors
    /// [`X509Error::TooLarge`], [`X509Error::Malformed`] (bytes after the end included),
    /// [`X509Error::Algorithm`] or [`X509Error::DuplicateExtension`].
    pub fn parse(der: &[u8]) -> Result<Self, X509Error> {
        Self::read(der, SignatureAlgorithm::from_der)
    }

    /// The same for a PKI that signs with RSASSA-PKCS1-v1_5, and for no other.
    ///
    /// # Errors
    /// As [`Certificate::parse`].
    pub fn parse_pkcs1(der: &[u8]) -> Result<Self, X509Error> {
        Self::read(der, SignatureAlgorithm::from_pkcs1_der)
    }

    fn read(
        der: &[u8],
        recognise: fn(&[u8]) -> Result<SignatureAlgorithm, X509Error>,
    ) -> Result<Self, X509Error> {
        const WHAT: &str = "certificate";
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(X509Error::TooLarge {
                what: WHAT,
                observed: der.len(),
                max: CERTIFICATE_BYTES_MAX,
            });
        }
        let outer = Outer::read(der).map_err(|e| X509Error::malformed(WHAT, &e))?;
        let Outer { tbs, fields, algorithm, signature } = outer;
        // SPEC: RFC 5280 section 4.1.1.2: both identifiers are the same.
        if algorithm.of(der) != fields.algorithm.of(der) {
            return Err(X509Error::malformed(WHAT, "its two signature algorithms differ"));
        }
        fields.extensions.require_unique()?;
        Ok(Self {
            algorithm: recognise(algorithm.of(der))?,
            key_algorithm: KeyAlgorithm::from_der(fields.key_algorithm.of(der))?,
            authority: Authority::of(&fields.extensions, der)?,
            der: der.into(),
            fields,
            tbs,
            signature,
            kept_key: KeptKey::default(),
        })
    }

    /// The certificate as received.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The signed part as received.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        self.tbs.of(&self.der)
    }

    /// Whose key this is.
    #[must_use]
    pub fn subject(&self) -> Name<'_> {
        self.fields.subject.of(&self.der)
    }

    /// Who claims to have signed.
    #[must_use]
    pub fn issuer(&self) -> Name<'_> {
        self.fields.issuer.of(&self.der)
    }

    /// The serial number: big-endian content octets of the INTEGER. AMD gives every chip's
    /// certificate the number 0.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        self.fields.serial.of(&self.der)
    }

    /// Start of the validity period.
    #[must_use]
    pub const fn not_before(&self) -> UnixTime {
        self.fields.not_before
    }

    /// End of the validity period, itself included.
    #[must_use]
    pub const fn not_after(&self) -> UnixTime {
        self.fields.not_after
    }

    /// DER of the SubjectPublicKeyInfo, as received.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        self.fields.spki.of(&self.der)
    }

    /// The type of the subject's key.
    #[must_use]
    pub const fn key_algorithm(&self) -> KeyAlgorithm {
        self.key_algorithm
    }

    /// The subject's key without its algorithm: an uncompressed point, or an RSAPublicKey.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        self.fields.key.of(&self.der)
    }

    /// SHA-384 of [`Certificate::spki`]: what roots are pinned by.
    #[must_use]
    pub fn key_pin(&self) -> KeyPin {
        Digest48::sha384(self.spki())
    }

    /// How the issuer signed.
    #[must_use]
    pub const fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The value of an extension, or `None` if it is absent.
    ///
    /// # Errors
    /// [`X509Error::DuplicateExtension`] if it occurs more than once.
    pub fn extension(&self, oid: ObjectIdentifier) -> Result<Option<&[u8]>, X509Error> {
        self.fields.extensions.value(&self.der, oid)
    }

    /// The identifiers of all extensions, in order, with whether each is critical.
    pub fn extensions(&self) -> impl Iterator<Item = (ObjectIdentifier, bool)> + '_ {
        self.fields.extensions.iter().map(|extension| (extension.oid, extension.critical))
    }

    /// Whether this is a certification authority that may sign certificates.
    #[must_use]
    pub const fn is_ca(&self) -> bool {
        self.authority.ca && self.authority.signs_certificates
    }

    /// Checks that `now` is inside the validity period.
    ///
    /// # Errors
    /// [`X509Error::NotYetValid`] or [`X509Error::Expired`].
    pub fn valid_at(&self, now: UnixTime) -> Result<(), X509Error> {
        let subject = || self.subject().to_string();
        if now < self.not_before() {
            return Err(X509Error::NotYetValid {
                subject: subject(),
                not_before: self.not_before(),
                now,
            });
        }
        if now > self.not_after() {
            return Err(X509Error::Expired {
                subject: subject(),
                not_after: self.not_after(),
                now,
            });
        }
        Ok(())
    }

    /// Checks that `issuer` signed the received bytes, is named as the issuer, and may sign them;
    /// and that this certificate has no critical extension that goes unprocessed.
    ///
    /// # Security
    /// Says nothing about the issuer itself, about time or about revocation.
    ///
    /// # Errors
    /// [`X509Error::Issuer`], [`X509Error::NotCa`], [`X509Error::CriticalExtension`] or
    /// [`X509Error::Signature`].
    pub fn verify_signed_by(&self, issuer: &Self) -> Result<(), X509Error> {
        if self.issuer() != issuer.subject() {
            return Err(X509Error::Issuer {
                expected: issuer.subject().to_string(),
                observed: self.issuer().to_string(),
            });
        }
        issuer.may_sign(self)?;
        if let Some(oid) = self.fields.extensions.unknown_critical() {
            return Err(X509Error::CriticalExtension { oid });
        }
        issuer.verify(self.algorithm, self.tbs(), self.signature.of(&self.der), &self.subject())
    }

    fn may_sign(&self, other: &Self) -> Result<(), X509Error> {
        let refuse = |reason| Err(X509Error::NotCa { issuer: self.subject().to_string(), reason });
        if !self.authority.ca {
            return refuse("it is not a certification authority");
        }
        if !self.authority.signs_certificates {
            return refuse("its key usage does not include signing certificates");
        }
        // SPEC: RFC 5280 section 4.2.1.9. A self-issued root does not count against its own path.
        if self.authority.path_length == Some(0)
            && other.authority.ca
            && other.subject() != self.subject()
        {
            return refuse("its path length allows no further authority");
        }
        Ok(())
    }

    /// Whether this key may sign CRLs.
    pub(super) const fn signs_crls(&self) -> bool {
        self.authority.signs_crls
    }

    /// Verifies a signature with this certificate's key.
    pub(super) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
        what: &dyn fmt::Display,
    ) -> Result<(), X509Error> {
        let key = (self.key_algorithm, self.key());
        if self.kept_key.verifies(algorithm, key, message, signature) {
            return Ok(());
        }
        Err(X509Error::Signature { subject: what.to_string(), issuer: self.subject().to_string() })
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject())
            .field("issuer", &self.issuer())
            .field("serial", &hex::encode(self.serial()))
            .finish_non_exhaustive()
    }
}

/// The outer SEQUENCE.
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
    /// SPEC: RFC 5280 section 4.1. The unique identifiers of version 2 are refused: the enclosing
    /// sequence has to end after the extensions.
    fn read(reader: &mut SliceReader<'_>) -> ::der::Result<Self> {
        let version = explicit(reader, 0, u8::decode)?;
        if version != Some(2) {
            return Err(Tag::Integer.value_error().into());
        }
        let serial = serial(reader)?;
        let algorithm = element(reader)?;
        let issuer = NameSpan::read(reader)?;
        let (not_before, not_after) =
            reader.sequence(|reader| Ok::<_, ::der::Error>((time(reader)?, time(reader)?)))?;
        let subject = NameSpan::read(reader)?;
        let (spki, (key_algorithm, key)) = spanned(reader, |reader| {
            reader.sequence(|reader| Ok((element(reader)?, octets_of_bit_string(reader)?)))
        })?;
        let extensions = explicit(reader, 3, Extensions::read)?.unwrap_or_default();
        Ok(Self {
            serial,
            algorithm,
            issuer,
            not_before,
            not_after,
            subject,
            spki,
            key_algorithm,
            key,
            extensions,
        })
    }
}

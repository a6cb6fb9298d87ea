//! The issuing CA of one trust domain.

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::{Certificate, pem};
use cloister_channel::identity::{KeyError, PublicKey};
use cloister_channel::lease::LeaseClaims;
use cloister_channel::name::TrustDomain;
use cloister_channel::svid;
use pem_rfc7468::LineEnding;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    SanType, SerialNumber, SignatureAlgorithm, SigningKey,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Directory, StateError, files, random};
use crate::limits::{AUTHORITY_LIFETIME, NOT_BEFORE_LEEWAY, SERVER_CERTIFICATE_LIFETIME};

/// Issues the certificates of one trust domain. Its key does nothing else.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, AuthorityKey>,
    certificate: Vec<u8>,
}

const SERIAL_LEN: usize = 16;

impl Authority {
    /// Reads key and certificate from `directory`, or makes them.
    ///
    /// # Errors
    /// [`StateError`], also if the certificate is of another key or trust domain.
    pub fn open(
        directory: &Directory,
        trust_domain: &TrustDomain,
        now: UnixTime,
    ) -> Result<Self, StateError> {
        let key = AuthorityKey::open(directory)?;
        let params = authority_params(trust_domain, now)?;
        let certificate = match directory.read(files::TRUST)? {
            Some(text) => stored(directory, &text, &key, &params)?,
            None => {
                let certificate = params.self_signed(&key).map_err(issue)?.der().to_vec();
                directory.publish(files::TRUST, to_pem(&certificate)?.as_bytes())?;
                certificate
            }
        };
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// The issuing certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Issues the certificate that carries `lease`, whose claims are `claims`, for the channel key.
    /// It ends with the lease.
    ///
    /// # Errors
    /// [`StateError::Issue`].
    pub fn certify_runtime(
        &self,
        claims: &LeaseClaims,
        lease: &[u8],
        channel_key: &PublicKey,
    ) -> Result<Vec<u8>, StateError> {
        let (from, until) = svid::validity(claims);
        let mut params = leaf(claims.agent.as_str(), from, until)?;
        // SPEC: X509-SVID section 2: exactly one URI SAN, the SPIFFE ID.
        params.subject_alt_names = vec![uri(&claims.spiffe_id().to_string())?];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let extension =
            svid::lease_extension(lease).map_err(|error| StateError::Issue(error.to_string()))?;
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(svid::CMW_OID_ARCS, extension)];
        self.sign(&params, &RawPublicKey::from(channel_key))
    }

    /// Issues a certificate for the Verifier itself.
    pub(super) fn certify_server(
        &self,
        key: &RawPublicKey,
        names: &[String],
        now: UnixTime,
    ) -> Result<Vec<u8>, StateError> {
        let from = now.minus(NOT_BEFORE_LEEWAY);
        let mut params = leaf("cloister-verifier", from, now.plus(SERVER_CERTIFICATE_LIFETIME))?;
        params.subject_alt_names = CertificateParams::new(names).map_err(issue)?.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&params, key)
    }

    fn sign(&self, params: &CertificateParams, key: &RawPublicKey) -> Result<Vec<u8>, StateError> {
        Ok(params.signed_by(key, &self.issuer).map_err(issue)?.der().to_vec())
    }
}

/// Refuses a certificate that this key and trust domain did not make: its subject and name would
/// not chain, or would vouch for another domain.
fn stored(
    directory: &Directory,
    text: &str,
    key: &AuthorityKey,
    params: &CertificateParams,
) -> Result<Vec<u8>, StateError> {
    let path = directory.path(files::TRUST);
    let unread = |source| StateError::Certificate { path: path.clone(), source };
    let mut certificates = pem::certificates(text).map_err(|error| unread(Some(error)))?;
    let certificate = certificates.pop().filter(|_| certificates.is_empty());
    let certificate = certificate.ok_or_else(|| unread(None))?;
    let of = |what: &str| StateError::Authority { path: path.clone(), what: what.to_owned() };
    if certificate.spki() != key.subject_public_key_info() {
        return Err(of("the key beside it"));
    }
    let expected = params.self_signed(key).map_err(issue)?;
    let expected = Certificate::parse(expected.der()).map_err(|error| unread(Some(error)))?;
    if certificate.subject() != expected.subject() {
        return Err(of("the configured trust domain"));
    }
    Ok(certificate.as_der().to_vec())
}

fn authority_params(
    trust_domain: &TrustDomain,
    now: UnixTime,
) -> Result<CertificateParams, StateError> {
    let mut params = CertificateParams::default();
    params.not_before = moment(now.minus(NOT_BEFORE_LEEWAY))?;
    params.not_after = moment(now.plus(AUTHORITY_LIFETIME))?;
    params.serial_number = Some(serial()?);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, trust_domain.as_str());
    params.distinguished_name.push(DnType::CommonName, "Cloister issuing CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // SPEC: X509-SVID section 4.1: a signing certificate names its trust domain, without a path.
    params.subject_alt_names = vec![uri(&trust_domain.spiffe_id())?];
    Ok(params)
}

fn leaf(name: &str, from: UnixTime, until: UnixTime) -> Result<CertificateParams, StateError> {
    let mut params = CertificateParams::default();
    params.not_before = moment(from)?;
    params.not_after = moment(until)?;
    params.serial_number = Some(serial()?);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn uri(text: &str) -> Result<SanType, StateError> {
    Ok(SanType::URI(Ia5String::try_from(text).map_err(issue)?))
}

/// SPEC: RFC 5280 section 4.1.2.2: positive, unique, at most 20 octets.
fn serial() -> Result<SerialNumber, StateError> {
    let bytes = random(SERIAL_LEN)?;
    Ok(SerialNumber::from_slice(&[&[1], bytes.as_slice()].concat()))
}

fn moment(at: UnixTime) -> Result<OffsetDateTime, StateError> {
    let since = Duration::from_secs(at.as_secs());
    OffsetDateTime::UNIX_EPOCH
        .checked_add(time::Duration::try_from(since).map_err(issue)?)
        .ok_or_else(|| StateError::Issue(format!("{at} cannot be written in a certificate")))
}

fn issue(error: impl std::fmt::Display) -> StateError {
    StateError::Issue(error.to_string())
}

fn to_pem(der: &[u8]) -> Result<String, StateError> {
    pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, der).map_err(issue)
}

/// The CA's private key. It exists only inside AWS-LC, whose allocator overwrites what it frees.
#[derive(Debug)]
struct AuthorityKey {
    pair: EcdsaKeyPair,
    public: RawPublicKey,
}

impl AuthorityKey {
    fn open(directory: &Directory) -> Result<Self, StateError> {
        let stored = directory.secret(files::AUTHORITY_KEY, || {
            let document = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
                .and_then(|pair| pair.to_pkcs8v1())
                .map_err(|_| KeyError::Crypto)?;
            Ok(Zeroizing::new(document.as_ref().to_vec()))
        })?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &stored)
            .map_err(|_| directory.key_error(files::AUTHORITY_KEY, KeyError::Stored))?;
        Ok(Self { public: RawPublicKey::of(&pair), pair })
    }
}

impl PublicKeyData for AuthorityKey {
    fn der_bytes(&self) -> &[u8] {
        self.public.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.public.algorithm()
    }
}

impl SigningKey for AuthorityKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        Ok(signature.map_err(|_| rcgen::Error::RingUnspecified)?.as_ref().to_vec())
    }
}

/// The point of a P-256 public key, uncompressed.
#[derive(Debug)]
pub(super) struct RawPublicKey(Vec<u8>);

impl RawPublicKey {
    pub(super) fn of(pair: &EcdsaKeyPair) -> Self {
        Self(pair.public_key().as_ref().to_vec())
    }
}

impl From<&PublicKey> for RawPublicKey {
    fn from(key: &PublicKey) -> Self {
        // The one encoding that a `PublicKey` has ends with the point.
        const POINT_LEN: usize = 65;
        Self(key.spki().get(PublicKey::LEN - POINT_LEN..).unwrap_or_default().to_vec())
    }
}

impl PublicKeyData for RawPublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

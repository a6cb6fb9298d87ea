//! From DER to [`Svid`].

use cloister_attestation::time::UnixTime;
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, SubjectAltName};

use super::{Svid, SvidError, cmw};
use crate::identity::PublicKey;
use crate::limits::CERTIFICATE_BYTES_MAX;
use crate::spiffe::SpiffeId;

/// SPEC: draft-ietf-rats-msg-wrap section 6.1, id-pe-cmw.
const CMW: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.35");

pub(super) fn parse(der: &[u8]) -> Result<Svid, SvidError> {
    if der.len() > CERTIFICATE_BYTES_MAX {
        return Err(SvidError::Malformed { reason: "too long" });
    }
    let certificate =
        Certificate::from_der(der).map_err(|_| SvidError::Malformed { reason: "not DER" })?;
    let tbs = certificate.tbs_certificate();
    let extensions = tbs.extensions().map(Vec::as_slice).unwrap_or_default();
    usage(extensions)?;
    let spki = tbs
        .subject_public_key_info()
        .to_der()
        .map_err(|_| SvidError::Malformed { reason: "key does not encode" })?;
    let (from, until) = (tbs.validity().not_before, tbs.validity().not_after);
    Ok(Svid {
        id: name(extensions)?,
        key: PublicKey::from_spki(&spki).map_err(SvidError::KeyType)?,
        lease: lease(extensions)?,
        not_before: UnixTime::from_secs(from.to_unix_duration().as_secs()),
        not_after: UnixTime::from_secs(until.to_unix_duration().as_secs()),
    })
}

/// SPEC: SPIFFE X509-SVID sections 4.1 and 4.3: a leaf, for signatures and nothing above that.
fn usage(extensions: &[Extension]) -> Result<(), SvidError> {
    let ca = decoded::<BasicConstraints>(extensions)?.is_some_and(|constraints| constraints.ca);
    let usage = decoded::<KeyUsage>(extensions)?.ok_or(SvidError::Usage)?;
    if ca || !usage.digital_signature() || usage.key_cert_sign() || usage.crl_sign() {
        return Err(SvidError::Usage);
    }
    Ok(())
}

/// SPEC: SPIFFE X509-SVID section 2: exactly one URI. Other kinds of name are refused as well:
/// nothing in this system issues them.
fn name(extensions: &[Extension]) -> Result<SpiffeId, SvidError> {
    let names = decoded::<SubjectAltName>(extensions)?.ok_or(SvidError::NotOneName)?.0;
    match names.as_slice() {
        [GeneralName::UniformResourceIdentifier(uri)] => {
            uri.as_str().parse().map_err(|_| SvidError::NotOneName)
        }
        _ => Err(SvidError::NotOneName),
    }
}

fn lease(extensions: &[Extension]) -> Result<Vec<u8>, SvidError> {
    let mut found = extensions.iter().filter(|extension| extension.extn_id == CMW);
    let extension = found.next().ok_or(SvidError::NoExtension)?;
    if found.next().is_some() {
        return Err(SvidError::TwoExtensions);
    }
    if extension.critical {
        return Err(SvidError::Critical);
    }
    cmw::lease(extension.extn_value.as_bytes())
}

fn decoded<'a, T: Decode<'a> + AssociatedOid>(
    extensions: &'a [Extension],
) -> Result<Option<T>, SvidError> {
    let mut found = extensions.iter().filter(|extension| extension.extn_id == T::OID);
    let Some(extension) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        return Err(SvidError::Malformed { reason: "an extension is there twice" });
    }
    T::from_der(extension.extn_value.as_bytes())
        .map(Some)
        .map_err(|_| SvidError::Malformed { reason: "an extension does not parse" })
}

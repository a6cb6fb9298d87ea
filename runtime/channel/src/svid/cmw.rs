//! The extension's value: one lease, wrapped.

use cloister_attestation::cbor::Writer;
use minicbor::{Decoder, decode};
use x509_cert::der::asn1::OctetStringRef;
use x509_cert::der::{Decode as _, Encode as _};

use super::SvidError;
use crate::limits::EXTENSION_BYTES_MAX;

/// id-pe-cmw: 1.3.6.1.5.5.7.1.35.
pub const CMW_OID_ARCS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 35];

/// The lease's media type: an Entity Attestation Token in the form of a CWT.
///
/// SPEC: RFC 9782 section 6.1.
pub const MEDIA_TYPE: &str = "application/eat+cwt";

/// `cm-type` of a CMW record: Attestation Results.
///
/// SPEC: draft-ietf-rats-msg-wrap section 3.1.
const ATTESTATION_RESULT: u8 = 8;

/// The value of the extension that carries `lease` (what `extnValue` wraps), for the issuer.
///
/// # Errors
/// [`SvidError::Extension`] for a lease that is longer than DER can say.
pub fn lease_extension(lease: &[u8]) -> Result<Vec<u8>, SvidError> {
    OctetStringRef::new(&encode(lease))
        .and_then(|octets| octets.to_der())
        .map_err(|_| SvidError::Extension { reason: "longer than DER can say" })
}

/// The lease inside a received extension value.
pub(super) fn lease(value: &[u8]) -> Result<Vec<u8>, SvidError> {
    if value.len() > EXTENSION_BYTES_MAX {
        return Err(SvidError::ExtensionTooLong { observed: value.len() });
    }
    let record = <&OctetStringRef>::from_der(value)
        .map_err(|_| SvidError::Extension { reason: "not the cbor choice of CMW" })?
        .as_bytes();
    let lease = read(&mut Decoder::new(record))
        .map_err(|_| SvidError::Extension { reason: "not a CMW record of one lease" })?;
    if encode(lease) != record {
        return Err(SvidError::Extension { reason: "not in deterministic form" });
    }
    Ok(lease.to_vec())
}

fn encode(lease: &[u8]) -> Vec<u8> {
    let mut e = Writer::with_capacity(lease.len().saturating_add(32));
    e.array(3).text(MEDIA_TYPE).bytes(lease).unsigned(ATTESTATION_RESULT.into());
    e.into_bytes()
}

fn read<'b>(d: &mut Decoder<'b>) -> Result<&'b [u8], decode::Error> {
    if d.array()? != Some(3) || d.str()? != MEDIA_TYPE {
        return Err(decode::Error::message("not a record of a lease"));
    }
    let lease = d.bytes()?;
    if d.u8()? == ATTESTATION_RESULT {
        Ok(lease)
    } else {
        Err(decode::Error::message("not marked as an Attestation Result"))
    }
}

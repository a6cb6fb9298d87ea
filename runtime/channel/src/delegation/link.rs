//! One link as it travels: a lease, the key that it names, and what that key signed.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cbor::Writer;
use cloister_attestation::cose;
use cloister_attestation::time::UnixTime;
use minicbor::{Decoder, decode};

use super::DelegationError;
use super::statement::{Statement, TYP};
use crate::cbor::deterministic;
use crate::lease::VerifiedLease;
use crate::limits::{DELEGATION_BYTES_MAX, DELEGATION_LINKS_MAX};
use crate::trust::TrustBundle;

const ELEMENTS: usize = 3;

/// One link, as received. Believed by nobody as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) lease: Vec<u8>,
    /// DER of the identity key's SubjectPublicKeyInfo.
    pub(super) key: Vec<u8>,
    /// The COSE_Sign1.
    pub(super) signed: Vec<u8>,
}

impl Link {
    /// The next link names this one by it.
    pub(super) fn digest(&self) -> Digest48 {
        Digest48::sha384(&self.signed)
    }

    /// The issuer's lease and what the issuer says, once both are believed.
    pub(super) fn verified(
        &self,
        trust: &TrustBundle,
        now: UnixTime,
    ) -> Result<(VerifiedLease, Statement), DelegationError> {
        let lease = trust.verified_lease(&self.lease, now).map_err(DelegationError::Lease)?;
        let key = lease.confirmed(&self.key).ok_or(DelegationError::Key)?;
        let message = cose::parse(&self.signed, Some(TYP))?;
        if !message.kid().is_empty() {
            return Err(DelegationError::malformed("statement names a key"));
        }
        let payload = message.verified_by(&key).map_err(|_| DelegationError::Signature)?;
        let statement = Statement::decode(&payload)?;
        // SECURITY: what was said under one lease says nothing under another of the same key, which
        // may live longer or have another scope.
        if &statement.lease != lease.digest() {
            return Err(DelegationError::OtherLease);
        }
        Ok((lease, statement))
    }
}

/// Writes a chain.
///
/// # Errors
/// [`DelegationError`] for one that nobody would read.
pub(super) fn write(links: &[Link]) -> Result<Vec<u8>, DelegationError> {
    check_len(links.len())?;
    let bytes = encode(links);
    check_bytes(&bytes)?;
    Ok(bytes)
}

/// Reads a received chain of at least one link; refuses anything that would not encode back to the
/// same bytes.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Link>, DelegationError> {
    check_bytes(bytes)?;
    let links = deterministic(bytes, links, |links| encode(links))
        .map_err(|error| DelegationError::malformed(&error.to_string()))?;
    check_len(links.len())?;
    Ok(links)
}

fn encode(links: &[Link]) -> Vec<u8> {
    let mut e = Writer::with_capacity(DELEGATION_BYTES_MAX / DELEGATION_LINKS_MAX);
    e.array(links.len());
    for link in links {
        e.array(ELEMENTS).bytes(&link.lease).bytes(&link.key).bytes(&link.signed);
    }
    e.into_bytes()
}

fn check_bytes(bytes: &[u8]) -> Result<(), DelegationError> {
    if bytes.len() > DELEGATION_BYTES_MAX {
        return Err(DelegationError::malformed("longer than 12 KiB"));
    }
    Ok(())
}

fn check_len(links: usize) -> Result<(), DelegationError> {
    match links {
        0 => Err(DelegationError::malformed("no link")),
        1..=DELEGATION_LINKS_MAX => Ok(()),
        _ => Err(DelegationError::Depth),
    }
}

fn links(d: &mut Decoder<'_>) -> Result<Vec<Link>, decode::Error> {
    let count = d.array()?.ok_or_else(|| decode::Error::message("a chain of unstated length"))?;
    // Grows with what is really there, not with what the header claims.
    (0..count).map(|_| link(d)).collect()
}

fn link(d: &mut Decoder<'_>) -> Result<Link, decode::Error> {
    if d.array()? != u64::try_from(ELEMENTS).ok() {
        return Err(decode::Error::message("a link of other parts"));
    }
    let mut part = || d.bytes().map(<[u8]>::to_vec);
    Ok(Link { lease: part()?, key: part()?, signed: part()? })
}

//! What is revoked, signed: a COSE_Sign1 by a lease key over deterministic CBOR.
//!
//! | key | value |
//! | --- | --- |
//! | 1 | `"cloister/revocations/1"` |
//! | 2 | trust domain, text |
//! | 3 | sequence: the Verifier's event number up to which this holds |
//! | 4 | policy epoch floor: leases under an older epoch are refused |
//! | 5 | issued at, seconds since the epoch |
//! | 6 | revoked: `[instance (16 bytes), agent, reason, forget after]` each, by instance, ascending |

use cloister_attestation::cose;
use cloister_attestation::limits::NAME_BYTES_MAX;
use cloister_attestation::time::UnixTime;
use minicbor::{Decoder, Encoder, decode};

use super::{Revocation, TrustError};
use crate::identity::PublicKey;
use crate::lease::LeaseSigner;
use crate::limits::{REVOCATIONS_BYTES_MAX, REVOKED_MAX};
use crate::name::{InstanceId, TrustDomain};

/// The media type in the header, so that a snapshot and a lease are never taken for one another.
const TYP: &str = "application/vnd.cloister.revocations+cose";
const LABEL: &str = "cloister/revocations/1";
const ENTRIES: u64 = 6;
const REVOKED_ENTRY: u64 = 4;

/// What a snapshot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) trust_domain: TrustDomain,
    pub(super) sequence: u64,
    pub(super) policy_epoch_floor: u64,
    pub(super) issued_at: UnixTime,
    /// By instance, ascending, each once.
    pub(super) revoked: Vec<(InstanceId, Revocation)>,
}

impl Snapshot {
    pub(super) fn sign(&self, signer: &LeaseSigner) -> Result<Vec<u8>, TrustError> {
        let payload = self.encode().map_err(|error| TrustError::malformed(&error.to_string()))?;
        signer.sign_other(TYP, &payload).map_err(TrustError::Signing)
    }

    /// Reads a received snapshot that one of `keys` signed for `trust_domain`.
    pub(super) fn verify<'a>(
        bytes: &[u8],
        trust_domain: &TrustDomain,
        key_of: impl FnOnce(&[u8]) -> Option<&'a PublicKey>,
    ) -> Result<Self, TrustError> {
        if bytes.len() > REVOCATIONS_BYTES_MAX {
            return Err(TrustError::Full);
        }
        let message = cose::parse(bytes, Some(TYP))?;
        let Some(key) = key_of(message.kid()) else {
            return Err(TrustError::Signature { reason: "its key is not in the bundle" });
        };
        let payload = message
            .verified_by(key)
            .map_err(|_| TrustError::Signature { reason: "its signature does not verify" })?;
        let snapshot = Self::decode(&payload)?;
        if &snapshot.trust_domain != trust_domain {
            return Err(TrustError::Signature { reason: "it is of another trust domain" });
        }
        Ok(snapshot)
    }

    fn encode(&self) -> Result<Vec<u8>, minicbor::encode::Error<core::convert::Infallible>> {
        let mut e = Encoder::new(Vec::with_capacity(128));
        e.map(ENTRIES)?.u8(1)?.str(LABEL)?;
        e.u8(2)?.str(self.trust_domain.as_str())?;
        e.u8(3)?.u64(self.sequence)?;
        e.u8(4)?.u64(self.policy_epoch_floor)?;
        e.u8(5)?.u64(self.issued_at.as_secs())?;
        e.u8(6)?.array(u64::try_from(self.revoked.len()).unwrap_or(u64::MAX))?;
        for (instance, why) in &self.revoked {
            e.array(REVOKED_ENTRY)?.bytes(instance.as_bytes())?.str(why.agent.as_str())?;
            e.str(&why.reason)?.u64(why.forget_after.as_secs())?;
        }
        Ok(e.into_writer())
    }

    /// Refuses anything that would not encode back to the same bytes.
    fn decode(bytes: &[u8]) -> Result<Self, TrustError> {
        let read = read(&mut Decoder::new(bytes))
            .map_err(|error| TrustError::malformed(&error.to_string()))?;
        let ascending = read.revoked.is_sorted_by(|(a, _), (b, _)| a < b);
        if !ascending || !read.encode().is_ok_and(|again| again == bytes) {
            return Err(TrustError::malformed("snapshot is not in deterministic form"));
        }
        Ok(read)
    }
}

fn read(d: &mut Decoder<'_>) -> Result<Snapshot, decode::Error> {
    if d.map()? != Some(ENTRIES) || labelled(d, 1)?.str()? != LABEL {
        return Err(decode::Error::message("not a snapshot of revocations"));
    }
    Ok(Snapshot {
        trust_domain: parsed(labelled(d, 2)?.str()?)?,
        sequence: labelled(d, 3)?.u64()?,
        policy_epoch_floor: labelled(d, 4)?.u64()?,
        issued_at: UnixTime::from_secs(labelled(d, 5)?.u64()?),
        revoked: list(labelled(d, 6)?)?,
    })
}

fn labelled<'a, 'b>(d: &'a mut Decoder<'b>, key: u8) -> Result<&'a mut Decoder<'b>, decode::Error> {
    if d.u8()? == key { Ok(d) } else { Err(decode::Error::message("a key is missing or unknown")) }
}

fn parsed<T: core::str::FromStr>(text: &str) -> Result<T, decode::Error> {
    text.parse().map_err(|_| decode::Error::message("a name breaks its rules"))
}

fn list(d: &mut Decoder<'_>) -> Result<Vec<(InstanceId, Revocation)>, decode::Error> {
    let len = d.array()?.ok_or_else(|| decode::Error::message("a list of unstated length"))?;
    if len > u64::try_from(REVOKED_MAX).unwrap_or(u64::MAX) {
        return Err(decode::Error::message("more entries than a runtime keeps"));
    }
    // Grows with what is really there, not with what the header claims.
    (0..len).map(|_| entry(d)).collect::<Result<_, _>>()
}

fn entry(d: &mut Decoder<'_>) -> Result<(InstanceId, Revocation), decode::Error> {
    if d.array()? != Some(REVOKED_ENTRY) {
        return Err(decode::Error::message("not four things about a revoked instance"));
    }
    let instance: [u8; 16] =
        d.bytes()?.try_into().map_err(|_| decode::Error::message("not an instance's id"))?;
    let agent = parsed(d.str()?)?;
    let reason = d.str()?;
    if reason.len() > NAME_BYTES_MAX {
        return Err(decode::Error::message("a reason is longer than 128 bytes"));
    }
    let forget_after = UnixTime::from_secs(d.u64()?);
    let why = Revocation { agent, reason: reason.to_owned(), forget_after };
    Ok((InstanceId::from_bytes(instance), why))
}

//! What one agent says about what it passes on.

use std::collections::BTreeSet;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cbor::Writer;
use cloister_attestation::limits::{NAME_BYTES_MAX, SCOPES_MAX};
use cloister_attestation::time::UnixTime;
use minicbor::data::Type;
use minicbor::{Decoder, decode};

use super::{DelegationError, DelegationId};
use crate::cbor::{array, deterministic, entry};
use crate::spiffe::SpiffeId;

/// The media type in the header, so that it is never taken for another message of the same key.
pub(super) const TYP: &str = "application/vnd.cloister.delegation+cose";
const LABEL: &str = "cloister/delegation/1";
const ENTRIES: usize = 7;

/// The signed statement. The table is in [`super`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) lease: Digest48,
    pub(super) audience: SpiffeId,
    pub(super) scope: BTreeSet<String>,
    pub(super) not_after: UnixTime,
    pub(super) id: DelegationId,
    pub(super) parent: Option<Digest48>,
}

impl Statement {
    /// The deterministic CBOR form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(512);
        e.map(ENTRIES).unsigned(1).text(LABEL);
        e.unsigned(2).bytes(self.lease.as_bytes());
        e.unsigned(3).text(&self.audience.to_string());
        e.unsigned(4).array(self.scope.len());
        for scope in &self.scope {
            e.text(scope);
        }
        e.unsigned(5).unsigned(self.not_after.as_secs());
        e.unsigned(6).bytes(self.id.as_bytes());
        e.unsigned(7);
        match &self.parent {
            Some(parent) => e.bytes(parent.as_bytes()),
            None => e.null(),
        };
        e.into_bytes()
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DelegationError> {
        deterministic(bytes, read, Self::encode)
            .map_err(|error| DelegationError::malformed(&error.to_string()))
    }
}

fn read(d: &mut Decoder<'_>) -> Result<Statement, decode::Error> {
    if d.map()? != u64::try_from(ENTRIES).ok() || entry(d, 1)?.str()? != LABEL {
        return Err(decode::Error::message("statement of another protocol or version"));
    }
    Ok(Statement {
        lease: Digest48::new(array(entry(d, 2)?)?),
        audience: entry(d, 3)?
            .str()?
            .parse()
            .map_err(|_| decode::Error::message("audience is not an agent's instance"))?,
        scope: scopes(entry(d, 4)?)?,
        not_after: UnixTime::from_secs(entry(d, 5)?.u64()?),
        id: DelegationId::new(array(entry(d, 6)?)?),
        parent: parent(entry(d, 7)?)?,
    })
}

fn scopes(d: &mut Decoder<'_>) -> Result<BTreeSet<String>, decode::Error> {
    let count = d.array()?.ok_or_else(|| decode::Error::message("a list of unstated length"))?;
    if usize::try_from(count).map_or(true, |count| count > SCOPES_MAX) {
        return Err(decode::Error::message("more than 64 scope entries"));
    }
    (0..count).map(|_| scope(d.str()?)).collect()
}

fn scope(text: &str) -> Result<String, decode::Error> {
    let fits = (1..=NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        Err(decode::Error::message("a scope that fits no lease"))
    }
}

fn parent(d: &mut Decoder<'_>) -> Result<Option<Digest48>, decode::Error> {
    if d.datatype()? == Type::Null {
        return d.null().map(|()| None);
    }
    array(d).map(Digest48::new).map(Some)
}

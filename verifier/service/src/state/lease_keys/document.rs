//! The file of lease keys: JSON with PKCS#8 and SPKI in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloister_attestation::time::UnixTime;
use cloister_channel::identity::{KeyError, PublicKey};
use cloister_channel::limits::LEASE_KEYS_MAX;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::state::StateError;

/// What is kept.
pub(super) struct Document {
    pub(super) current: Secret,
    pub(super) next: Secret,
    pub(super) previous: Vec<Previous>,
}

/// A key that signs, or will.
pub(super) struct Secret {
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
    pub(super) since: UnixTime,
}

/// A key that signed.
pub(super) struct Previous {
    pub(super) public: PublicKey,
    pub(super) until: UnixTime,
}

/// As it is written. Texts are borrowed, so that no copy of a key is left behind.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    current: WrittenSecret<'a>,
    next: WrittenSecret<'a>,
    previous: Vec<WrittenPrevious<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSecret<'a> {
    pkcs8: &'a str,
    since: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPrevious<'a> {
    spki: &'a str,
    until: u64,
}

/// Room for every key from the start: growing would leave copies behind.
const ROOM: usize = 4096;

impl Document {
    pub(super) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, StateError> {
        let secrets = [&self.current, &self.next].map(|key| text(&key.pkcs8));
        let [current, next] = &secrets;
        let spkis: Vec<String> =
            self.previous.iter().map(|key| STANDARD.encode(key.public.spki())).collect();
        let previous = self.previous.iter().zip(&spkis);
        let written = Written {
            current: WrittenSecret { pkcs8: current, since: self.current.since.as_secs() },
            next: WrittenSecret { pkcs8: next, since: self.next.since.as_secs() },
            previous: previous
                .map(|(key, spki)| WrittenPrevious { spki, until: key.until.as_secs() })
                .collect(),
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
        serde_json::to_writer(&mut *bytes, &written)
            .map_err(|error| StateError::Issue(error.to_string()))?;
        Ok(bytes)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let written: Written<'_> = serde_json::from_slice(bytes).map_err(|_| KeyError::Stored)?;
        if written.previous.len() > LEASE_KEYS_MAX {
            return Err(KeyError::Stored);
        }
        Ok(Self {
            current: secret(&written.current)?,
            next: secret(&written.next)?,
            previous: written.previous.iter().map(previous).collect::<Result<_, _>>()?,
        })
    }
}

fn text(secret: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(ROOM));
    STANDARD.encode_string(secret, &mut text);
    text
}

fn secret(written: &WrittenSecret<'_>) -> Result<Secret, KeyError> {
    let mut pkcs8 = Zeroizing::new(Vec::with_capacity(written.pkcs8.len()));
    STANDARD.decode_vec(written.pkcs8, &mut pkcs8).map_err(|_| KeyError::Stored)?;
    Ok(Secret { pkcs8, since: UnixTime::from_secs(written.since) })
}

fn previous(written: &WrittenPrevious<'_>) -> Result<Previous, KeyError> {
    let spki = STANDARD.decode(written.spki).map_err(|_| KeyError::Stored)?;
    let public = PublicKey::from_spki(&spki).map_err(|_| KeyError::Stored)?;
    Ok(Previous { public, until: UnixTime::from_secs(written.until) })
}

//! The keys that sign leases: the next one, listed before it is used; the current one, which signs;
//! and those before it, of which only the public halves are left.
//!
//! All of them are in one file, replaced as a whole: whenever the process ends, the file is the one
//! from before a change or the one from after it. The private half of a key is gone from the
//! moment on at which the key signs nothing any more.

mod document;

use std::sync::{Arc, PoisonError, RwLock};

use cloister_attestation::time::UnixTime;
use cloister_channel::identity::PublicKey;
use cloister_channel::lease::LeaseSigner;
use cloister_channel::trust::KeyId;
use zeroize::Zeroizing;

use super::{Directory, StateError, files};
use crate::limits::{LEASE_KEY_LEAD, LEASE_KEY_TAIL};
use document::{Document, Previous, Secret};

/// The keys that sign leases, and sign what is revoked.
#[derive(Debug)]
pub struct LeaseKeys {
    ring: RwLock<Arc<Ring>>,
}

/// The keys between two changes.
#[derive(Debug)]
pub struct Ring {
    current: Arc<LeaseSigner>,
    listed: Vec<ListedKey>,
}

/// One key as relying parties see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The public half.
    pub public: PublicKey,
    /// What it is for at present.
    pub stage: Stage,
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Listed since then, and signs nothing yet.
    Next {
        /// Since when it is listed.
        since: UnixTime,
    },
    /// Signs.
    Current {
        /// Since when it signs.
        since: UnixTime,
    },
    /// Signs nothing any more.
    Previous {
        /// When its last lease has ended, and it is listed no longer.
        until: UnixTime,
    },
}

/// What became of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// The next key signs from now on.
    Done,
    /// The next key was not listed for long enough.
    TooEarly {
        /// From when on it will have been.
        from: UnixTime,
    },
}

impl ListedKey {
    /// How leases name it.
    #[must_use]
    pub fn kid(&self) -> KeyId {
        KeyId::of(&self.public)
    }
}

impl Ring {
    /// The key that signs.
    #[must_use]
    pub const fn signer(&self) -> &Arc<LeaseSigner> {
        &self.current
    }

    /// Every key, the current one first, then the next one, then those before, newest first.
    #[must_use]
    pub fn listed(&self) -> &[ListedKey] {
        &self.listed
    }
}

impl LeaseKeys {
    /// Reads the keys from `directory`, or makes them. A folder of an earlier version has one key,
    /// which becomes the current one.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(directory: &Directory, now: UnixTime) -> Result<Self, StateError> {
        let document = match directory.read_secret(files::LEASE_KEYS)? {
            Some(stored) => read(directory, &stored)?,
            None => {
                let current = match directory.read_secret(files::LEASE_KEY)? {
                    Some(stored) => Secret { pkcs8: stored, since: now },
                    None => Secret::generate(now)?,
                };
                let made = Document { current, next: Secret::generate(now)?, previous: Vec::new() };
                // Read back before it is kept: a damaged key of an earlier version stays as it is.
                ring(&made).map_err(|source| directory.key_error(files::LEASE_KEY, source))?;
                directory.write_secret(files::LEASE_KEYS, &made.encode()?)?;
                made
            }
        };
        directory.remove(files::LEASE_KEY)?;
        let ring = ring(&document).map_err(|source| unusable(directory, source))?;
        Ok(Self { ring: RwLock::new(Arc::new(ring)) })
    }

    /// The keys as they are now.
    #[must_use]
    pub fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets the next key sign and makes another next one, unless relying parties had too little
    /// time to learn of it. The caller makes one change at a time.
    ///
    /// # Errors
    /// [`StateError`]; the keys then stay as they are, or are changed once the folder is opened
    /// again.
    pub fn rotate(&self, directory: &Directory, now: UnixTime) -> Result<Rotation, StateError> {
        let Document { current, next, mut previous } = stored(directory)?;
        let from = next.since.plus(LEASE_KEY_LEAD);
        if now < from {
            return Ok(Rotation::TooEarly { from });
        }
        let retired = current.signer().map_err(|source| unusable(directory, source))?;
        let until = now.plus(LEASE_KEY_TAIL);
        previous.insert(0, Previous { public: retired.public().clone(), until });
        previous.retain(|key| key.until > now);
        let current = Secret { since: now, ..next };
        self.keep(directory, &Document { current, next: Secret::generate(now)?, previous })?;
        Ok(Rotation::Done)
    }

    /// Takes the key named `kid` off the list at once, in whatever stage it is. If it is the one
    /// that signs, the next one does from now on, however new it is: whoever does not know it yet
    /// has to ask. Returns whether there is such a key.
    ///
    /// # Errors
    /// As [`Self::rotate`].
    pub fn revoke(
        &self,
        directory: &Directory,
        kid: &str,
        now: UnixTime,
    ) -> Result<bool, StateError> {
        let ring = self.ring();
        let revoked = ring.listed().iter().find(|key| key.kid().to_string() == kid);
        let Some(revoked) = revoked else { return Ok(false) };
        let mut document = stored(directory)?;
        match revoked.stage {
            Stage::Previous { .. } => {
                document.previous.retain(|key| key.public != revoked.public);
            }
            Stage::Next { .. } => document.next = Secret::generate(now)?,
            Stage::Current { .. } => {
                let next = core::mem::replace(&mut document.next, Secret::generate(now)?);
                document.current = Secret { since: now, ..next };
            }
        }
        self.keep(directory, &document)?;
        Ok(true)
    }

    /// Takes keys whose last lease has ended off the list. Returns whether there were any.
    ///
    /// # Errors
    /// As [`Self::rotate`].
    pub fn forget_ended(&self, directory: &Directory, now: UnixTime) -> Result<bool, StateError> {
        let ended = |stage| matches!(stage, Stage::Previous { until } if until <= now);
        if !self.ring().listed().iter().any(|key| ended(key.stage)) {
            return Ok(false);
        }
        let mut document = stored(directory)?;
        document.previous.retain(|key| key.until > now);
        self.keep(directory, &document)?;
        Ok(true)
    }

    fn keep(&self, directory: &Directory, document: &Document) -> Result<(), StateError> {
        let fresh = ring(document).map_err(|source| unusable(directory, source))?;
        directory.write_secret(files::LEASE_KEYS, &document.encode()?)?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }
}

impl Secret {
    fn generate(now: UnixTime) -> Result<Self, StateError> {
        Ok(Self { pkcs8: LeaseSigner::generate_pkcs8()?, since: now })
    }

    fn signer(&self) -> Result<LeaseSigner, cloister_channel::identity::KeyError> {
        LeaseSigner::from_pkcs8(&self.pkcs8)
    }
}

fn stored(directory: &Directory) -> Result<Document, StateError> {
    let stored = directory.read_secret(files::LEASE_KEYS)?;
    read(directory, &stored.unwrap_or_default())
}

fn read(directory: &Directory, stored: &Zeroizing<Vec<u8>>) -> Result<Document, StateError> {
    Document::decode(stored).map_err(|source| unusable(directory, source))
}

fn ring(document: &Document) -> Result<Ring, cloister_channel::identity::KeyError> {
    let (current, next) = (document.current.signer()?, document.next.signer()?);
    let listed = [
        (current.public().clone(), Stage::Current { since: document.current.since }),
        (next.public().clone(), Stage::Next { since: document.next.since }),
    ];
    let previous = document.previous.iter();
    let previous = previous.map(|key| (key.public.clone(), Stage::Previous { until: key.until }));
    let listed = listed.into_iter().chain(previous);
    Ok(Ring {
        current: Arc::new(current),
        listed: listed.map(|(public, stage)| ListedKey { public, stage }).collect(),
    })
}

fn unusable(directory: &Directory, source: cloister_channel::identity::KeyError) -> StateError {
    directory.key_error(files::LEASE_KEYS, source)
}

#[cfg(test)]
mod tests;

//! Lease keys over time: rotated on request or by age, and announced so that runtimes have a key
//! before it signs.

use std::sync::Arc;
use std::time::Duration;

use cloister_api::v1;
use cloister_attestation::time::UnixTime;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::error::ServiceError;
use crate::state::{Directory, Keys, ListedKey, Rotation, Stage};
use crate::store::{Operation, Store};
use crate::trust::Trust;

/// Changes the lease keys. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct KeyRotation {
    keys: Arc<Keys>,
    directory: Arc<Directory>,
    store: Store,
    trust: Trust,
    clock: Clock,
    /// How long a key signs, where keys are rotated by age.
    age_max: Option<Duration>,
    /// One change at a time.
    changing: Arc<Mutex<()>>,
}

impl KeyRotation {
    /// Over the keys in one data folder.
    #[must_use]
    pub fn new(
        (keys, directory): (Arc<Keys>, Arc<Directory>),
        (store, trust, clock): (Store, Trust, Clock),
        age_max: Option<Duration>,
    ) -> Self {
        Self { keys, directory, store, trust, clock, age_max, changing: Arc::default() }
    }

    /// Every lease key: the current one, the next one, and those before.
    #[must_use]
    pub fn list(&self) -> Vec<v1::LeaseKeyRecord> {
        self.keys.leases.ring().listed().iter().map(record).collect()
    }

    /// Lets the next key sign.
    ///
    /// # Errors
    /// [`ServiceError::KeyTooNew`] if relying parties had too little time to learn of it; else
    /// [`ServiceError`] if the folder or the database failed.
    pub async fn rotate(&self) -> Result<Vec<v1::LeaseKeyRecord>, ServiceError> {
        let _one = self.changing.lock().await;
        let now = self.clock.now();
        match self.keys.leases.rotate(&self.directory, now)? {
            Rotation::Done => {}
            Rotation::TooEarly { from } => return Err(ServiceError::KeyTooNew { from }),
        }
        let kid = self.keys.leases.ring().signer().kid().to_string();
        tracing::info!(kid, "another lease key signs from now on");
        let subject = kid.clone();
        let operation = Operation { at: now, action: "keys.rotate", subject, detail: kid };
        self.store.note(&operation).await?;
        self.announce(now).await?;
        Ok(self.list())
    }

    /// Takes a key off the list at once: leases that it signed are not believed any more once a
    /// relying party has the next trust bundle, and runtimes that hold one enrol again.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if there is no such key; else as [`Self::rotate`].
    pub async fn revoke(&self, kid: &str) -> Result<Vec<v1::LeaseKeyRecord>, ServiceError> {
        let _one = self.changing.lock().await;
        let now = self.clock.now();
        if !self.keys.leases.revoke(&self.directory, kid, now)? {
            return Err(ServiceError::NotFound { what: "lease key", name: kid.to_owned() });
        }
        tracing::warn!(kid, "a lease key is revoked: what it signed is not believed any more");
        let (subject, detail) = (kid.to_owned(), String::new());
        self.store.note(&Operation { at: now, action: "keys.revoke", subject, detail }).await?;
        self.announce(now).await?;
        Ok(self.list())
    }

    /// Does what is due: forgets keys whose last lease has ended, rotates by age, and announces
    /// what was not announced yet because the process ended in between.
    ///
    /// # Errors
    /// [`ServiceError`] if the folder or the database failed.
    pub async fn keep(&self) -> Result<(), ServiceError> {
        let now = self.clock.now();
        if self.is_due(now) {
            match self.rotate().await {
                Ok(_) | Err(ServiceError::KeyTooNew { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let _one = self.changing.lock().await;
        self.keys.leases.forget_ended(&self.directory, now)?;
        self.announce(now).await
    }

    fn is_due(&self, now: UnixTime) -> bool {
        let ring = self.keys.leases.ring();
        let since = ring.listed().iter().find_map(|key| match key.stage {
            Stage::Current { since } => Some(since),
            Stage::Next { .. } | Stage::Previous { .. } => None,
        });
        self.age_max.zip(since).is_some_and(|(age, since)| now >= since.plus(age))
    }

    /// An announcement belongs to what is in the folder, and not to the moment: whichever process
    /// finds keys that were not announced announces them.
    async fn announce(&self, now: UnixTime) -> Result<(), ServiceError> {
        if self.store.announce_trust(&self.trust.anchors_digest().to_string(), now).await? {
            tracing::info!("the trust bundle has other keys than before");
        }
        Ok(())
    }
}

fn record(key: &ListedKey) -> v1::LeaseKeyRecord {
    let (state, since) = match key.stage {
        Stage::Next { since } => (v1::LeaseKeyState::Next, since),
        Stage::Current { since } => (v1::LeaseKeyState::Current, since),
        Stage::Previous { until } => (v1::LeaseKeyState::Previous, until),
    };
    v1::LeaseKeyRecord { kid: key.kid().to_string(), state: state.into(), since: since.as_secs() }
}

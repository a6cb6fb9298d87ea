//! Evidence for others than the Verifier: within a quota, one at a time.

mod quota;

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cloister_attester::Attester;

pub(crate) use quota::Quota;

use crate::attest::{CollectError, Occasion, collect};
use crate::workload::Declared;

/// Makes Evidence for one kind of asker.
#[derive(Debug)]
pub(crate) struct Press {
    attester: Arc<Attester>,
    declared: Arc<Declared>,
    quota: Mutex<Quota>,
    since: Instant,
    /// The TEE's, whoever asks.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// No Evidence came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PressError {
    #[error("evidence was asked for too often: there is some again in {} ms", wait.as_millis())]
    Busy {
        /// How long until there is some again.
        wait: Duration,
    },
    #[error(transparent)]
    Collect(#[from] CollectError),
}

impl Press {
    pub(crate) fn new(attester: Arc<Attester>, declared: Arc<Declared>, quota: Quota) -> Self {
        let (quota, since) = (Mutex::new(quota), Instant::now());
        Self { attester, declared, quota, since, turn: Arc::default() }
    }

    /// Another one on the same TEE, for another kind of asker: neither uses up the other's quota.
    pub(crate) fn beside(&self, quota: Quota) -> Self {
        Self {
            attester: Arc::clone(&self.attester),
            declared: Arc::clone(&self.declared),
            quota: Mutex::new(quota),
            since: self.since,
            turn: Arc::clone(&self.turn),
        }
    }

    /// An encoded envelope that is bound to `occasion` and to the manifest.
    pub(crate) async fn evidence(&self, occasion: Occasion) -> Result<Vec<u8>, PressError> {
        self.take().map_err(|wait| PressError::Busy { wait })?;
        Ok(self.collect(occasion).await?)
    }

    fn take(&self) -> Result<(), Duration> {
        let mut quota = self.quota.lock().unwrap_or_else(PoisonError::into_inner);
        quota.take(self.since.elapsed())
    }

    /// SECURITY: on a task of its own that holds the turn to its end. Whoever hangs up early does
    /// not set the TEE free for a second call at the same time. The quota bounds how many wait.
    async fn collect(&self, occasion: Occasion) -> Result<Vec<u8>, CollectError> {
        let (attester, declared) = (Arc::clone(&self.attester), Arc::clone(&self.declared));
        let turn = Arc::clone(&self.turn);
        let collected = tokio::spawn(async move {
            let _turn = turn.lock().await;
            collect(attester, &declared, occasion).await
        });
        Ok(collected.await??.encode())
    }
}

//! Evidence for strangers: within a quota, one at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cloister_attestation::bytes::Nonce;
use cloister_attester::Attester;
use cloister_channel::Credentials;
use tracing::warn;

use super::Problem;
use super::quota::Quota;
use crate::attest::{CollectError, Occasion, collect};
use crate::limits::{DOCUMENT_EVIDENCE_BURST, DOCUMENT_EVIDENCE_INTERVAL};
use crate::workload::Declared;

/// Makes Evidence for whoever asks.
#[derive(Debug)]
pub(crate) struct Press {
    attester: Arc<Attester>,
    declared: Arc<Declared>,
    quota: Mutex<Quota>,
    since: Instant,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Press {
    pub(crate) fn new(attester: Arc<Attester>, declared: Arc<Declared>) -> Self {
        Self {
            attester,
            declared,
            quota: Mutex::new(Quota::new(DOCUMENT_EVIDENCE_BURST, DOCUMENT_EVIDENCE_INTERVAL)),
            since: Instant::now(),
            turn: Arc::default(),
        }
    }

    /// An encoded envelope that is bound to the keys of `credentials`, the nonce, the manifest and
    /// the exporter value.
    pub(super) async fn evidence(
        &self,
        credentials: &Credentials,
        nonce: Nonce,
        exporter: [u8; 32],
    ) -> Result<Vec<u8>, Problem> {
        self.take().map_err(|wait| Problem::Busy { wait })?;
        let occasion = Occasion {
            identity_key: *credentials.identity().thumbprint(),
            channel_key: *credentials.channel().thumbprint(),
            nonce,
            exporter: Some(exporter),
        };
        self.collect(occasion).await.map_err(|error| {
            warn!(%error, "no Evidence for an attestation document");
            Problem::Evidence
        })
    }

    fn take(&self) -> Result<(), core::time::Duration> {
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

//! Asks the Verifier for what its events speak of, and tells it what was not put in force.

use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use tracing::debug;

use super::{Heard, Published, Refused};
use crate::random;
use crate::renewal::RETRY;
use crate::state::Standing;
use crate::verifier::{Verifier, VerifierError};

impl Published {
    /// Follows for ever. Never returns.
    pub(crate) async fn follow(&self, verifier: &Verifier) {
        let mut heard = self.heard.subscribe();
        let (mut failures, mut told) = (0_u32, None);
        loop {
            let now = *heard.borrow_and_update();
            if !self.is_left_to_do(now, told) {
                failures = 0;
                if heard.changed().await.is_err() {
                    core::future::pending::<()>().await;
                }
                continue;
            }
            match self.ask(verifier, now, &mut told).await {
                // One that was withheld is asked for again, as one that could not be asked for.
                Ok(()) if !self.is_left_to_do(now, told) => continue,
                Ok(()) => {}
                Err(error) => debug!(code = error.code().id, %error, "no policy"),
            }
            failures = failures.saturating_add(1);
            tokio::select! {
                () = tokio::time::sleep(RETRY.delay(failures, random::draw())) => {}
                _ = heard.changed() => {}
            }
        }
    }

    fn is_left_to_do(&self, heard: Heard, told: Option<Refused>) -> bool {
        heard.refused != told || self.judge.policy.wants(heard.newest)
    }

    async fn ask(
        &self,
        verifier: &Verifier,
        heard: Heard,
        told: &mut Option<Refused>,
    ) -> Result<(), VerifierError> {
        let Some(standing) = self.state.standing() else { return Ok(()) };
        let Standing { client, trust, .. } = &*standing;
        let mut registry = verifier.registry(Arc::clone(&client.client_auth_cert_resolver)).await?;
        if let Some(refused) = heard.refused.filter(|refused| Some(*refused) != *told) {
            registry.policy_refused(refused.number, refused.code).await?;
            *told = heard.refused;
        }
        if self.judge.policy.wants(heard.newest) {
            let publication = registry.policy(self.judge.policy.floor()).await?;
            if !publication.is_empty() {
                self.offered(&publication, trust, 0);
            }
        }
        Ok(())
    }
}

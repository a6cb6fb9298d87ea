//! Verifying, fetching what is missing, verifying again.

use cloister_attestation::publication::Need;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, VerifiedEvidence, VerifyError};
use futures_util::future::join_all;

use crate::error::FetchError;
use crate::fetcher::Fetcher;
use crate::limits::ROUNDS_MAX;

/// A document that could not be had.
#[derive(Debug)]
pub struct Failure {
    /// Which document.
    pub need: Need,
    /// Why.
    pub error: FetchError,
}

/// How verifying with what could be fetched ended.
#[derive(Debug)]
pub struct Completion {
    /// The last verification's conclusion.
    pub outcome: Result<VerifiedEvidence, VerifyError>,
    /// What it was verified with: what was given, and what was fetched.
    pub endorsements: Endorsements,
    /// What could not be fetched. Not empty with a good outcome where what is lacking is wanted
    /// and not needed: a CRL.
    pub failures: Vec<Failure>,
}

impl Fetcher {
    /// Verifies with `endorsements`, fetches what is missing or wanted, and verifies again, until
    /// nothing is missing, nothing more can be had, or [`ROUNDS_MAX`] is reached.
    ///
    /// `verify` is called with what is at hand in each round.
    ///
    /// # Errors
    /// Whatever `verify` fails with, other than a conclusion.
    pub async fn complete<F, Fut, E>(
        &self,
        mut endorsements: Endorsements,
        now: UnixTime,
        mut verify: F,
    ) -> Result<Completion, E>
    where
        F: FnMut(Endorsements) -> Fut,
        Fut: Future<Output = Result<Result<VerifiedEvidence, VerifyError>, E>>,
    {
        let mut asked: Vec<Need> = Vec::new();
        let mut failures = Vec::new();
        let mut rounds = 1;
        loop {
            let outcome = verify(endorsements.clone()).await?;
            let mut needs = needs(&outcome);
            needs.retain(|need| !asked.contains(need));
            if needs.is_empty() || rounds == ROUNDS_MAX {
                return Ok(Completion { outcome, endorsements, failures });
            }
            let fetched = join_all(needs.iter().map(|need| self.fetch(*need, now))).await;
            let mut progress = false;
            for (need, fetched) in needs.iter().zip(fetched) {
                match fetched {
                    Ok(publication) => progress |= publication.add_to(&mut endorsements),
                    Err(error) => failures.push(Failure { need: *need, error }),
                }
            }
            if !progress {
                return Ok(Completion { outcome, endorsements, failures });
            }
            asked.append(&mut needs);
            rounds += 1;
        }
    }
}

/// What would let the verification conclude, or conclude more.
fn needs(outcome: &Result<VerifiedEvidence, VerifyError>) -> Vec<Need> {
    match outcome {
        Ok(verified) => verified.wanted(),
        Err(VerifyError::Incomplete { missing, .. }) => {
            missing.iter().filter_map(|missing| missing.need).collect()
        }
        Err(_) => Vec::new(),
    }
}

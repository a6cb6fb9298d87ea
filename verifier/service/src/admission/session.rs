//! Evidence that a peer made for one session with an admitted runtime, appraised for that runtime.
//! Nothing is admitted or recorded.

use cloister_api::v1;
use cloister_attestation::time::UnixTime;

use super::presented::Bound;
use super::{Admission, Appraiser, Examined, Refusal, appraiser, codes};
use crate::error::ServiceError;

impl Admission {
    /// Appraises Evidence by the very demands that a lease is given by.
    ///
    /// # Errors
    /// [`ServiceError`] if the request is unusable, there are too many, or the database failed.
    pub async fn appraise_session(
        &self,
        request: v1::AppraiseSessionRequest,
    ) -> Result<v1::AppraiseSessionResponse, ServiceError> {
        let v1::AppraiseSessionRequest { evidence, exporter } = request;
        let exporter = <[u8; 32]>::try_from(exporter)
            .map_err(|_| ServiceError::Argument { what: "exporter", expected: "32 bytes" })?;
        let _place = self.waiting.try_acquire().map_err(|_| ServiceError::Busy)?;
        let outcome = match self.session(evidence, exporter, self.clock.now()).await? {
            Ok(appraised) => v1::appraise_session_response::Outcome::Appraised(appraised),
            Err(refusal) => {
                tracing::info!(findings = refusal.codes().join(" "), "session Evidence refused");
                v1::appraise_session_response::Outcome::Refused(refusal.told())
            }
        };
        Ok(v1::AppraiseSessionResponse { outcome: Some(outcome) })
    }

    async fn session(
        &self,
        evidence: Vec<u8>,
        exporter: [u8; 32],
        now: UnixTime,
    ) -> Result<Result<v1::AppraisedSession, Refusal>, ServiceError> {
        let read = move |_: &_| Ok((Bound::of_session(&evidence, &exporter)?, ()));
        let Examined { bound, evidence, .. } = match self.examine(read, now).await? {
            Ok(examined) => examined,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let known = self.known_images(&bound).await?;
        let policy = &self.appraiser.in_force().policy;
        let result = Appraiser::appraise(policy, &bound, &evidence, &known, now);
        if let Some(refusal) = appraiser::refusal(&result, &known, (&bound, &evidence), now) {
            return Ok(Err(refusal));
        }
        Ok(result.reference().map_or_else(
            || Err(Refusal::because(&codes::NOT_ADMITTED, "an admitted image", "none")),
            |tuple| Ok(v1::AppraisedSession { reference: tuple.digest().as_bytes().to_vec() }),
        ))
    }
}

//! An appraisal for whoever only wants the conclusion: Evidence in; a signed Attestation Result
//! out. Nothing is admitted, registered or recorded, and no challenge is used up.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_api::v1;
use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::ear::{Ear, Format, Terms};
use cloister_attestation::limits::AUDIENCE_BYTES_MAX;
use cloister_attestation::result::AttestationResult;
use cloister_attestation::time::UnixTime;

use super::presented::Bound;
use super::{Admission, Appraiser, Examined, lease};
use crate::error::ServiceError;
use crate::limits::RESULT_LIFETIME;
use crate::state::Keys;

impl Admission {
    /// Appraises Evidence and signs the conclusion, good or bad. Where none can be reached, the
    /// answer is what speaks against the Evidence.
    ///
    /// # Errors
    /// [`ServiceError`] if the request is unusable, there are too many, or the database failed.
    pub async fn appraise(
        &self,
        request: v1::AppraiseRequest,
    ) -> Result<v1::AppraiseResponse, ServiceError> {
        let format = format(&request)?;
        check(&request)?;
        let _place = self.waiting.try_acquire().map_err(|_| ServiceError::Busy)?;
        let now = self.clock.now();
        let v1::AppraiseRequest { evidence, nonce, audience, .. } = request;
        let read = move |keys: &Keys| {
            let (bound, _) = Bound::read(&evidence, &keys.challenges, now)?;
            Ok((bound.answering(&nonce)?, ()))
        };
        let outcome = match self.examine(read, now).await? {
            Err(refusal) => v1::appraise_response::Outcome::Refused(refusal.told()),
            Ok(Examined { bound, evidence, .. }) => {
                let known = self.known_images(&bound).await?;
                let in_force = self.appraiser.in_force();
                let policy = &in_force.policy;
                let result = Appraiser::appraise(policy, &bound, &evidence, &known, now);
                let asked = Asked { bound: &bound, audience: &audience, format };
                let signed = self.signed(&result, &asked, in_force.digest(), now)?;
                v1::appraise_response::Outcome::Result(signed)
            }
        };
        Ok(v1::AppraiseResponse { outcome: Some(outcome) })
    }

    fn signed(
        &self,
        result: &AttestationResult,
        &Asked { bound, audience, format }: &Asked<'_>,
        policy: Digest48,
        now: UnixTime,
    ) -> Result<v1::SignedResult, ServiceError> {
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).map_err(|_| ServiceError::Defect)?;
        let ear = Ear::of(
            result,
            &Terms {
                issuer: &self.trust.domain().spiffe_id(),
                audience,
                nonce: Some(bound.binding.nonce.as_bytes()),
                policy,
                build: lease::BUILD,
                identity_key: Some(bound.binding.identity_key),
                issued_at: now,
                lifetime: RESULT_LIFETIME,
                id,
            },
        );
        let token = self.keys.results.sign(&ear, format).map_err(|error| {
            tracing::error!(error = %crate::error::chain(&error), "no result can be signed");
            ServiceError::Defect
        })?;
        tracing::info!(audience, tier = %result.tier(), tee = %result.tee(), "appraised");
        let token = match format {
            Format::Jwt => String::from_utf8(token).map_err(|_| ServiceError::Defect)?,
            Format::Cwt => URL_SAFE_NO_PAD.encode(token),
        };
        Ok(v1::SignedResult { token })
    }
}

/// What was asked for, and about what.
struct Asked<'a> {
    bound: &'a Bound,
    audience: &'a str,
    format: Format,
}

fn format(request: &v1::AppraiseRequest) -> Result<Format, ServiceError> {
    match request.format() {
        v1::ResultFormat::Jwt => Ok(Format::Jwt),
        v1::ResultFormat::Cwt => Ok(Format::Cwt),
        v1::ResultFormat::Unspecified => {
            Err(ServiceError::Argument { what: "format", expected: "jwt or cwt" })
        }
    }
}

fn check(request: &v1::AppraiseRequest) -> Result<(), ServiceError> {
    let audience = &request.audience;
    if audience.is_empty()
        || audience.len() > AUDIENCE_BYTES_MAX
        || audience.chars().any(char::is_control)
    {
        let expected = "1 to 512 bytes without control characters";
        return Err(ServiceError::Argument { what: "audience", expected });
    }
    if request.nonce.len() != Nonce::LEN {
        return Err(ServiceError::Argument { what: "nonce", expected: "the challenge's 32 bytes" });
    }
    Ok(())
}

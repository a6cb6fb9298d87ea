//! The relying side: from received bytes to a result that is believed.

use super::{Appraisal, Ear, EarError, Facts, Format, PROFILE, ResultKeys, SUBMODULE, TrustClaim};
use crate::bytes::hex;
use crate::key::SignedMessage;
use crate::limits::{RESULT_BYTES_MAX, RESULT_LIFETIME_MAX, RESULT_NOT_BEFORE_LEEWAY};
use crate::result::Tier;
use crate::time::UnixTime;
use crate::{cose, jws};

/// What a relying party expects of a result.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who is asking: the result has to be for this audience.
    pub audience: &'a str,
    /// The nonce of this request. `None` accepts every result that is still live, also one that
    /// was issued for another request.
    pub nonce: Option<&'a [u8]>,
    /// The time.
    pub now: UnixTime,
}

/// A result that a given key signed for the expected audience, live at the given time. Only
/// [`verify`] makes one.
///
/// It asserts: the Verifier with that key concluded this. It does not assert that the conclusion
/// is a good one ([`Self::status`] says), nor that whoever handed the result over is the machine
/// that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedResult {
    claims: Claims,
}

/// Verifies a received result.
///
/// # Errors
/// [`EarError`] with the first thing that does not hold: form, algorithm, kind, key, signature,
/// claims, dates, audience, nonce.
pub fn verify(
    bytes: &[u8],
    keys: &ResultKeys,
    expected: &Expected<'_>,
) -> Result<VerifiedResult, EarError> {
    let (format, message) = message(bytes)?;
    let Some(key) = keys.find(message.kid()) else {
        return Err(EarError::UnknownKey { kid: hex::encode(message.kid()) });
    };
    let payload = message.verified_by(key).map_err(|_| EarError::Signature)?;
    let claims = claims(&payload, format)?;
    dates(&claims, expected.now)?;
    bindings(&claims.ear, expected)?;
    Ok(VerifiedResult { claims })
}

impl Ear {
    /// Reads the claims of a signed result without asking who signed it.
    ///
    /// # Security
    /// Nothing of it is verified: for showing it to somebody who is told so.
    ///
    /// # Errors
    /// [`EarError`] if it is not a signed result.
    pub fn dangerous_unverified(bytes: &[u8]) -> Result<Self, EarError> {
        let (format, message) = message(bytes)?;
        Self::decode(&message.dangerous_unverified_payload(), format)
    }
}

impl VerifiedResult {
    /// All claims.
    #[must_use]
    pub const fn ear(&self) -> &Ear {
        &self.claims.ear
    }

    /// The conclusion.
    #[must_use]
    pub const fn status(&self) -> Tier {
        self.claims.appraisal.status
    }

    /// The conclusion about the runtime, with its vector.
    #[must_use]
    pub const fn appraisal(&self) -> &Appraisal {
        &self.claims.appraisal
    }

    /// What was concluded from.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        &self.claims.facts
    }
}

/// The claims of a result of ours, with what one always has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    ear: Ear,
    expires_at: UnixTime,
    appraisal: Appraisal,
    facts: Facts,
}

fn message(bytes: &[u8]) -> Result<(Format, SignedMessage), EarError> {
    if bytes.len() > RESULT_BYTES_MAX {
        return Err(EarError::malformed("longer than 64 KiB"));
    }
    let format = Format::of(bytes);
    let message = match format {
        Format::Jwt => jws::parse(bytes, format.typ()),
        Format::Cwt => cose::parse(bytes, Some(format.typ())),
    };
    Ok((format, message?))
}

/// Reads a payload; refuses what [`super::ResultSigner`] would not sign. Signer and verifier both
/// ask.
pub(super) fn claims(payload: &[u8], format: Format) -> Result<Claims, EarError> {
    let ear = Ear::decode(payload, format)?;
    if format == Format::Cwt && ear.encode(format)? != payload {
        return Err(EarError::malformed("claims are not in deterministic form"));
    }
    if ear.profile != PROFILE {
        return Err(EarError::malformed("eat_profile is another one"));
    }
    if ear.issuer.is_none() || ear.audience.is_none() || ear.id.is_none() {
        return Err(EarError::malformed("iss, aud or jti is missing"));
    }
    let expires_at = ear.expires_at.ok_or_else(|| EarError::malformed("exp is missing"))?;
    let lifetime = expires_at.since(ear.issued_at);
    if lifetime.is_zero() || lifetime > RESULT_LIFETIME_MAX {
        return Err(EarError::Lifetime { secs: lifetime.as_secs() });
    }
    let (appraisal, facts) = only_submodule(&ear)?;
    consistent(&appraisal, &facts)?;
    Ok(Claims { ear, expires_at, appraisal, facts })
}

fn only_submodule(ear: &Ear) -> Result<(Appraisal, Facts), EarError> {
    let [(name, appraisal)] = ear.appraisals.as_slice() else {
        return Err(EarError::malformed("not exactly one submodule"));
    };
    if name != SUBMODULE {
        return Err(EarError::malformed("the submodule is another one"));
    }
    if let Some(unknown) = ear.extensions.iter().chain(&appraisal.extensions).next() {
        return Err(EarError::malformed(format!("the claim {unknown} is unknown")));
    }
    if appraisal.policies.len() != 1 {
        return Err(EarError::malformed("not exactly one policy"));
    }
    let facts = appraisal.facts.clone();
    let facts = facts.ok_or_else(|| EarError::malformed("the claims of cloister's are missing"))?;
    Ok((appraisal.clone(), facts))
}

/// What no honest Verifier says, whoever signed it.
fn consistent(appraisal: &Appraisal, facts: &Facts) -> Result<(), EarError> {
    let inconsistent = |reason| Err(EarError::Inconsistent { reason });
    let (status, vector) = (appraisal.status, &appraisal.vector);
    if vector.limit(status) != status {
        return inconsistent("the status is better than the worst claim");
    }
    let affirmed = vector.made().any(|(_, value)| super::vector::tier_of(value) == Tier::Affirming);
    if facts.simulated && (status == Tier::Affirming || affirmed) {
        return inconsistent("something about a simulator is affirmed");
    }
    if status == Tier::Affirming && vector.get(TrustClaim::Executables) == 0 {
        return inconsistent("affirming without a word about executables");
    }
    if (status == Tier::Affirming || status == Tier::Warning) && !facts.failed.is_empty() {
        return inconsistent("a check failed, and the status is not contraindicated");
    }
    Ok(())
}

fn dates(claims: &Claims, now: UnixTime) -> Result<(), EarError> {
    let issued_at = claims.ear.issued_at;
    if issued_at > now.plus(RESULT_NOT_BEFORE_LEEWAY) {
        return Err(EarError::NotYetValid { issued_at, now });
    }
    if claims.expires_at <= now {
        return Err(EarError::Expired { expires_at: claims.expires_at, now });
    }
    Ok(())
}

fn bindings(ear: &Ear, expected: &Expected<'_>) -> Result<(), EarError> {
    let audience = ear.audience.as_deref();
    if audience != Some(expected.audience) {
        return Err(EarError::Audience {
            expected: expected.audience.to_owned(),
            observed: audience.unwrap_or("none").to_owned(),
        });
    }
    match (expected.nonce, &ear.nonce) {
        (None, _) => Ok(()),
        (Some(nonce), Some(found)) if found == nonce => Ok(()),
        (Some(nonce), found) => Err(EarError::Nonce {
            expected: hex::encode(nonce),
            observed: found.as_ref().map_or_else(|| "none".to_owned(), hex::encode),
        }),
    }
}

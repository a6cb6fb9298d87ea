//! Challenges without memory: a nonce carries its own time and proves who made it.
//!
//! ```text
//! issued (8, big-endian seconds) | random (8) | HMAC-SHA-256 over label, issued, random (16)
//! ```
//! Any replica with the key can check any nonce. That each buys at most one lease is the store's
//! rule.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use cloister_attestation::bytes::{Nonce, Reader};
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::time::UnixTime;

use crate::limits::NOT_BEFORE_LEEWAY;

cloister_attestation::codes! {
    /// The nonce was not made by this Verifier.
    FOREIGN = "challenge.foreign", Peer, "RFC 9334 section 10.2",
        "Ask this Verifier for a challenge and collect Evidence for it.",
        "A challenge carries a code that only the Verifier can make. The one in this Evidence was made by another Verifier, by an earlier installation, or by nobody.";
    /// The nonce is too old.
    EXPIRED = "challenge.expired", Peer, "RFC 9334 section 10.2",
        "Ask for a new challenge and collect Evidence for it.",
        "A challenge is good for a short time, two minutes unless configured otherwise. This one is older, or it was made by a Verifier whose clock is ahead.";
    /// The nonce already bought a lease.
    SPENT = "challenge.spent", Peer, "RFC 9334 section 10.2",
        "Ask for a new challenge and collect Evidence for it.",
        "Each challenge buys one lease. A lease was already issued for this one: the request is a repetition, whoever sent it.";
    /// No nonce could be made.
    RANDOM = "challenge.random", Cloister, "",
        "Check that the machine has a working source of randomness.",
        "The operating system gave no random bytes, so no challenge could be made.";
}

const LABEL: &[u8] = b"cloister/challenge/1";
const RANDOM_LEN: usize = 8;
const TAG_LEN: usize = 16;

/// A challenge was refused, or could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// Not made with this key.
    #[error("challenge was not made by this Verifier")]
    Foreign,
    /// Outside its lifetime.
    #[error("challenge of {issued_at} is outside its lifetime at {now}")]
    Expired {
        /// When it was made.
        issued_at: UnixTime,
        /// When it was presented.
        now: UnixTime,
    },
    /// No randomness.
    #[error("no random bytes")]
    Random,
}

impl Diagnostic for ChallengeError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Foreign => &FOREIGN,
            Self::Expired { .. } => &EXPIRED,
            Self::Random => &RANDOM,
        }
    }
}

/// Makes and checks challenges.
pub struct Challenges {
    key: hmac::Key,
    lifetime: Duration,
}

/// A challenge and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// What Evidence has to be bound to.
    pub nonce: Nonce,
    /// It is refused after this time.
    pub expires_at: UnixTime,
}

impl Challenges {
    /// Length of the key in bytes.
    pub const KEY_LEN: usize = 32;

    /// With the key that all replicas share.
    #[must_use]
    pub fn new(key: &[u8; Self::KEY_LEN], lifetime: Duration) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), lifetime }
    }

    /// Makes a challenge.
    ///
    /// # Errors
    /// [`ChallengeError::Random`].
    pub fn issue(&self, now: UnixTime) -> Result<Challenge, ChallengeError> {
        let mut random = [0; RANDOM_LEN];
        SystemRandom::new().fill(&mut random).map_err(|_| ChallengeError::Random)?;
        let issued = now.as_secs().to_be_bytes();
        let nonce = [issued.as_slice(), &random, &self.tag(&issued, &random)].concat();
        let nonce = Nonce::from_slice(&nonce).ok_or(ChallengeError::Random)?;
        Ok(Challenge { nonce, expires_at: now.plus(self.lifetime) })
    }

    /// Checks that this Verifier made `nonce`, and not too long ago. Returns the challenge.
    ///
    /// # Errors
    /// [`ChallengeError::Foreign`] or [`ChallengeError::Expired`].
    pub fn check(&self, nonce: &Nonce, now: UnixTime) -> Result<Challenge, ChallengeError> {
        let mut reader = Reader::new(nonce.as_bytes());
        let issued = reader.array::<8>().ok_or(ChallengeError::Foreign)?;
        let random = reader.array::<RANDOM_LEN>().ok_or(ChallengeError::Foreign)?;
        // SECURITY: in constant time, and before anything else in the nonce is believed.
        verify_slices_are_equal(&self.tag(&issued, &random), reader.rest())
            .map_err(|_| ChallengeError::Foreign)?;
        let issued_at = UnixTime::from_secs(u64::from_be_bytes(issued));
        let expires_at = issued_at.plus(self.lifetime);
        if now > expires_at || issued_at > now.plus(NOT_BEFORE_LEEWAY) {
            return Err(ChallengeError::Expired { issued_at, now });
        }
        Ok(Challenge { nonce: *nonce, expires_at })
    }

    fn tag(&self, issued: &[u8; 8], random: &[u8; RANDOM_LEN]) -> [u8; TAG_LEN] {
        let full = hmac::sign(&self.key, &[LABEL, issued.as_slice(), random].concat());
        let mut tag = [0; TAG_LEN];
        tag.iter_mut().zip(full.as_ref()).for_each(|(to, from)| *to = *from);
        tag
    }
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenges(lifetime {} s, key redacted)", self.lifetime.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cloister_attestation::bytes::Nonce;
    use cloister_attestation::time::UnixTime;

    use super::{ChallengeError, Challenges};

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn challenges() -> Challenges {
        Challenges::new(&[7; 32], Duration::from_secs(120))
    }

    #[test]
    fn a_challenge_is_good_until_its_end_and_not_a_second_longer() {
        let challenge = challenges().issue(NOW).unwrap();
        let at = |secs| challenges().check(&challenge.nonce, NOW.plus(Duration::from_secs(secs)));
        assert_eq!(at(0), Ok(challenge));
        assert_eq!(at(120), Ok(challenge));
        let now = NOW.plus(Duration::from_secs(121));
        assert_eq!(at(121), Err(ChallengeError::Expired { issued_at: NOW, now }));
    }

    #[test]
    fn a_challenge_from_the_future_is_refused_beyond_the_leeway() {
        let nonce = challenges().issue(NOW).unwrap().nonce;
        let before = |secs| challenges().check(&nonce, NOW.minus(Duration::from_secs(secs)));
        assert!(before(30).is_ok());
        assert!(matches!(before(31), Err(ChallengeError::Expired { .. })));
    }

    #[test]
    fn flipping_any_bit_makes_a_challenge_foreign() {
        let nonce = challenges().issue(NOW).unwrap().nonce;
        for at in 0..Nonce::LEN {
            let mut bytes = *nonce.as_bytes();
            bytes[at] ^= 1;
            let refused = challenges().check(&Nonce::new(bytes), NOW);
            assert_eq!(refused, Err(ChallengeError::Foreign), "byte {at}");
        }
    }

    #[test]
    fn a_challenge_of_another_key_is_foreign() {
        let other = Challenges::new(&[8; 32], Duration::from_secs(120));
        let nonce = other.issue(NOW).unwrap().nonce;
        assert_eq!(challenges().check(&nonce, NOW), Err(ChallengeError::Foreign));
    }

    #[test]
    fn challenges_do_not_repeat_within_a_second() {
        let first = challenges().issue(NOW).unwrap();
        assert_ne!(first, challenges().issue(NOW).unwrap());
    }
}

//! What a lease says.

use core::fmt;
use core::time::Duration;

use cloister_attestation::anchor::AnchorKind;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::evidence::Tee;
use cloister_attestation::limits::{NAME_BYTES_MAX, SCOPES_MAX};
use cloister_attestation::result::{PlatformIdentity, Tier};
use cloister_attestation::tdx::TcbStatus;
use cloister_attestation::time::UnixTime;

use super::LeaseError;
use crate::limits::{LEASE_LIFETIME_MAX, NOT_ASSERTED_MAX};
use crate::name::{AgentName, InstanceId, TrustDomain};
use crate::spiffe::SpiffeId;

/// Names one lease: 16 random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseId([u8; 16]);

impl LeaseId {
    /// From 16 random bytes.
    #[must_use]
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Everything that a lease says.
///
/// # Security
/// Claims as such are believed by nobody: [`super::verify`] makes a [`super::VerifiedLease`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseClaims {
    /// The trust domain whose Verifier speaks.
    pub trust_domain: TrustDomain,
    /// The agent that the measured image declares.
    pub agent: AgentName,
    /// SHA-384 of the identity key's SPKI. Also names the instance.
    pub identity_key: Digest48,
    /// SHA-384 of the channel key's SPKI.
    pub channel_key: Digest48,
    /// Names this lease.
    pub id: LeaseId,
    /// When the Verifier decided.
    pub issued_at: UnixTime,
    /// From this second on the lease says nothing.
    pub expires_at: UnixTime,
    /// Version of the Verifier that decided.
    pub verifier_build: String,
    /// Who answers for the agent, as the measured manifest declares.
    pub principal: String,
    /// What the agent is for, as the measured manifest declares.
    pub scope: Vec<String>,
    /// The admitted image's name.
    pub image: String,
    /// The admitted image's version.
    pub version: String,
    /// Digest of the Reference Value tuple that matched.
    pub reference: Digest48,
    /// The hardware that signed the Evidence.
    pub tee: Tee,
    /// Which machine, as far as the Evidence says.
    pub platform: PlatformIdentity,
    /// The fingerprint of the simulator that signed, or `None` for the vendor's hardware.
    pub simulator: Option<Digest48>,
    /// The conclusion of the appraisal.
    pub tier: Tier,
    /// Digest of the Attestation Result.
    pub appraisal: Digest48,
    /// Digest of the Evidence envelope's report or quote.
    pub evidence: Digest48,
    /// The policy epoch under which the Verifier decided.
    pub policy_epoch: u64,
    /// Ids of the checks that nobody vouches for.
    pub not_asserted: Vec<String>,
    /// The vendor's word for the TCB when the Verifier decided, where the vendor publishes one.
    pub tcb_status: Option<TcbStatus>,
    /// Where the operator says that the image runs, as the measured manifest declares. No hardware
    /// vouches for a place.
    pub region_claim: Option<String>,
    /// The number of the newest authorization policy that the Verifier has published for the agent;
    /// 0 where there is none, or where the measured image keeps to its own.
    pub published_policy: u64,
}

impl LeaseClaims {
    /// The boot of the runtime that this lease is for.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        InstanceId::of(&self.identity_key)
    }

    /// The SPIFFE ID that the certificate carries.
    #[must_use]
    pub fn spiffe_id(&self) -> SpiffeId {
        SpiffeId {
            trust_domain: self.trust_domain.clone(),
            agent: self.agent.clone(),
            instance: self.instance(),
        }
    }

    /// Whose root stands behind the Evidence.
    #[must_use]
    pub const fn anchor(&self) -> AnchorKind {
        match self.simulator {
            None => AnchorKind::Vendor,
            Some(_) => AnchorKind::Simulator,
        }
    }

    /// How long the lease lives from issue; zero if the dates are reversed.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        self.expires_at.since(self.issued_at)
    }

    /// The rules that hold for every lease, whoever looks at it: signer and verifier both ask.
    pub(super) fn check(&self) -> Result<(), LeaseError> {
        self.check_texts()?;
        if self.identity_key == self.channel_key {
            return Err(LeaseError::malformed("identity key and channel key are the same"));
        }
        let lifetime = self.lifetime();
        if lifetime.is_zero() || lifetime > LEASE_LIFETIME_MAX {
            return Err(LeaseError::Lifetime { secs: lifetime.as_secs() });
        }
        match (self.tier, self.anchor()) {
            (Tier::Affirming | Tier::Warning, AnchorKind::Vendor)
            | (Tier::Warning, AnchorKind::Simulator) => Ok(()),
            (tier, anchor) => Err(LeaseError::Tier { tier, anchor }),
        }
    }

    fn check_texts(&self) -> Result<(), LeaseError> {
        let singles = [&self.verifier_build, &self.principal, &self.image, &self.version];
        let texts = singles.into_iter().chain(&self.scope).chain(&self.not_asserted);
        let texts = texts.chain(&self.region_claim);
        for text in texts {
            let fits = (1..=NAME_BYTES_MAX).contains(&text.len());
            if !fits || text.chars().any(char::is_control) {
                return Err(LeaseError::malformed(
                    "a text is empty, longer than 128 bytes, or has control characters",
                ));
            }
        }
        if self.scope.len() > SCOPES_MAX || self.not_asserted.len() > NOT_ASSERTED_MAX {
            return Err(LeaseError::malformed("too many entries in a list"));
        }
        Ok(())
    }
}

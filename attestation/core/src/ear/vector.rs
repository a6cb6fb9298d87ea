//! AR4SI's trustworthiness vector: eight claims about an Attester, each a small number.
//!
//! SPEC: draft-ietf-rats-ar4si section 2.3.

use crate::result::Tier;

/// One claim of the vector; its number is its label in CBOR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum TrustClaim {
    /// Whether this very instance is known and trusted.
    InstanceIdentity,
    /// Whether its configuration is an approved one.
    Configuration,
    /// Whether what it runs is what was approved.
    Executables,
    /// Whether its files are what was approved.
    FileSystem,
    /// Whether its hardware and firmware are genuine and supported.
    Hardware,
    /// Whether its memory is hidden from everybody else.
    RuntimeOpaque,
    /// Whether its storage is.
    StorageOpaque,
    /// Whether the data that it takes in has been appraised.
    SourcedData,
}

impl TrustClaim {
    /// Every claim, in the order of the labels.
    pub const ALL: [Self; 8] = [
        Self::InstanceIdentity,
        Self::Configuration,
        Self::Executables,
        Self::FileSystem,
        Self::Hardware,
        Self::RuntimeOpaque,
        Self::StorageOpaque,
        Self::SourcedData,
    ];

    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InstanceIdentity => "instance-identity",
            Self::Configuration => "configuration",
            Self::Executables => "executables",
            Self::FileSystem => "file-system",
            Self::Hardware => "hardware",
            Self::RuntimeOpaque => "runtime-opaque",
            Self::StorageOpaque => "storage-opaque",
            Self::SourcedData => "sourced-data",
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::InstanceIdentity => 0,
            Self::Configuration => 1,
            Self::Executables => 2,
            Self::FileSystem => 3,
            Self::Hardware => 4,
            Self::RuntimeOpaque => 5,
            Self::StorageOpaque => 6,
            Self::SourcedData => 7,
        }
    }
}

/// Values of claims.
pub(super) mod value {
    /// Nobody vouches for it.
    pub(crate) const NO_CLAIM: i8 = 0;
    /// Affirming, in the claim's own sense.
    pub(crate) const AFFIRMING: i8 = 2;
    /// Executables: approved ones were loaded at boot. What was loaded later is not judged.
    pub(crate) const APPROVED_BOOT: i8 = 3;
    /// Hardware: genuine, with known vulnerabilities.
    pub(crate) const KNOWN_VULNERABILITIES: i8 = 32;
    /// Executables: not recognised.
    pub(crate) const UNRECOGNISED: i8 = 33;
    /// Hardware, a value of ours in the range for Verifiers' own warnings: a software TEE signed,
    /// under a policy that names it.
    pub(crate) const SIMULATED: i8 = -33;
    /// Contraindicated, in the claim's own sense.
    pub(crate) const CONTRAINDICATED: i8 = 96;
    /// Instance identity: not recognised, and should be.
    pub(crate) const UNKNOWN_INSTANCE: i8 = 97;
    /// Hardware and firmware: not recognised, and should be.
    pub(crate) const UNRECOGNISED_HARDWARE: i8 = 97;
}

/// The eight claims. No claim is made where a value is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TrustVector([i8; 8]);

impl TrustVector {
    /// One claim's value.
    #[must_use]
    pub fn get(&self, claim: TrustClaim) -> i8 {
        self.0.get(claim.index()).copied().unwrap_or(value::NO_CLAIM)
    }

    /// With this value for one claim.
    #[must_use]
    pub fn with(mut self, claim: TrustClaim, value: i8) -> Self {
        if let Some(slot) = self.0.get_mut(claim.index()) {
            *slot = value;
        }
        self
    }

    /// The claims that are made, with their values.
    pub fn made(&self) -> impl Iterator<Item = (TrustClaim, i8)> + '_ {
        TrustClaim::ALL
            .into_iter()
            .map(|claim| (claim, self.get(claim)))
            .filter(|(_, value)| *value != value::NO_CLAIM)
    }

    /// `tier`, lowered to what the worst claim permits: a status never says better than its
    /// vector.
    ///
    /// SPEC: draft-ietf-rats-ear, "EAR Appraisal Claims", `ear_status`.
    #[must_use]
    pub fn limit(&self, tier: Tier) -> Tier {
        let tiers = self.made().map(|(_, value)| tier_of(value));
        tiers.fold(
            tier,
            |worst, claimed| if badness(claimed) > badness(worst) { claimed } else { worst },
        )
    }
}

/// The tier that a value of a claim is in.
///
/// SPEC: draft-ietf-rats-ar4si section 2.3.2.
#[must_use]
pub(super) const fn tier_of(value: i8) -> Tier {
    match value {
        -1..=1 => Tier::None,
        -32..=31 => Tier::Affirming,
        -96..=95 => Tier::Warning,
        _ => Tier::Contraindicated,
    }
}

/// No claim outranks affirming: a vector with gaps may still stand under an affirming status.
const fn badness(tier: Tier) -> u8 {
    match tier {
        Tier::None | Tier::Affirming => 0,
        Tier::Warning => 1,
        Tier::Contraindicated => 2,
    }
}

/// What a value means, in words.
#[must_use]
pub(super) const fn words(claim: TrustClaim, value: i8) -> &'static str {
    match (claim, value) {
        (_, value::NO_CLAIM) => "no claim",
        (_, 1) => "the Evidence could not be understood",
        (_, -1) => "the Verifier failed",
        (_, 99) => "cryptographic validation failed",
        (TrustClaim::InstanceIdentity, 2) => "known, and not known to be compromised",
        (TrustClaim::InstanceIdentity, 96) => "known, and not trustworthy",
        (TrustClaim::InstanceIdentity, 97) => "not recognised, and should be",
        (TrustClaim::Configuration, 2) => "known and approved",
        (TrustClaim::Configuration, 3) => "no known vulnerabilities",
        (TrustClaim::Configuration, 32) => "known vulnerabilities",
        (TrustClaim::Configuration, 36) => "parts of it cannot be seen",
        (TrustClaim::Configuration, 96) => "unacceptable",
        (TrustClaim::Executables, 2) => "only approved ones were loaded, at boot and since",
        (TrustClaim::Executables, 3) => "only approved ones were loaded at boot",
        (TrustClaim::Executables, 4) => "approved ones, some with known vulnerabilities",
        (TrustClaim::Executables, 32) => "recognised, some with known vulnerabilities",
        (TrustClaim::Executables, 33) => "not recognised",
        (TrustClaim::Executables, 96) => "contraindicated",
        (TrustClaim::FileSystem, 2) => "only approved files",
        (TrustClaim::FileSystem, 32) => "unrecognised files",
        (TrustClaim::FileSystem, 96) => "contraindicated files",
        (TrustClaim::Hardware, 2) => "genuine and supported",
        (TrustClaim::Hardware, 32) => "genuine, with known vulnerabilities",
        (TrustClaim::Hardware, value::SIMULATED) => "simulated: nothing is said about hardware",
        (TrustClaim::Hardware, 96) => "recognised, and not trustworthy",
        (TrustClaim::Hardware, 97) => "not recognised, and should be",
        (TrustClaim::RuntimeOpaque, 2) => "encrypted in a TEE, hidden from the host",
        (TrustClaim::RuntimeOpaque, 32) => "isolated from other guests, not from the host",
        (TrustClaim::RuntimeOpaque, 96) => "visible to the host",
        (TrustClaim::StorageOpaque, 2) => "secrets encrypted with keys of the hardware",
        (TrustClaim::StorageOpaque, 32) => "secrets encrypted with keys outside it",
        (TrustClaim::StorageOpaque, 96) => "secrets not encrypted",
        (TrustClaim::SourcedData, 2) => "all of it from appraised sources",
        (TrustClaim::SourcedData, 32) => "from sources of warning",
        (TrustClaim::SourcedData, 96) => "from contraindicated sources",
        (_, value) => match tier_of(value) {
            Tier::None => "no claim",
            Tier::Affirming => "affirming, in the Verifier's own sense",
            Tier::Warning => "a warning, in the Verifier's own sense",
            Tier::Contraindicated => "contraindicated, in the Verifier's own sense",
        },
    }
}

impl TrustVector {
    /// What one claim says, in words.
    #[must_use]
    pub fn words(&self, claim: TrustClaim) -> &'static str {
        words(claim, self.get(claim))
    }
}

#[cfg(test)]
mod tests {
    use super::{TrustClaim, TrustVector, tier_of};
    use crate::result::Tier;

    #[test]
    fn every_value_is_in_the_tier_that_the_draft_gives_it() {
        for value in i8::MIN..=i8::MAX {
            let expected = match value {
                -1..=1 => Tier::None,
                2..=31 | -32..=-2 => Tier::Affirming,
                32..=95 | -96..=-33 => Tier::Warning,
                96..=127 | -128..=-97 => Tier::Contraindicated,
            };
            assert_eq!(tier_of(value), expected, "{value}");
        }
    }

    #[test]
    fn a_status_is_lowered_by_the_worst_claim_and_raised_by_none() {
        let vector = |value| TrustVector::default().with(TrustClaim::Hardware, value);
        for (value, tier, limited) in [
            (0, Tier::Affirming, Tier::Affirming),
            (2, Tier::None, Tier::None),
            (2, Tier::Contraindicated, Tier::Contraindicated),
            (32, Tier::Affirming, Tier::Warning),
            (-33, Tier::Affirming, Tier::Warning),
            (96, Tier::Warning, Tier::Contraindicated),
        ] {
            assert_eq!(vector(value).limit(tier), limited, "{value} {tier}");
        }
        let worst = vector(2).with(TrustClaim::Executables, 33).with(TrustClaim::SourcedData, 96);
        assert_eq!(worst.limit(Tier::Affirming), Tier::Contraindicated);
    }
}

//! What a runtime's operator port says, as far as the demo shows it.

use serde::Deserialize;

/// A runtime's own lease.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Lease {
    /// Names this lease.
    pub id: String,
    /// The admitted image.
    pub image: String,
    /// Its version.
    pub version: String,
    /// `snp` or `tdx`.
    pub tee: String,
    /// The appraisal's conclusion.
    pub tier: String,
    /// Whether a software TEE signed.
    pub simulated: bool,
    /// Seconds since 1970.
    pub issued_at: u64,
    /// Seconds since 1970.
    pub expires_at: u64,
    /// Checks that nobody vouches for.
    pub not_asserted: Vec<String>,
}

impl Lease {
    /// One line.
    #[must_use]
    pub fn describe(&self) -> String {
        format!(
            "image {} {}, tier {}{}, lease for {} s, {} checks not asserted",
            self.image,
            self.version,
            self.tier,
            if self.simulated { " (simulated)" } else { "" },
            self.expires_at.saturating_sub(self.issued_at),
            self.not_asserted.len(),
        )
    }
}

/// One open channel, seen from one end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Channel {
    /// Who dialled.
    pub direction: String,
    /// The peer's agent.
    pub agent: String,
    /// The peer's image.
    pub image: String,
    /// Its version.
    pub version: String,
    /// What the peer's Evidence came from.
    pub tee: String,
    /// The peer's appraisal.
    pub tier: String,
    /// The negotiated key exchange.
    pub group: String,
}

impl Channel {
    /// One line.
    #[must_use]
    pub fn describe(&self) -> String {
        format!(
            "{} channel with {}: image {} {} on {}, tier {}, {}",
            self.direction, self.agent, self.image, self.version, self.tee, self.tier, self.group,
        )
    }
}

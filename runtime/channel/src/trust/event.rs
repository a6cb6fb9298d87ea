//! What one event of the Verifier's stream does to a trust bundle.

use cloister_api::v1;
use cloister_api::v1::watch_event::Event;
use cloister_attestation::time::UnixTime;

use super::{Revocation, TrustBundle, TrustError};
use crate::name::AgentName;

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Nothing that was not known.
    Known,
    /// It is part of the bundle now. This is the event in words.
    Applied(String),
    /// Events in between were missed: the whole bundle has to be fetched again.
    Gap {
        /// The sequence number that should have come.
        expected: u64,
        /// The one that came.
        observed: u64,
    },
    /// Keys or issuers changed: the whole bundle has to be fetched again.
    Replaced,
    /// An authorization policy was published. The event does not carry it.
    Published {
        /// The agent that it is for; `None` for every one.
        agent: Option<AgentName>,
        /// Its number.
        number: u64,
    },
}

impl TrustBundle {
    /// Takes an event of the stream that this bundle's sequence number was given for. Only
    /// [`Followed::Applied`] changes the bundle.
    ///
    /// # Errors
    /// [`TrustError`] for an event that does not read, if there is no room for a revocation, or if
    /// the Verifier's log has gone back. Nothing is changed then, and the whole bundle has to be
    /// fetched again.
    pub fn follow(&mut self, event: v1::WatchEvent) -> Result<Followed, TrustError> {
        let expected = self.sequence.saturating_add(1);
        let observed = event.sequence;
        let Some(event) = event.event.filter(|event| !matches!(event, Event::Heartbeat(_))) else {
            // A heartbeat names the last event that there was, and is none itself.
            return self.heartbeat(observed);
        };
        if observed < expected {
            return Ok(Followed::Known);
        }
        if observed > expected {
            return Ok(Followed::Gap { expected, observed });
        }
        let followed = self.apply(event)?;
        if followed != Followed::Replaced {
            self.advance_to(observed);
        }
        Ok(followed)
    }

    /// A Verifier that was set back to an older copy of its record numbers new events as old ones
    /// were: they would pass for events that were seen.
    fn heartbeat(&self, observed: u64) -> Result<Followed, TrustError> {
        let seen = self.sequence;
        match observed {
            _ if observed < seen => Err(TrustError::Sequence { seen, observed }),
            _ if observed == seen => Ok(Followed::Known),
            _ => Ok(Followed::Gap { expected: seen.saturating_add(1), observed }),
        }
    }

    fn apply(&mut self, event: Event) -> Result<Followed, TrustError> {
        match event {
            Event::Heartbeat(_) | Event::TrustChanged(_) => Ok(Followed::Replaced),
            Event::Revoked(revoked) => self.apply_revocation(revoked).map(Followed::Applied),
            Event::Restored(restored) => {
                self.restore(&named(&restored.instance, "restored instance")?);
                let what = format!("restored {}/{}", restored.agent, restored.instance);
                Ok(Followed::Applied(what))
            }
            Event::PolicyEpoch(epoch) => {
                self.raise_policy_epoch_floor(epoch.floor);
                Ok(Followed::Applied(format!("policy epoch floor {}", epoch.floor)))
            }
            Event::PolicyPublished(published) => {
                let for_all = published.agent.is_empty();
                let agent = (!for_all).then(|| named(&published.agent, "audience of a policy"));
                Ok(Followed::Published { agent: agent.transpose()?, number: published.number })
            }
        }
    }

    fn apply_revocation(&mut self, revoked: v1::RevokedInstance) -> Result<String, TrustError> {
        let what = format!("revoked {}/{}: {}", revoked.agent, revoked.instance, revoked.reason);
        let instance = named(&revoked.instance, "revoked instance")?;
        let agent = named(&revoked.agent, "revoked agent")?;
        let forget_after = UnixTime::from_secs(revoked.forget_after);
        self.revoke(instance, Revocation { agent, reason: revoked.reason, forget_after })?;
        Ok(what)
    }
}

fn named<T: core::str::FromStr>(text: &str, what: &str) -> Result<T, TrustError> {
    text.parse().map_err(|_| TrustError::malformed(&format!("{what} is not named properly")))
}

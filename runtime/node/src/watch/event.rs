//! What one event of the Verifier does to the trust bundle: a pure function.

use cloister_api::v1;
use cloister_api::v1::watch_event::Event;
use cloister_attestation::time::UnixTime;
use cloister_channel::TrustBundle;
use cloister_channel::trust::{Revocation, TrustError};

/// What an event does.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing that was not known.
    Nothing,
    /// The bundle with the event applied, and the event in words.
    Updated(Box<TrustBundle>, String),
    /// Events in between were missed.
    Gap {
        /// The sequence number that should have come.
        expected: u64,
        /// The one that came.
        observed: u64,
    },
    /// Keys or issuers changed: the whole bundle has to be fetched again.
    Refetch,
}

/// Applies `event` to `trust` at `now`.
///
/// # Errors
/// [`TrustError`] for an event that does not read, if there is no room for a revocation, or if the
/// Verifier's log has gone back. The caller then starts over from the whole bundle.
pub(super) fn step(
    trust: &TrustBundle,
    event: v1::WatchEvent,
    now: UnixTime,
) -> Result<Step, TrustError> {
    let expected = trust.sequence().saturating_add(1);
    let observed = event.sequence;
    let Some(event) = event.event.filter(|event| !matches!(event, Event::Heartbeat(_))) else {
        // A heartbeat names the last event that there was, and is none itself.
        return heartbeat(trust.sequence(), observed);
    };
    if observed < expected {
        return Ok(Step::Nothing);
    }
    if observed > expected {
        return Ok(Step::Gap { expected, observed });
    }
    if matches!(event, Event::TrustChanged(_)) {
        return Ok(Step::Refetch);
    }
    let mut next = trust.clone();
    next.forget_ended(now);
    let what = apply(&mut next, event)?;
    next.advance_to(observed);
    Ok(Step::Updated(Box::new(next), what))
}

/// A Verifier that was set back to an older copy of its record numbers new events as old ones were:
/// they would pass for events that were seen.
fn heartbeat(seen: u64, observed: u64) -> Result<Step, TrustError> {
    let expected = seen.saturating_add(1);
    match observed {
        _ if observed < seen => Err(TrustError::Sequence { seen, observed }),
        _ if observed == seen => Ok(Step::Nothing),
        _ => Ok(Step::Gap { expected, observed }),
    }
}

fn apply(trust: &mut TrustBundle, event: Event) -> Result<String, TrustError> {
    match event {
        Event::Heartbeat(_) | Event::TrustChanged(_) => Ok("nothing".to_owned()),
        Event::Revoked(revoked) => {
            let instance = revoked.instance.parse().map_err(|_| malformed("revoked instance"))?;
            let agent = revoked.agent.parse().map_err(|_| malformed("revoked agent"))?;
            let what =
                format!("revoked {}/{}: {}", revoked.agent, revoked.instance, revoked.reason);
            let forget_after = UnixTime::from_secs(revoked.forget_after);
            trust.revoke(instance, Revocation { agent, reason: revoked.reason, forget_after })?;
            Ok(what)
        }
        Event::Restored(restored) => {
            let instance = restored.instance.parse().map_err(|_| malformed("restored instance"))?;
            trust.restore(&instance);
            Ok(format!("restored {}/{}", restored.agent, restored.instance))
        }
        Event::PolicyEpoch(epoch) => {
            trust.raise_policy_epoch_floor(epoch.floor);
            Ok(format!("policy epoch floor {}", epoch.floor))
        }
    }
}

fn malformed(what: &str) -> TrustError {
    TrustError::Malformed { reason: format!("{what} is not named properly") }
}

#[cfg(test)]
mod tests;

//! The log shown to others, and the logs of others seen.

use std::sync::{MutexGuard, PoisonError};

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::Diagnostic as _;
use cloister_audit::record::{Vouched, Witnessed};
use cloister_audit::{
    AuditError, Cosignature, Event, Observer, Offer, Seen, SignedCheckpoint, SignedCosignature,
    Witness,
};
use cloister_gateway::peer_facts;
use cloister_policy::Subject;
use tokio::sync::watch;
use tracing::warn;

use super::{AuditLog, AuditLogError, Inner};

/// A peer, and the identity key that its lease attests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) identity_key: Digest48,
}

impl Peer<'_> {
    fn observer(&self) -> Observer {
        Observer::Peer(self.subject.instance.clone())
    }

    /// Whether a log or a cosignature that says whose it is says that it is this peer's.
    fn check(&self, origin: &cloister_audit::Origin) -> Result<(), AuditError> {
        let own = origin.thumbprint() == self.identity_key
            && origin.agent == self.subject.agent
            && origin.trust_domain == self.subject.trust_domain;
        if own {
            return Ok(());
        }
        let (expected, observed) = (self.identity_key.to_string(), origin.thumbprint().to_string());
        Err(AuditError::Origin { expected, observed })
    }
}

impl AuditLog {
    /// Signs what there is now, for the Verifier, and resolves once it is durable.
    ///
    /// # Errors
    /// As [`Self::checkpoint`].
    pub(crate) async fn offer_to_verifier(&self) -> Result<Offer, AuditLogError> {
        let (offer, ticket) = {
            let mut inner = self.lock();
            let again = inner.audience.unanswered(&Observer::Verifier).cloned();
            let checkpoint = match again {
                Some(checkpoint) => checkpoint,
                None => self.0.sign(&mut inner)?,
            };
            (inner.offer(Observer::Verifier, checkpoint), inner.ticket())
        };
        self.0.wake.notify_one();
        self.settled(ticket).await?;
        Ok(offer)
    }

    /// The Verifier has what was offered: from now on, peers are shown it.
    pub(crate) fn shown_to_verifier(&self, offer: &Offer) {
        let size = offer.checkpoint.checkpoint().size;
        self.lock().audience.accept(&Observer::Verifier, size);
        self.0.shown.send_replace(size);
    }

    /// How many records the Verifier has been shown, as it changes; 0 for none.
    pub(crate) fn shown(&self) -> watch::Receiver<u64> {
        self.0.shown.subscribe()
    }

    /// Grows with everything that is recorded, but not with who was shown what.
    pub(crate) fn weight(&self) -> u64 {
        self.lock().weight
    }

    /// What there is to show to `peer`: nothing but what the Verifier has, so that whoever hears of
    /// both can compare. `None` if the peer has it, or if as many peers are shown the log as may be.
    pub(crate) fn offer_to(&self, peer: Peer<'_>) -> Option<Offer> {
        let (mut inner, observer) = (self.lock(), peer.observer());
        let shown = inner.audience.held(&Observer::Verifier)?.clone();
        if inner.audience.held(&observer) == Some(&shown) || !inner.audience.admits(&observer) {
            return None;
        }
        let checkpoint = inner.audience.unanswered(&observer).cloned().unwrap_or(shown);
        Some(inner.offer(observer, checkpoint))
    }

    /// `peer` cannot be shown anything any more.
    pub(crate) fn left(&self, instance: &str) {
        self.lock().audience.leave(&Observer::Peer(instance.to_owned()));
    }

    /// Takes what `peer` shows of its own log, and vouches for it where it only grew. Both are on
    /// record before anything is signed.
    ///
    /// # Errors
    /// [`AuditLogError`] if nothing could be recorded or signed.
    pub(crate) async fn witness(
        &self,
        peer: Peer<'_>,
        offer: &Offer,
    ) -> Result<Option<SignedCosignature>, AuditLogError> {
        let origin = &offer.checkpoint.checkpoint().origin;
        let seen = peer.check(origin).and_then(|()| self.seen().take(offer));
        let refused = match &seen {
            Ok(seen) => seen.gap.as_ref(),
            Err(error) => Some(error),
        };
        if let Some(error) = refused {
            let (agent, instance) = (&peer.subject.agent, &peer.subject.instance);
            warn!(%agent, %instance, code = error.code().id, %error, "a peer shows another log than before");
        }
        let witnessed = Witnessed {
            peer: peer_facts(peer.subject),
            checkpoint: offer.checkpoint.bytes().to_vec(),
            refused: refused.map(|error| error.code().id.to_owned()),
        };
        self.record(Event::Witnessed(witnessed)).await?;
        seen.ok().map(|seen| self.cosign(offer, &seen)).transpose()
    }

    fn cosign(&self, offer: &Offer, seen: &Seen) -> Result<SignedCosignature, AuditLogError> {
        let owner = &self.0.owner;
        let (witness, at) = (self.0.origin.clone(), owner.clock.now());
        let word = Cosignature::over(offer.checkpoint.checkpoint(), witness, seen.since, at);
        SignedCosignature::sign(&word, |typ, payload| {
            owner.identity.sign_typed(typ, payload).map_err(AuditLogError::from)
        })
    }

    /// Takes `peer`'s word for this log.
    ///
    /// # Errors
    /// [`AuditLogError::Record`] if it is not the peer's, or not over what the peer was shown.
    pub(crate) fn vouched(
        &self,
        peer: Peer<'_>,
        cosignature: &SignedCosignature,
    ) -> Result<(), AuditLogError> {
        let (word, observer) = (cosignature.statement(), peer.observer());
        peer.check(&word.witness)?;
        let is_shown = {
            let mut inner = self.lock();
            let offered = inner.audience.offered(&observer, word.size);
            let is_shown = offered.is_some_and(|offered| word.is_over(offered.checkpoint()));
            if is_shown {
                inner.audience.accept(&observer, word.size);
            }
            is_shown
        };
        if !is_shown {
            let reason = "it is over something that the peer was not shown";
            return Err(AuditError::Cosignature(reason).into());
        }
        let cosignature = cosignature.bytes().to_vec();
        self.note(Event::Vouched(Vouched { peer: peer_facts(peer.subject), cosignature }));
        Ok(())
    }

    /// What peers showed of their logs, and what contradicts it.
    pub(crate) fn witnessed(&self) -> Vec<SignedCheckpoint> {
        self.seen().newest().cloned().collect()
    }

    fn seen(&self) -> MutexGuard<'_, Witness> {
        self.0.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Offers `checkpoint`, which is one of this log, with proofs from whatever the observer may
    /// have.
    fn offer(&mut self, observer: Observer, checkpoint: SignedCheckpoint) -> Offer {
        let size = checkpoint.checkpoint().size;
        if size == self.growth.end() {
            self.growth.mark();
        }
        let (growth, audience) = (&mut self.growth, &mut self.audience);
        let from = audience.sizes(&observer);
        let proofs = from.filter_map(|from| growth.proof(from, size)).collect();
        audience.offer(observer, &checkpoint);
        growth.keep(|size| audience.needs(size));
        Offer { checkpoint, proofs }
    }
}

#[cfg(test)]
mod tests;

//! What a runtime keeps of its peers' logs.

use std::collections::BTreeMap;

use crate::checkpoint::SignedCheckpoint;
use crate::error::AuditError;
use crate::limits::WITNESSES_MAX;
use crate::offer::Offer;

/// The newest checkpoint of each log that was shown, by its instance; of so many logs.
#[derive(Debug, Default)]
pub struct Witness {
    logs: BTreeMap<String, Followed>,
    turn: u64,
}

#[derive(Debug)]
struct Followed {
    checkpoint: SignedCheckpoint,
    since: u64,
    /// The first that contradicts what was seen before it.
    fork: Option<SignedCheckpoint>,
    /// When it was shown last, counted in offers.
    turn: u64,
}

/// What was made of a checkpoint that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// From this size on every tree that was shown extends the one before.
    pub since: u64,
    /// Why nothing shows that it extends what was shown before: the log is followed anew.
    pub gap: Option<AuditError>,
}

impl Witness {
    /// Takes a checkpoint that its own runtime shows. Whose it is, the caller has checked.
    ///
    /// A log that cannot be shown to extend what was seen of it is followed anew: the cosignature
    /// says from where on.
    ///
    /// # Errors
    /// [`AuditError::Fork`] if it contradicts what was seen; [`AuditError::Equivocation`] for one
    /// that is older. What is kept stays then.
    pub fn take(&mut self, offer: &Offer) -> Result<Seen, AuditError> {
        let shown = offer.checkpoint.checkpoint();
        let (instance, size) = (shown.origin.instance(), shown.size);
        let seen = match self.logs.get_mut(&instance) {
            None => Seen { since: size, gap: None },
            Some(followed) => followed.see(offer)?,
        };
        self.turn = self.turn.saturating_add(1);
        let (checkpoint, since, turn) = (offer.checkpoint.clone(), seen.since, self.turn);
        let fork = self.logs.remove(&instance).and_then(|followed| followed.fork);
        self.logs.insert(instance, Followed { checkpoint, since, fork, turn });
        self.forget();
        Ok(seen)
    }

    /// What was shown last of every log that is followed, and what contradicts it.
    pub fn newest(&self) -> impl Iterator<Item = &SignedCheckpoint> {
        self.logs
            .values()
            .flat_map(|followed| [&followed.checkpoint].into_iter().chain(&followed.fork))
    }

    fn forget(&mut self) {
        while self.logs.len() > WITNESSES_MAX {
            let oldest = self.logs.iter().min_by_key(|(_, log)| log.turn);
            let Some(oldest) = oldest.map(|(instance, _)| instance.clone()) else { return };
            self.logs.remove(&oldest);
        }
    }
}

impl Followed {
    fn see(&mut self, offer: &Offer) -> Result<Seen, AuditError> {
        let (held, size) = (self.checkpoint.checkpoint(), offer.checkpoint.checkpoint().size);
        match offer.extends(held) {
            Ok(()) => Ok(Seen { since: self.since, gap: None }),
            Err(gap @ AuditError::Equivocation { .. }) if size > held.size => {
                Ok(Seen { since: size, gap: Some(gap) })
            }
            Err(error) => {
                if matches!(error, AuditError::Fork { .. }) {
                    self.fork.get_or_insert_with(|| offer.checkpoint.clone());
                }
                Err(error)
            }
        }
    }
}

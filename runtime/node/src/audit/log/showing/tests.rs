//! Two runtimes show each other their logs, and a Verifier hears of both.

use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::result::Tier;
use cloister_audit::record::Omitted;
use cloister_audit::{
    AuditError, Checkpoint, Event, Frames, Hash, Offer, Progress, Replay, SignedCheckpoint,
};
use cloister_channel::IdentityKey;
use cloister_policy::Subject;

use super::{AuditLog, AuditLogError, Peer};
use crate::audit::log::Owner;
use crate::testing::{World, began, owner};

/// A runtime with a log, as its peers know it.
struct Runtime {
    identity: Arc<IdentityKey>,
    log: AuditLog,
    subject: Subject,
}

impl Runtime {
    fn boot(agent: &str) -> Self {
        let identity = Arc::new(IdentityKey::generate().unwrap());
        let owner = Owner { identity: Arc::clone(&identity), agent: agent.into(), ..owner() };
        let log = AuditLog::in_memory(owner, began()).unwrap();
        let world = World::new();
        let (me, peer) = (world.runtime("me", LIFE), world.runtime(agent, LIFE));
        let established = world.dialled(&me, &peer);
        let subject = Subject {
            instance: identity.instance().to_string(),
            tier: Tier::Affirming,
            ..cloister_gateway::subject(established.peer())
        };
        Self { identity, log, subject }
    }

    fn peer(&self) -> Peer<'_> {
        Peer { subject: &self.subject, identity_key: *self.identity.thumbprint() }
    }

    fn work(&self) {
        self.log.note(Event::Omitted(Omitted { what: "work".into(), count: 1 }));
    }

    /// The Verifier takes what is shown.
    async fn show(&self) -> Offer {
        let offer = self.log.offer_to_verifier().await.unwrap();
        self.log.shown_to_verifier(&offer);
        offer
    }

    fn progress(&self) -> Progress {
        let excerpt = self.log.excerpt().unwrap();
        let (mut frames, mut replay) = (Frames::new(excerpt.as_slice()), Replay::new(None));
        while let Some(frame) = frames.next_frame().unwrap() {
            drop(replay.take(&frame).unwrap());
        }
        replay.progress().unwrap()
    }

    fn forged(&self, size: u64) -> Offer {
        let said = self.log.0.origin.clone();
        let checkpoint =
            Checkpoint::new(said, size, Hash::of(b"another history"), self.log.0.owner.clock.now());
        let signed = SignedCheckpoint::sign::<AuditLogError>(&checkpoint, |typ, payload| {
            self.identity.sign_typed(typ, payload).map_err(AuditLogError::from)
        });
        Offer { checkpoint: signed.unwrap(), proofs: Vec::new() }
    }
}

const LIFE: core::time::Duration = core::time::Duration::from_secs(300);

/// `of` shows `to` what there is to show, and has its word for it.
async fn exchange(of: &Runtime, to: &Runtime) -> Option<u64> {
    let offer = of.log.offer_to(to.peer())?;
    let word = to.log.witness(of.peer(), &offer).await.unwrap().expect("a word");
    of.log.vouched(to.peer(), &word).unwrap();
    Some(word.statement().size)
}

#[tokio::test]
async fn what_the_verifier_has_is_what_peers_are_shown_and_vouch_for() {
    let (a, b) = (Runtime::boot("a"), Runtime::boot("b"));
    assert_eq!(a.log.offer_to(b.peer()), None, "the Verifier has nothing yet");
    for round in 0..5 {
        a.work();
        let shown = a.show().await;
        a.work();
        let size = shown.checkpoint.checkpoint().size;
        assert_eq!(exchange(&a, &b).await, Some(size), "round {round}");
        assert_eq!(a.log.offer_to(b.peer()), None, "nothing is new");
    }
    let progress = a.progress();
    let [vouch] = progress.witnesses.as_slice() else { panic!("{progress:?}") };
    assert_eq!((vouch.agent.as_str(), &vouch.instance), ("b", &b.subject.instance));
    assert_eq!(vouch.since, 2, "it saw the log grow from the first checkpoint on");
    assert_eq!(b.log.witnessed().len(), 1);
    assert!(b.progress().size > 5, "what was shown is on the witness's record");
}

#[tokio::test]
async fn being_shown_something_is_no_news_by_itself() {
    let (a, b) = (Runtime::boot("a"), Runtime::boot("b"));
    a.show().await;
    let (of_a, of_b) = (a.log.weight(), b.log.weight());
    exchange(&a, &b).await.unwrap();
    assert_eq!((a.log.weight(), b.log.weight()), (of_a, of_b));
    a.work();
    assert!(a.log.weight() > of_a);
}

#[tokio::test]
async fn lost_answers_are_made_up_for_with_proofs_from_all_that_may_have_arrived() {
    let (a, b) = (Runtime::boot("a"), Runtime::boot("b"));
    for lost in 0..10 {
        a.work();
        a.show().await;
        let offer = a.log.offer_to(b.peer()).unwrap();
        // It arrives every other time, and the answer never.
        if lost % 2 == 0 {
            let word = b.log.witness(a.peer(), &offer).await.unwrap().unwrap();
            assert_eq!(word.statement().since, 2, "round {lost}");
        }
    }
    assert_eq!(exchange(&a, &b).await.map(|size| size > 2), Some(true));
    // Unanswered offers to the Verifier end in one that is made again.
    let mut sizes = Vec::new();
    for _ in 0..6 {
        a.work();
        let offer = a.log.offer_to_verifier().await.unwrap();
        sizes.push(offer.checkpoint.checkpoint().size);
    }
    assert_eq!(sizes[2..], [sizes[2]; 4]);
}

#[tokio::test]
async fn a_fork_is_not_vouched_for_and_both_sides_of_it_are_told() {
    let (a, b) = (Runtime::boot("a"), Runtime::boot("b"));
    let honest = a.show().await;
    exchange(&a, &b).await.unwrap();
    let fork = a.forged(honest.checkpoint.checkpoint().size);
    assert_eq!(b.log.witness(a.peer(), &fork).await.unwrap(), None);
    assert_eq!(b.log.witnessed(), [honest.checkpoint, fork.checkpoint]);
}

#[tokio::test]
async fn nobody_shows_the_log_or_vouches_in_the_name_of_another() {
    let (a, b, c) = (Runtime::boot("a"), Runtime::boot("b"), Runtime::boot("c"));
    let offer = a.show().await;
    // The log of `a`, shown by `c`.
    assert_eq!(b.log.witness(c.peer(), &offer).await.unwrap(), None);
    assert_eq!(b.log.witnessed(), []);
    let renamed = Peer { identity_key: Digest48::sha384(b"another key"), ..a.peer() };
    assert_eq!(b.log.witness(renamed, &offer).await.unwrap(), None);
    // The word of `b`, handed in by `c`; and for something that it was not shown.
    let offer = a.log.offer_to(b.peer()).unwrap();
    let word = b.log.witness(a.peer(), &offer).await.unwrap().unwrap();
    for (peer, word) in [(c.peer(), &word), (renamed, &word)] {
        assert!(matches!(a.log.vouched(peer, word), Err(AuditLogError::Record(_))));
    }
    let unasked = c.log.witness(a.peer(), &offer).await.unwrap().unwrap();
    let refused = a.log.vouched(c.peer(), &unasked);
    let Err(AuditLogError::Record(AuditError::Cosignature(_))) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(a.progress().witnesses, []);
    a.log.vouched(b.peer(), &word).unwrap();
    assert_eq!(a.progress().witnesses.len(), 1);
}

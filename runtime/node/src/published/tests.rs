use core::time::Duration;
use std::sync::Arc;

use cloister_attestation::manifest::PolicySource;
use cloister_attestation::policy::AnchorPolicy;
use cloister_audit::{Event, Frames, Kind, Record};
use cloister_channel::publication::Publication;
use cloister_channel::{AgentName, Credentials, LeaseSigner};
use cloister_domain::world::NOW;
use cloister_gateway::subject;
use cloister_policy::Direction;

use super::{Published, Refused};
use crate::channels::{Closing, Facts, Judge, Registration};
use crate::state::State;
use crate::testing::{World, judge, state};

const LONG: Duration = Duration::from_secs(300);
const EVERYBODY: &str = "permit(principal, action, resource);";

/// An admitted runtime under an image's policy that permits everything.
struct Scene {
    world: World,
    state: Arc<State>,
    own: Arc<Credentials>,
    judge: Arc<Judge>,
    published: Published,
}

impl Scene {
    fn new(source: PolicySource) -> Self {
        let (world, state) = (World::new(), Arc::new(state()));
        let own = world.runtime("me", LONG);
        state.admit(Arc::clone(&own), world.trust(1, &[])).unwrap();
        let judge = judge(EVERYBODY);
        let me = AgentName::new("me").unwrap();
        let published = Published::new(source, me, Arc::clone(&state), Arc::clone(&judge));
        Self { world, state, own, judge, published }
    }

    fn signed_by(&self, signer: &LeaseSigner, number: u64, bundle: &str) -> Vec<u8> {
        let publication = Publication {
            trust_domain: self.world.0.domain.clone(),
            agent: "me".parse().unwrap(),
            number,
            published_at: NOW,
            bundle: bundle.as_bytes().to_vec(),
        };
        publication.sign(signer).unwrap()
    }

    fn publication(&self, number: u64, bundle: &str) -> Vec<u8> {
        self.signed_by(&self.world.0.signer, number, bundle)
    }

    fn offer(&self, publication: &[u8]) {
        self.published.offered(publication, &self.world.trust(1, &[]), 0);
    }

    /// A lease arrives that names publication `number`, with `publication`.
    fn lease(&self, number: u64, publication: &[u8]) {
        let name = |claims: &mut cloister_channel::LeaseClaims| claims.published_policy = number;
        let renewed = self.world.0.runtime_with("me", AnchorPolicy::Vendor, name);
        self.published.leased(renewed.lease(), &self.world.trust(1, &[]), publication);
    }

    fn channel(&self, number: u64, peer: &str) -> Registration<Facts> {
        let peer = self.world.runtime(peer, LONG);
        let facts = Facts {
            channel: number,
            direction: Direction::Inbound,
            peer: Arc::new(subject(&peer.lease().into())),
            lease: Arc::new(peer.lease().clone()),
            own_lease: Arc::new(self.own.lease().clone()),
            group: "X25519MLKEM768",
            opened: NOW,
        };
        self.state.channels().enter(facts).unwrap()
    }

    /// Number and count of policies of what decides.
    fn deciding(&self) -> (u64, usize) {
        (self.judge.policy.number(), self.judge.policy.bundle().policies())
    }

    fn refused(&self) -> Option<(u64, &'static str)> {
        self.published.heard.borrow().refused.map(|Refused { number, code }| (number, code))
    }

    /// What is on record about publications: number, and the code of a refusal.
    fn on_record(&self) -> Vec<(u64, Option<String>)> {
        let excerpt = self.state.audit().excerpt().unwrap();
        let (mut frames, mut said) = (Frames::new(excerpt.as_slice()), Vec::new());
        while let Some(frame) = frames.next_frame().unwrap() {
            if frame.kind() != Kind::Record {
                continue;
            }
            if let Event::PolicyPublished(event) = Record::decode(frame.payload()).unwrap().event {
                said.push((event.number, event.refused));
            }
        }
        said
    }
}

#[test]
fn a_newer_policy_closes_what_it_forbids_and_leaves_the_rest() {
    let scene = Scene::new(PolicySource::Verifier);
    let (good, bad) = (scene.channel(1, "good"), scene.channel(2, "bad"));
    scene.offer(&scene.publication(1, "permit(principal == Agent::\"good\", action, resource);"));
    assert_eq!(bad.notice().given(), Some(Closing::Forbidden));
    assert_eq!(good.notice().given(), None);
    assert_eq!((scene.deciding(), scene.refused()), ((1, 1), None));
    assert_eq!(scene.state.events().channels_closed.total(), 1);
    assert_eq!(scene.on_record(), [(1, None)]);
}

#[test]
fn an_empty_policy_closes_everything() {
    let scene = Scene::new(PolicySource::Verifier);
    let channel = scene.channel(1, "good");
    scene.offer(&scene.publication(1, ""));
    assert_eq!(channel.notice().given(), Some(Closing::Forbidden));
    assert_eq!(scene.deciding(), (1, 0));
}

#[test]
fn an_older_policy_is_refused_and_the_newer_one_stays() {
    let scene = Scene::new(PolicySource::Verifier);
    scene.offer(&scene.publication(5, ""));
    for number in [0, 4, 5] {
        scene.offer(&scene.publication(number, EVERYBODY));
        assert_eq!(scene.refused(), Some((number, "publication.rollback")));
        assert_eq!(scene.deciding(), (5, 0));
    }
}

#[test]
fn a_policy_that_does_not_load_or_is_not_the_verifiers_changes_nothing_and_is_reported() {
    let stranger = LeaseSigner::from_pkcs8(&LeaseSigner::generate_pkcs8().unwrap()).unwrap();
    let scene = Scene::new(PolicySource::Verifier);
    for (bytes, times, refused) in [
        (scene.publication(3, "permit();"), 1, (3, "policy.bundle.syntax")),
        (scene.signed_by(&stranger, 4, ""), 2, (0, "publication.signature")),
        (b"x".to_vec(), 2, (0, "publication.malformed")),
    ] {
        (0..times).for_each(|_| scene.offer(&bytes));
        assert_eq!((scene.refused(), scene.deciding()), (Some(refused), (0, 1)));
        let last = scene.on_record().pop().unwrap();
        assert_eq!(last, (refused.0, Some(refused.1.to_owned())));
    }
    assert_eq!(scene.on_record().len(), 3, "each once, however often it was offered");
}

#[test]
fn after_a_restart_an_old_policy_is_refused_that_the_lease_knows_a_newer_one_of() {
    let scene = Scene::new(PolicySource::Verifier);
    let channel = scene.channel(1, "good");
    scene.lease(7, &scene.publication(6, EVERYBODY));
    assert_eq!(scene.refused(), Some((6, "publication.rollback")));
    // Nothing is permitted until the right one is there: not even what the image permits.
    assert_eq!(scene.deciding(), (0, 0));
    assert_eq!(channel.notice().given(), Some(Closing::Forbidden));
    assert!(scene.judge.policy.wants(scene.published.heard.borrow().newest));
    scene.offer(&scene.publication(7, EVERYBODY));
    assert_eq!(scene.deciding(), (7, 1));
}

#[test]
fn a_policy_that_is_withheld_leaves_nothing_permitted() {
    let scene = Scene::new(PolicySource::Verifier);
    scene.lease(1, b"");
    assert_eq!((scene.deciding(), scene.refused()), ((0, 0), None));
}

#[test]
fn a_policy_comes_with_the_lease_that_names_it_and_nothing_is_cut_in_between() {
    let scene = Scene::new(PolicySource::Verifier);
    let channel = scene.channel(1, "good");
    scene.lease(0, b"");
    scene.lease(2, &scene.publication(2, EVERYBODY));
    assert_eq!(scene.deciding(), (2, 1));
    assert_eq!(channel.notice().given(), None);
    // The next lease names what is in force already, and an older one cannot take it back.
    scene.lease(2, b"");
    scene.lease(1, b"");
    assert_eq!((scene.deciding(), scene.refused()), ((2, 1), None));
}

#[test]
fn a_genuine_policy_that_does_not_load_here_is_not_asked_for_again() {
    let scene = Scene::new(PolicySource::Verifier);
    scene.lease(3, &scene.publication(3, "permit();"));
    assert_eq!(scene.deciding(), (0, 1), "the one in force stays");
    assert!(!scene.judge.policy.wants(3));
}

#[test]
fn an_image_that_keeps_to_its_own_policy_refuses_every_other_and_says_so() {
    let scene = Scene::new(PolicySource::Image);
    let channel = scene.channel(1, "good");
    let me = AgentName::new("me").unwrap();
    scene.lease(9, &scene.publication(9, ""));
    assert_eq!(scene.refused(), Some((9, "publication.forbidden")));
    scene.lease(0, &scene.publication(10, ""));
    scene.published.announced(11, Some(&me));
    assert_eq!(scene.refused(), Some((11, "publication.forbidden")));
    let forbidden = Some("publication.forbidden".to_owned());
    let on_record = [9, 0, 11].map(|number| (number, forbidden.clone()));
    assert_eq!(scene.on_record(), on_record);
    assert_eq!((scene.deciding(), channel.notice().given()), ((0, 1), None));
}

#[test]
fn what_is_published_for_others_is_no_news() {
    let (other, me) = (AgentName::new("other").unwrap(), AgentName::new("me").unwrap());
    let image = Scene::new(PolicySource::Image);
    image.published.announced(3, None);
    image.published.announced(4, Some(&other));
    assert_eq!((image.refused(), image.on_record()), (None, Vec::new()));
    let verifier = Scene::new(PolicySource::Verifier);
    verifier.published.announced(3, Some(&other));
    assert_eq!(verifier.published.heard.borrow().newest, 0);
    verifier.published.announced(3, None);
    verifier.published.announced(5, Some(&me));
    verifier.published.announced(4, None);
    assert_eq!(verifier.published.heard.borrow().newest, 5);
}

//! What the vendors' services answer, over a transport that nobody trusts.

use std::sync::LazyLock;

use cloister_attestation::bytes::Fmspc;
use cloister_attestation::publication::{Need, PckCa, Publication, Response, TcbUpdate};
use cloister_attestation::snp::{Product, SigningKey};
use cloister_simulator::publisher::{Catalogue, Published};

use super::QUICK;
use crate::world::{NOW, anchors, pki};
use crate::{Outcome, Target};

pub(super) const PUBLICATION: Target = Target {
    name: "publication",
    run: publication,
    seeds: answers,
    bytes_max: 32 * 1024,
    quick_inputs: QUICK / 4,
};

/// What is asked for. The answers are the seeds, in the same order.
fn needs() -> Vec<Need> {
    vec![
        Need::AmdChain { product: Product::Milan, key: SigningKey::Vcek },
        Need::AmdCrl { product: Product::Milan },
        Need::TdQeIdentity { update: TcbUpdate::Standard },
        Need::TdxTcbInfo { fmspc: Fmspc::new(*b"SIM\0\0\0"), update: TcbUpdate::Standard },
        Need::PckCrl { ca: PckCa::Platform },
        Need::IntelRootCrl,
    ]
}

struct World {
    published: Vec<(Need, Published)>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let catalogue = Catalogue::new(pki());
    let published = needs().into_iter().map(|need| {
        let published = catalogue.find(&need.path()).expect("the simulator publishes it");
        (need, published)
    });
    World { published: published.collect() }
});

/// Whatever is taken for an answer holds at the time at which it was taken.
fn publication(data: &[u8]) -> Outcome {
    let mut outcome = Outcome::Refused;
    for (need, genuine) in &WORLD.published {
        let response = Response { body: data.to_vec(), ..answer(genuine) };
        let authority = need.authority(anchors()).and_then(|needed| authority(&needed));
        let verify = || Publication::verify(*need, &response, authority.as_ref(), anchors(), NOW);
        let verified = verify().ok();
        assert!(verified == verify().ok(), "two answers to the same bytes");
        if let Some(verified) = verified {
            assert!(verified.valid_until() >= NOW && verified.need() == need);
            outcome = Outcome::Accepted;
        }
    }
    outcome
}

fn authority(need: &Need) -> Option<Publication> {
    let (_, published) = WORLD.published.iter().find(|(known, _)| known == need)?;
    Publication::verify(*need, &answer(published), None, anchors(), NOW).ok()
}

fn answer(published: &Published) -> Response {
    let issuer_chain = published.issuer_chain.as_ref().map(|(_, chain)| chain.clone());
    Response { body: published.body.clone(), issuer_chain }
}

fn answers() -> Vec<Vec<u8>> {
    WORLD.published.iter().map(|(_, published)| published.body.clone()).collect()
}

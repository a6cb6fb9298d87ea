//! What a runtime receives from a Verifier and from peers.

use std::sync::LazyLock;

use cloister_api::v1;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::limits::{DOCUMENT_BYTES_MAX, LEASE_BYTES_MAX};
use cloister_channel::publication::Publication;
use cloister_channel::trust::Revocation;
use cloister_channel::{
    Document, InstanceId, LeaseClaims, LeaseSigner, Signature, Svid, TrustBundle, lease,
};
use cloister_domain::world::{self, NOW, agent, at};
use prost::Message as _;

use super::{QUICK, outcome, twice};
use crate::{Outcome, Target};

pub(super) const LEASE: Target = Target {
    name: "lease",
    run: lease_,
    seeds: leases,
    bytes_max: LEASE_BYTES_MAX + 16,
    quick_inputs: QUICK,
};

pub(super) const SVID: Target =
    Target { name: "svid", run: svid, seeds: svids, bytes_max: 32 * 1024, quick_inputs: QUICK };

pub(super) const TRUST_BUNDLE: Target = Target {
    name: "trust-bundle",
    run: trust_bundle,
    seeds: bundles,
    bytes_max: 16 * 1024,
    quick_inputs: QUICK,
};

pub(super) const ATTESTATION_DOCUMENT: Target = Target {
    name: "attestation-document",
    run: attestation_document,
    seeds: attestation_documents,
    bytes_max: 16 * 1024,
    quick_inputs: QUICK,
};

pub(super) const PUBLISHED_POLICY: Target = Target {
    name: "published-policy",
    run: published_policy,
    seeds: published_policies,
    bytes_max: 16 * 1024,
    quick_inputs: QUICK,
};

/// Whatever verifies says what the Verifier signed, though its signature may be written otherwise.
fn lease_(data: &[u8]) -> Outcome {
    let verify = |data| lease::verify(data, &WORLD.trust, NOW).ok();
    let verified = verify(data);
    assert_eq!(verified, verify(data), "two answers to the same bytes");
    if let Some(verified) = &verified {
        assert!(data.len() <= LEASE_BYTES_MAX);
        assert_eq!(verified.claims(), &WORLD.claims, "nobody signed this");
        assert_eq!(*verified.digest(), Digest48::sha384(data));
    }
    outcome(&verified)
}

/// A document that reads is written as it was meant, and is no larger than it may be.
fn attestation_document(data: &[u8]) -> Outcome {
    let parsed = twice(data, Document::from_json);
    if let Some(document) = &parsed {
        assert!(data.len() <= DOCUMENT_BYTES_MAX && (1..=4).contains(&document.certificates.len()));
        let again = Document::from_json(&document.to_json()).expect("it was written by this crate");
        assert_eq!(&again, document);
    }
    outcome(&parsed)
}

/// With Evidence and without.
fn attestation_documents() -> Vec<Vec<u8>> {
    let document = Document {
        lease: leases().swap_remove(0),
        lease_jwt: Some("e30.e30.c2ln".to_owned()),
        certificates: svids(),
        evidence: None,
    };
    let asked = Document { evidence: Some(vec![7; 900]), lease_jwt: None, ..document.clone() };
    vec![document.to_json(), asked.to_json()]
}

/// The lease that an SVID carries is a part of the certificate.
fn svid(data: &[u8]) -> Outcome {
    let parsed = Svid::parse(data).ok();
    if let Some(svid) = &parsed {
        let again = Svid::parse(data).expect("it was accepted once");
        assert_eq!((again.id(), again.lease()), (svid.id(), svid.lease()));
        assert!(!svid.lease().is_empty() && svid.lease().len() <= LEASE_BYTES_MAX);
        assert!(data.windows(svid.lease().len()).any(|part| part == svid.lease()));
        assert!(data.windows(65).any(|part| part == svid.key().point()));
    }
    outcome(&parsed)
}

/// What verifies is what was published, for this agent and newer than what is there.
fn published_policy(data: &[u8]) -> Outcome {
    let verify = |floor| Publication::verify(data, &WORLD.trust, &agent("translator"), floor).ok();
    let verified = verify(0);
    if let Some(verified) = &verified {
        assert_eq!(verified, &publication(), "nobody signed this");
        assert_eq!(verify(verified.number), None, "an old one counts");
    }
    outcome(&verified)
}

fn publication() -> Publication {
    Publication {
        trust_domain: WORLD.claims.trust_domain.clone(),
        agent: agent("translator"),
        number: 7,
        published_at: NOW,
        bundle: b"permit(principal, action, resource);".to_vec(),
    }
}

fn published_policies() -> Vec<Vec<u8>> {
    vec![publication().sign(&WORLD.signer).expect("it can be signed")]
}

/// A bundle, sent on, is the same bundle.
fn trust_bundle(data: &[u8]) -> Outcome {
    let Ok(wire) = v1::TrustBundle::decode(data) else { return Outcome::Refused };
    let Ok(bundle) = TrustBundle::from_wire(&wire, AnchorPolicy::Vendor) else {
        return Outcome::Refused;
    };
    let sent = bundle.to_wire(&WORLD.signer).expect("it can be signed");
    assert_eq!((sent.trust_domain, sent.issuers), (wire.trust_domain, wire.issuers));
    assert_eq!(sent.lease_keys, wire.lease_keys);
    // What is revoked travels signed, in one encoding: only the signature differs.
    let unsigned = |bytes: &[u8]| bytes[..bytes.len() - Signature::LEN].to_vec();
    assert_eq!(unsigned(&sent.revocations), unsigned(&wire.revocations));
    Outcome::Accepted
}

/// What one Verifier issued to one runtime.
struct World {
    trust: TrustBundle,
    signer: LeaseSigner,
    claims: LeaseClaims,
    lease: Vec<u8>,
    svid: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let world = world::World::new();
    let runtime = world.runtime("translator");
    let mut trust = world.trust();
    let why =
        Revocation { agent: agent("b"), reason: "agent.retired".into(), forget_after: at(600) };
    trust.revoke(InstanceId::of(&Digest48::sha384(b"revoked")), why).expect("room for one");
    World {
        trust,
        signer: world.signer,
        claims: runtime.lease().claims().clone(),
        lease: runtime.lease_bytes().to_vec(),
        svid: runtime.certificates()[0].to_vec(),
    }
});

fn leases() -> Vec<Vec<u8>> {
    vec![WORLD.lease.clone()]
}

fn svids() -> Vec<Vec<u8>> {
    vec![WORLD.svid.clone()]
}

fn bundles() -> Vec<Vec<u8>> {
    vec![WORLD.trust.to_wire(&WORLD.signer).expect("it can be signed").encode_to_vec()]
}

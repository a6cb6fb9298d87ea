//! Attestation Results of other Verifiers, the keys they are checked with, and bundles.

use std::sync::LazyLock;

use cloister_attestation::appraise::{Expected as Demanded, appraise};
use cloister_attestation::bundle::{Bundle, Draft};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::ear::{
    Ear, Expected, Format, ResultKeys, ResultSigner, Terms, verify as verify_result,
};
use cloister_attestation::evidence::Evidence;
use cloister_attestation::key::{KeyId, SigningKey};
use cloister_attestation::limits::RESULT_BYTES_MAX;
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::verify::{Endorsements, verify};
use core::time::Duration;

use super::{QUICK, outcome, twice};
use crate::world::{NOW, REPORT_DATA, anchors, snp, tdx};
use crate::{Outcome, Target};

pub(super) const EAR_CLAIMS: Target = Target {
    name: "ear-claims",
    run: ear_claims,
    seeds: claims,
    bytes_max: 16 * 1024,
    quick_inputs: QUICK,
};

pub(super) const EAR: Target =
    Target { name: "ear", run: ear, seeds: tokens, bytes_max: 16 * 1024, quick_inputs: QUICK };

pub(super) const RESULT_KEYS: Target = Target {
    name: "result-keys",
    run: result_keys,
    seeds: key_sets,
    bytes_max: 4 * 1024,
    quick_inputs: QUICK,
};

pub(super) const BUNDLE: Target = Target {
    name: "bundle",
    run: bundle,
    seeds: bundles,
    bytes_max: 64 * 1024,
    quick_inputs: QUICK,
};

/// JSON begins with a brace; everything else is read as CBOR.
fn ear_claims(data: &[u8]) -> Outcome {
    let parsed = match data.first() {
        Some(b'{') => twice(data, Ear::from_json),
        _ => twice(data, Ear::from_cbor),
    };
    assert!(parsed.is_none() || data.len() <= RESULT_BYTES_MAX);
    outcome(&parsed)
}

/// Whatever verifies says what was signed.
fn ear(data: &[u8]) -> Outcome {
    let expected = Expected { audience: AUDIENCE, nonce: Some(&[9; 32]), now: NOW };
    let verified = twice(data, |data| verify_result(data, &WORLD.keys, &expected));
    if let Some(verified) = &verified {
        assert_eq!(verified.ear(), &WORLD.claims, "nobody signed this");
    }
    outcome(&verified)
}

fn result_keys(data: &[u8]) -> Outcome {
    let parsed = ResultKeys::from_jwks(data);
    assert_eq!(parsed.is_ok(), ResultKeys::from_jwks(data).is_ok());
    outcome(&parsed.ok())
}

/// Whatever opens holds what was signed.
fn bundle(data: &[u8]) -> Outcome {
    let opened = Bundle::open(data, WORLD.key.public().thumbprint()).ok();
    if let Some(bundle) = &opened {
        assert_eq!(bundle.entries(), WORLD.bundle.entries(), "nobody signed this");
        assert_eq!(bundle.policy(), WORLD.bundle.policy());
        let dates = |bundle: &Bundle| (bundle.created(), bundle.expires());
        assert_eq!(dates(bundle), dates(&WORLD.bundle));
    }
    outcome(&opened)
}

const AUDIENCE: &str = "https://relying.example";

/// One Verifier's key, and what it has signed.
struct World {
    key: SigningKey,
    keys: ResultKeys,
    claims: Ear,
    tokens: [Vec<u8>; 2],
    bundle: Bundle,
}

static WORLD: LazyLock<World> = LazyLock::new(World::new);

impl World {
    fn new() -> Self {
        let stored = SigningKey::generate_pkcs8().expect("randomness");
        let key = || SigningKey::from_pkcs8(&stored).expect("its own key");
        let signer = ResultSigner::new(key());
        let claims = judged();
        let tokens = [Format::Jwt, Format::Cwt]
            .map(|format| signer.sign(&claims, format).expect("a result"));
        Self { key: key(), keys: signer.keys(), claims, tokens, bundle: drafted() }
    }
}

/// The result about a simulated guest.
fn judged() -> Ear {
    let guest = snp().swap_remove(0);
    let evidence =
        Evidence::parse(cloister_attestation::evidence::Tee::Snp, &guest.report(&REPORT_DATA));
    let with = Endorsements::Snp(guest.endorsements());
    let verified = verify(evidence.expect("a report"), &with, anchors(), NOW).expect("genuine");
    let demanded = Demanded { report_data: Expect::Exactly(REPORT_DATA), image: None };
    let result = appraise(&verified, &demanded, &Policy::strict(), NOW);
    let terms = Terms {
        issuer: "spiffe://example.org",
        audience: AUDIENCE,
        nonce: Some(&[9; 32]),
        policy: Digest48::sha384(b"policy"),
        build: "fuzz 1",
        identity_key: Some(Digest48::sha384(b"identity")),
        issued_at: NOW,
        lifetime: Duration::from_secs(300),
        id: [3; 16],
    };
    Ear::of(&result, &terms)
}

fn drafted() -> Bundle {
    let mut draft = Draft::new(Policy::strict());
    for endorsements in [
        Endorsements::Snp(snp().swap_remove(0).endorsements()),
        Endorsements::Tdx(tdx().swap_remove(0).collateral()),
    ] {
        draft.add(&endorsements).expect("its own endorsements");
    }
    draft.finish(NOW).expect("a bundle")
}

/// The payload of both tokens: between the dots of the one, and inside the other.
fn claims() -> Vec<Vec<u8>> {
    let json = r#"{"eat_profile":"tag:ietf.org,2026:rats/ear#03","iat":1790086400,"ear_verifier_id":{"developer":"a","build":"b"},"submods":{"runtime":{"ear_status":"warning","ear_trustworthiness_vector":{"hardware":2}}}}"#;
    vec![json.as_bytes().to_vec()]
}

fn tokens() -> Vec<Vec<u8>> {
    WORLD.tokens.to_vec()
}

fn key_sets() -> Vec<Vec<u8>> {
    let (x, y) = WORLD.key.public().coordinates();
    let [x, y] = [x, y].map(base64url);
    let kid = KeyId::of(WORLD.key.public());
    let (purpose, results) = (ResultKeys::PURPOSE, ResultKeys::RESULTS);
    let set = format!(
        r#"{{"keys":[{{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","{purpose}":"{results}","kid":"{kid}","x":"{x}","y":"{y}"}}]}}"#
    );
    vec![set.into_bytes()]
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn bundles() -> Vec<Vec<u8>> {
    vec![WORLD.bundle.sign(&WORLD.key).expect("a bundle")]
}

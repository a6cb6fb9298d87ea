//! A result to change one thing of, a key that signs whatever it is asked to, and a relying party.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_attestation::appraise::{Expected as Demanded, appraise};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::cose::{self, Header};
use cloister_attestation::ear::{
    Ear, EarError, Expected, Format, ResultKeys, ResultSigner, Terms, VerifiedResult, verify,
};
use cloister_attestation::key::{KeyId, SigningKey};
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::reference::{LaunchShape, ReferenceSet, ReferenceTuple};
use cloister_attestation::result::AttestationResult;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifiedEvidence;
use cloister_simulator::SnpGuest;
use serde_json::{Value, json};

use crate::snp::guest;

pub(crate) const NOW: UnixTime = guest::NOW;
pub(crate) const AUDIENCE: &str = "https://relying.example";
pub(crate) const NONCE: &[u8] = &[9; 32];
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);
pub(crate) const FORMATS: [Format; 2] = [Format::Jwt, Format::Cwt];

/// What a strict policy for this simulator concludes about the guest, whose image is admitted.
pub(crate) fn result(guest: &SnpGuest) -> AttestationResult {
    let policy = Policy::strict_for_simulator(guest::pki().anchor().fingerprint());
    conclude(guest, &policy, true)
}

/// What `policy` concludes about the guest.
pub(crate) fn conclude(guest: &SnpGuest, policy: &Policy, admitted: bool) -> AttestationResult {
    let evidence = VerifiedEvidence::Snp(guest::verify(guest).unwrap());
    let set = if admitted { admitting(&evidence) } else { ReferenceSet::default() };
    appraised(&evidence, &set, policy, NOW)
}

/// The one image that this Evidence shows.
pub(crate) fn admitting(evidence: &VerifiedEvidence) -> ReferenceSet {
    let shape = LaunchShape::observed(evidence);
    let (image, version) = ("translator".to_owned(), "1.0.0".to_owned());
    ReferenceSet::from_iter([ReferenceTuple { image, version, manifest: manifest(), shape }])
}

/// Appraised with whatever REPORT_DATA there is.
pub(crate) fn appraised(
    evidence: &VerifiedEvidence,
    set: &ReferenceSet,
    policy: &Policy,
    now: UnixTime,
) -> AttestationResult {
    let demanded = Demanded { report_data: Expect::Any, image: Some((set, manifest())) };
    appraise(evidence, &demanded, policy, now)
}

pub(crate) fn manifest() -> Digest48 {
    Digest48::sha384(b"manifest")
}

/// What every result here says beside its conclusion.
pub(crate) fn terms() -> Terms<'static> {
    Terms {
        issuer: "spiffe://example.org",
        audience: AUDIENCE,
        nonce: Some(NONCE),
        policy: Digest48::sha384(b"policy"),
        build: "tests 1",
        identity_key: Some(Digest48::sha384(b"identity key")),
        issued_at: NOW,
        lifetime: LIFETIME,
        id: [3; 16],
    }
}

/// A good result of a simulated guest.
pub(crate) fn ear() -> Ear {
    Ear::of(&result(&guest::milan()), &terms())
}

pub(crate) fn signer() -> ResultSigner {
    ResultSigner::new(SigningKey::generate().unwrap())
}

/// What the relying party says to a token by `signer`.
pub(crate) fn relying(signer: &ResultSigner, token: &[u8]) -> Result<VerifiedResult, EarError> {
    verify(token, &signer.keys(), &expected())
}

pub(crate) fn expected() -> Expected<'static> {
    Expected { audience: AUDIENCE, nonce: Some(NONCE), now: NOW }
}

/// Signs whatever it is asked to, in the form of a result.
pub(crate) struct Forger {
    pub(crate) key: SigningKey,
}

impl Forger {
    pub(crate) fn new() -> Self {
        Self { key: SigningKey::generate().unwrap() }
    }

    pub(crate) fn keys(&self) -> ResultKeys {
        ResultKeys::new([self.key.public().clone()])
    }

    pub(crate) fn kid(&self) -> KeyId {
        KeyId::of(self.key.public())
    }

    /// What the relying party says to a JWT with these claims.
    pub(crate) fn claims(&self, claims: &Value) -> Result<VerifiedResult, EarError> {
        self.payload(claims.to_string().as_bytes())
    }

    /// What it says to a JWT with this payload.
    pub(crate) fn payload(&self, payload: &[u8]) -> Result<VerifiedResult, EarError> {
        let token = self.jws(&self.header().to_string(), payload);
        verify(token.as_bytes(), &self.keys(), &expected())
    }

    /// What it says to a CWT with this payload.
    pub(crate) fn cbor(&self, payload: &[u8]) -> Result<VerifiedResult, EarError> {
        let kid = self.kid();
        let header = Header { kid: kid.as_bytes(), typ: Some(Format::Cwt.typ()) };
        let token = cose::sign(&header, payload, |m| self.key.sign(m)).unwrap();
        verify(&token, &self.keys(), &expected())
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "alg": "ES256", "kid": self.kid().to_string(), "typ": "eat+jwt" })
    }

    /// A compact JWS with any header.
    pub(crate) fn jws(&self, header: &str, payload: &[u8]) -> String {
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_bytes()))
    }
}

/// The claims of a good result, to change one of.
pub(crate) fn claims() -> Value {
    let signer = signer();
    let token = signer.sign(&ear(), Format::Jwt).unwrap();
    let token = String::from_utf8(token).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// The payload of a good result in CBOR.
pub(crate) fn cbor_claims() -> Vec<u8> {
    let token = signer().sign(&ear(), Format::Cwt).unwrap();
    let mut d = minicbor::Decoder::new(&token);
    assert_eq!(d.array().unwrap(), Some(4));
    d.bytes().unwrap();
    d.map().unwrap();
    d.bytes().unwrap().to_vec()
}

/// The claims with one of them, named by its JSON pointer's parent and key, set or taken away.
pub(crate) fn with(parent: &str, key: &str, value: Option<Value>) -> Value {
    let mut claims = claims();
    let object = claims.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => object.insert(key.to_owned(), value),
        None => object.remove(key),
    };
    claims
}

pub(crate) const RUNTIME: &str = "/submods/runtime";
pub(crate) const VECTOR: &str = "/submods/runtime/ear_trustworthiness_vector";

/// Refused as malformed for a reason that mentions this.
pub(crate) fn assert_malformed(refused: Result<VerifiedResult, EarError>, mentions: &str) {
    match refused {
        Err(EarError::Malformed { reason }) if reason.contains(mentions) => {}
        other => panic!("expected malformed for {mentions}, got {other:?}"),
    }
}

//! JWT leases that must be refused for how they are written, signed with a key that is trusted.
//! The counterpart of [`super::lease_bytes`].

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::lease::{self, JWT_TYP, LeaseError};
use cloister_channel::trust::{KeyId, TrustParts};
use cloister_channel::{LeaseClaims, TrustBundle};

use crate::adversary::RawKey;
use crate::leases::claims;
use crate::world::{NOW, World};

/// A lease key in the test's hands, a trust bundle that trusts it, and the payload of a lease.
struct Forger {
    key: RawKey,
    trust: TrustBundle,
    claims: LeaseClaims,
    payload: String,
}

impl Forger {
    fn new() -> Self {
        let world = World::new();
        let key = RawKey::new();
        let parts = TrustParts { lease_keys: vec![key.public.clone()], ..world.parts() };
        let trust = TrustBundle::new(parts, AnchorPolicy::Vendor).unwrap();
        let claims = claims(&world);
        let lease = world.signer.sign_jwt(&claims).unwrap();
        let payload = URL_SAFE_NO_PAD.decode(lease.split('.').nth(1).unwrap()).unwrap();
        Self { key, trust, claims, payload: String::from_utf8(payload).unwrap() }
    }

    fn kid(&self) -> KeyId {
        KeyId::of(&self.key.public)
    }

    fn header(&self) -> String {
        format!(r#"{{"alg":"ES256","kid":"{}","typ":"{JWT_TYP}"}}"#, self.kid())
    }

    fn signed(&self, header: &str, payload: &str) -> String {
        let message = format!("{}.{}", encoded(header), encoded(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn judged(&self, lease: &str) -> Result<LeaseClaims, LeaseError> {
        lease::verify(lease.as_bytes(), &self.trust, NOW).map(|lease| lease.claims().clone())
    }

    fn with_header(&self, header: &str) -> LeaseError {
        self.judged(&self.signed(header, &self.payload)).unwrap_err()
    }

    fn with_payload(&self, payload: &str) -> LeaseError {
        self.judged(&self.signed(&self.header(), payload)).unwrap_err()
    }

    /// The payload with `from` replaced, which has to be there.
    fn changed(&self, from: &str, to: &str) -> String {
        assert!(self.payload.contains(from), "{from} in {}", self.payload);
        self.payload.replacen(from, to, 1)
    }
}

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn is_malformed(error: &LeaseError) -> bool {
    matches!(error, LeaseError::Malformed { .. })
}

#[test]
fn accepts_a_token_that_another_encoder_wrote() {
    let forger = Forger::new();
    assert_eq!(
        forger.judged(&forger.signed(&forger.header(), &forger.payload)).unwrap(),
        forger.claims
    );
}

#[test]
fn refuses_alg_none_and_every_other_algorithm() {
    let forger = Forger::new();
    for alg in ["none", "None", "", "HS256", "RS256", "PS256", "ES384", "EdDSA", "ES256K", "es256"]
    {
        let header = forger.header().replace("ES256", alg);
        let unsigned = format!("{}.{}.", encoded(&header), encoded(&forger.payload));
        let refused = [forger.with_header(&header), forger.judged(&unsigned).unwrap_err()];
        assert_eq!(refused, [LeaseError::Algorithm, LeaseError::Algorithm], "{alg}");
    }
    let without = forger.header().replace(r#""alg":"ES256","#, "");
    assert_eq!(forger.with_header(&without), LeaseError::Algorithm);
}

#[test]
fn refuses_a_header_with_anything_else_in_it() {
    let forger = Forger::new();
    let more = |member: &str| forger.header().replacen('{', &format!("{{{member},"), 1);
    let (x, y) = forger.key.public.coordinates();
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let jwk = format!(r#""jwk":{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
    for header in [
        more(r#""crit":["exp"]"#),
        more(r#""crit":[]"#),
        more(&jwk),
        more(r#""jku":"https://example.org/jwks.json""#),
        more(r#""x5u":"https://example.org/chain.pem""#),
        more(r#""x5c":[]"#),
        more(r#""b64":false"#),
        more(r#""cty":"JWT""#),
        more(r#""zip":"DEF""#),
        more(r#""alg":"ES256""#),
        more(&format!(r#""kid":"{}""#, forger.kid())),
        more(&format!(r#""typ":"{JWT_TYP}""#)),
        forger.header().to_string() + " {}",
        "[]".to_owned(),
        String::new(),
    ] {
        let refused = forger.with_header(&header);
        assert!(is_malformed(&refused), "{header}: {refused:?}");
    }
}

#[test]
fn refuses_a_key_that_is_unknown_missing_or_not_named_by_its_digest() {
    let forger = Forger::new();
    let kid = forger.kid().to_string();
    let other = KeyId::of(&RawKey::new().public).to_string();
    let unknown = forger.with_header(&forger.header().replace(&kid, &other));
    assert_eq!(unknown, LeaseError::UnknownKey { kid: other });
    for name in ["", "1", "../lease.key", &kid.to_uppercase(), &kid[..62]] {
        assert!(is_malformed(&forger.with_header(&forger.header().replace(&kid, name))), "{name}");
    }
    let without = forger.header().replace(&format!(r#""kid":"{kid}","#), "");
    assert!(is_malformed(&forger.with_header(&without)));
}

#[test]
fn refuses_a_token_of_another_kind_by_the_same_key() {
    let forger = Forger::new();
    for typ in ["JWT", "eat+jwt", "application/vnd.cloister.lease+jwt", ""] {
        let refused = forger.with_header(&forger.header().replace(JWT_TYP, typ));
        assert_eq!(refused.to_string(), "lease is malformed: a signed message of another kind");
    }
}

#[test]
fn refuses_members_that_are_missing_twice_there_unknown_or_reordered() {
    let forger = Forger::new();
    let exp = format!(r#""exp":{}"#, forger.claims.expires_at.as_secs());
    let cnf = r#""cnf":{"#;
    let bad = [
        forger.changed(&format!("{exp},"), ""),
        forger.changed(&exp, &format!("{exp},{exp}")),
        forger.changed(&exp, &format!(r#"{exp},"\u0065xp":4000000000"#)),
        forger.changed(&exp, &format!(r#"{exp},"nbf":0"#)),
        forger.changed(&exp, &format!(r#"{exp},"aud":"x""#)),
        forger.changed(cnf, r#""cnf":{"jwk":{},"#),
        forger.changed(cnf, r#""cnf":{"cloister.channel-key":null,"#),
        forger.changed(r#""ear_status":"affirming""#, r#""ear_status":"affirming","x":1"#),
        forger.changed(r#"{"runtime":"#, r#"{"other":{"ear_status":"none"},"runtime":"#),
        forger.changed(r#""cloister.simulator":null,"#, ""),
        forger.changed(r#""developer":"cloister""#, r#""developer":"somebody""#),
        forger.changed(r#"lease/1""#, r#"lease/2""#),
        forger.changed(&exp, &exp.replace(':', ": ")),
        forger.changed(&exp, &format!("{exp}.0")),
        forger.changed(&exp, &format!("{}\"", exp.replace(':', ":\""))),
        format!(" {}", forger.payload),
        format!("{}\n", forger.payload),
        format!("{}{{}}", forger.payload),
        forger.payload.replacen('{', "{\"cloister.simulated\":false,", 1),
    ];
    for payload in bad {
        let refused = forger.with_payload(&payload);
        assert!(is_malformed(&refused), "{payload}: {refused:?}");
    }
}

#[test]
fn refuses_issuer_and_subject_that_do_not_belong_together() {
    let forger = Forger::new();
    let instance = forger.claims.instance().to_string();
    for payload in [
        forger.changed(r#""iss":"spiffe://example.org""#, r#""iss":"spiffe://example.net""#),
        forger.changed(&instance, &"0".repeat(32)),
        forger.changed(r#""sub":"spiffe://example.org/"#, r#""sub":"spiffe://example.net/"#),
    ] {
        assert!(is_malformed(&forger.with_payload(&payload)), "{payload}");
    }
}

#[test]
fn refuses_text_that_is_not_one_compact_token() {
    let forger = Forger::new();
    let good = forger.signed(&forger.header(), &forger.payload);
    let parts: Vec<&str> = good.split('.').collect();
    let padded = URL_SAFE.encode(format!("{}  ", forger.payload));
    for text in [
        format!("{good}."),
        format!("{good}\n"),
        format!(" {good}"),
        format!("{good}="),
        good[..good.len() - 1].to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{padded}.{}", parts[0], parts[2]),
        good.replace('.', ","),
        format!(r#"{{"payload":"{}","protected":"{}"}}"#, parts[1], parts[0]),
        String::new(),
        "..".to_owned(),
    ] {
        let refused = forger.judged(&text).unwrap_err();
        assert!(is_malformed(&refused), "{text}: {refused:?}");
    }
}

#[test]
fn refuses_claims_that_no_verifier_may_sign_even_when_one_did() {
    let forger = Forger::new();
    let (was, two_hours) =
        (forger.claims.expires_at.as_secs(), forger.claims.issued_at.as_secs() + 7200);
    let longer = forger.changed(&format!(r#""exp":{was}"#), &format!(r#""exp":{two_hours}"#));
    assert_eq!(forger.with_payload(&longer), LeaseError::Lifetime { secs: 7200 });
    let tier = forger.changed(r#""ear_status":"affirming""#, r#""ear_status":"none""#);
    assert!(matches!(forger.with_payload(&tier), LeaseError::Tier { .. }));
}

#[test]
fn refuses_a_token_longer_than_48_kib() {
    let forger = Forger::new();
    let refused = forger.judged(&format!("{}.e30.AA", "a".repeat(48 * 1024))).unwrap_err();
    assert_eq!(refused.to_string(), "lease is malformed: longer than 48 KiB");
}

#[test]
fn the_largest_lease_has_both_forms() {
    let world = World::new();
    let mut claims = claims(&world);
    claims.scope = vec!["\"".repeat(128); 57];
    claims.not_asserted = vec!["\\".repeat(128); 57];
    assert!(world.signer.sign(&claims).unwrap().len() > 15 * 1024);
    let jwt = world.signer.sign_jwt(&claims).unwrap();
    assert_eq!(lease::verify(jwt.as_bytes(), &world.trust(), NOW).unwrap().claims(), &claims);
}

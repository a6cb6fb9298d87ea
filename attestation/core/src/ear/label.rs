//! What each claim is called in JSON and in CBOR.

use super::Format;
use crate::item::Key;

/// One claim's two names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    json: &'static str,
    cbor: i128,
}

const fn label(json: &'static str, cbor: i128) -> Label {
    Label { json, cbor }
}

impl Label {
    /// The key under which the claim stands.
    pub(super) fn key(self, format: Format) -> Key {
        match format {
            Format::Jwt => Key::from(self.json),
            Format::Cwt => Key::from(self.cbor),
        }
    }
}

// SPEC: RFC 7519 section 4.1, RFC 8392 section 4.
pub(super) const ISS: Label = label("iss", 1);
pub(super) const AUD: Label = label("aud", 3);
pub(super) const EXP: Label = label("exp", 4);
pub(super) const IAT: Label = label("iat", 6);
pub(super) const ID: Label = label("jti", 7);
// SPEC: RFC 9711 section 10.2.
pub(super) const NONCE: Label = label("eat_nonce", 10);
pub(super) const PROFILE: Label = label("eat_profile", 265);
pub(super) const SUBMODS: Label = label("submods", 266);
// SPEC: draft-ietf-rats-ear, sections 3.1 and 3.2.
pub(super) const STATUS: Label = label("ear_status", 1000);
pub(super) const VECTOR: Label = label("ear_trustworthiness_vector", 1001);
pub(super) const POLICIES: Label = label("ear_appraisal_policy_ids", 1003);
pub(super) const VERIFIER: Label = label("ear_verifier_id", 1004);
// SPEC: draft-ietf-rats-ear, "Verifier Software Identification".
pub(super) const DEVELOPER: Label = label("developer", 0);
pub(super) const BUILD: Label = label("build", 1);

/// The profile of results before the draft was adopted, still written by verifiers in use.
pub(super) const EARLIER_PROFILE: &str = "tag:github.com,2023:veraison/ear";
/// What that profile calls the one policy.
pub(super) const EARLIER_POLICY: &str = "ear_appraisal_policy_id";

/// Turns a name of that profile into today's: `ear.verifier-id` to `ear_verifier_id`.
pub(super) fn modern(name: &str) -> String {
    if name.starts_with("ear.") { name.replace(['.', '-'], "_") } else { name.to_owned() }
}

/// What the names of [`super::Facts`] begin with, in both forms.
pub(super) const FACTS: &str = "cloister.";

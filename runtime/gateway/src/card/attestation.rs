//! The runtime's attestation, advertised on the card as an extension of A2A.
//!
//! SPEC: A2A 1.0.1 section 4.6 (extensions) and message AgentExtension.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::key::PublicKey;
use cloister_attestation::time::UnixTime;
use cloister_channel::{CardSigner, Voucher};
use cloister_policy::Subject;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::CardError;
use super::rewrite::raw;
use super::signature::Origin;
use crate::object::Object;

/// The extension's URI on the card of an agent whose Evidence vendor hardware signed.
pub const EXTENSION: &str = "tag:cloister.invalid,2026:a2a/attestation/1";

/// The extension's URI on the card of an agent whose Evidence a software TEE signed. It is another
/// one, so that whoever asks for the former does not find it, whatever else it reads.
pub const SIMULATED_EXTENSION: &str = "tag:cloister.invalid,2026:a2a/simulated/1";

const DESCRIPTION: &str =
    "What attests the runtime that this agent runs under, and whose key signed this card.";
const SIMULATED_DESCRIPTION: &str = "SIMULATED: a software TEE signed the Evidence behind this \
    agent. It proves nothing about hardware.";

/// What this runtime can show for itself.
pub trait Vouch: fmt::Debug + Send + Sync + 'static {
    /// What its lease of this moment says; `None` without one.
    fn attested(&self) -> Option<Attested>;

    /// Signs the cards that it shows.
    fn signer(&self) -> &CardSigner;
}

/// What a runtime's lease of this moment says.
#[derive(Clone, Debug)]
pub struct Attested {
    /// Of whom.
    pub subject: Arc<Subject>,
    /// SHA-384 over the lease as its peers see it.
    pub lease: Digest48,
    /// When it ends.
    pub expires_at: UnixTime,
    /// How long that is from now.
    pub remaining: Duration,
    /// The URL of the runtime's attestation document.
    pub document: String,
}

/// Where the Evidence behind an agent is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Evidence {
    /// The URL of the runtime's attestation document.
    document: String,
    /// SHA-384 over its lease, in hex.
    lease: String,
    /// The end of that lease, in seconds since the epoch.
    expires_at: u64,
}

/// Whom a card is of, as far as this runtime knows it by itself.
pub(super) struct About {
    pub(super) subject: Arc<Subject>,
    pub(super) evidence: Evidence,
    pub(super) origin: Origin,
}

/// What a peer's runtime says on its card.
#[derive(Debug, Deserialize)]
struct Params<'a> {
    evidence: Evidence,
    origin: Origin,
    #[serde(borrow)]
    signer: Signer<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signer<'a> {
    #[serde(borrow)]
    identity_key: &'a RawValue,
    statement: String,
}

impl Evidence {
    pub(super) fn of(attested: &Attested) -> Self {
        Self {
            document: attested.document.clone(),
            lease: attested.lease.to_string(),
            expires_at: attested.expires_at.as_secs(),
        }
    }
}

/// What the card of `peer`'s runtime says about it, and who is said to have signed that card.
/// Believed by nobody until the key that the voucher leads to has signed the card.
pub(super) fn claimed(
    card: &Object<'_>,
    peer: &Subject,
) -> Result<(Evidence, Origin, Voucher), CardError> {
    let capabilities = card.get("capabilities").map(Object::read).transpose()?;
    let extensions = capabilities.as_ref().map(extensions).transpose()?.unwrap_or_default();
    // SECURITY: by the kind of root that the channel attests, not by what the card says.
    let uri = uri(peer.simulated);
    let found = extensions.iter().find(|extension| is(extension, uri)).ok_or(CardError::Voucher)?;
    let params = found.get("params").ok_or(CardError::Voucher)?;
    let params: Params<'_> = serde_json::from_str(params.get()).map_err(|_| CardError::Voucher)?;
    let identity_key = PublicKey::from_jwk(params.signer.identity_key.get().as_bytes())
        .map_err(|_| CardError::Voucher)?;
    let voucher = Voucher { identity_key, statement: params.signer.statement };
    Ok((params.evidence, params.origin, voucher))
}

/// Puts the extension on a card in place of whatever looks like it. `own` is who signs the card;
/// without a signer there is only what is known about the agent.
pub(super) fn advertise(
    card: &mut Object<'_>,
    about: &About,
    own: Option<(&Attested, &CardSigner)>,
) -> Result<(), CardError> {
    let capabilities = match card.get("capabilities") {
        None => raw(&with_extension(None, about, own)?)?,
        Some(found) => raw(&with_extension(Some(Object::read(found)?), about, own)?)?,
    };
    card.set("capabilities", capabilities);
    Ok(())
}

fn with_extension<'c>(
    capabilities: Option<Object<'c>>,
    about: &About,
    own: Option<(&Attested, &CardSigner)>,
) -> Result<Object<'c>, CardError> {
    let mut capabilities = capabilities.unwrap_or_default();
    let mut kept = Vec::new();
    for extension in extensions(&capabilities)? {
        if !is(&extension, EXTENSION) && !is(&extension, SIMULATED_EXTENSION) {
            kept.push(raw(&extension)?);
        }
    }
    kept.push(raw(&entry(about, own))?);
    capabilities.set("extensions", raw(&kept)?);
    Ok(capabilities)
}

fn extensions<'a>(capabilities: &'a Object<'_>) -> Result<Vec<Object<'a>>, CardError> {
    let Some(list) = capabilities.get("extensions") else { return Ok(Vec::new()) };
    let list: Vec<&'a RawValue> =
        serde_json::from_str(list.get()).map_err(|_| CardError::Ambiguous)?;
    list.into_iter().map(|extension| Object::read(extension).map_err(CardError::Object)).collect()
}

fn is(extension: &Object<'_>, uri: &str) -> bool {
    extension.text("uri").ok().flatten().is_some_and(|found| found == uri)
}

const fn uri(simulated: bool) -> &'static str {
    if simulated { SIMULATED_EXTENSION } else { EXTENSION }
}

/// The extension as it stands on a card.
pub(super) fn entry(about: &About, own: Option<(&Attested, &CardSigner)>) -> Value {
    let About { subject, evidence, origin } = about;
    let mut params = json!({
        "agent": spiffe(subject),
        "image": {"name": subject.image, "version": subject.version},
        "tee": subject.tee.to_string(),
        "tier": subject.tier.to_string(),
        "simulated": subject.simulated,
        "evidence": evidence,
        "origin": origin,
    });
    if let (Some((attested, signer)), Some(params)) = (own, params.as_object_mut()) {
        let Voucher { identity_key, statement } = signer.voucher();
        let agent = spiffe(&attested.subject);
        let signer =
            json!({"agent": agent, "identityKey": identity_key.to_jwk(), "statement": statement});
        params.insert("signer".to_owned(), signer);
    }
    let description = if subject.simulated { SIMULATED_DESCRIPTION } else { DESCRIPTION };
    json!({"uri": uri(subject.simulated), "description": description, "params": params})
}

/// SPEC: the form that [`cloister_channel::SpiffeId`] has.
fn spiffe(subject: &Subject) -> String {
    format!("spiffe://{}/agent/{}/{}", subject.trust_domain, subject.agent, subject.instance)
}

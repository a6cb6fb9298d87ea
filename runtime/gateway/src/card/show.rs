//! A card on its way from who has it to who asks: verified, rewritten, signed anew.
//!
//! ```text
//!   agent --(its own signature)--> callee's runtime --(its signature)--> caller's runtime
//!                                                                              |
//!                                      caller's agent <--(its signature)-------'
//! ```
//!
//! Each step verifies the signature before it, then changes URLs, which invalidates it, and signs
//! what it hands on. No signature is ever passed on beyond the step that verified it.

use core::time::Duration;
use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::jcs::canonical;
use cloister_channel::InstanceId;
use cloister_policy::Subject;
use serde_json::value::RawValue;

use super::attestation::{About, Attested, Evidence, Vouch, advertise, claimed, entry};
use super::canonical::Canonical;
use super::decode::{SIGNATURES, decoded};
use super::interface::Front;
use super::rewrite::{raw, rewrite};
use super::signature::{OriginPolicy, check_whole, signed};
use super::{CardError, protobuf};
use crate::object::Object;
use crate::operation::V1_0;
use crate::wire::put;

/// Hexadecimal digits of a digest that are enough to tell two versions of a card apart.
const TAG_DIGITS: usize = 32;

/// Whose card is received.
#[derive(Clone)]
pub(crate) enum Source {
    /// The local agent's, which has to satisfy this.
    Agent(Arc<OriginPolicy>),
    /// That of a peer's runtime, which has to have signed it.
    Peer(Arc<Subject>),
}

/// How a received card is handed on.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) source: Source,
    pub(crate) front: Front,
    /// Who signs; without one the card goes on unsigned.
    pub(crate) vouch: Option<Arc<dyn Vouch>>,
}

/// A card as it is handed on.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) card: Box<RawValue>,
    /// Names its content, which the signatures do not belong to: they differ each time.
    pub(crate) tag: String,
}

impl Plan {
    /// How long this runtime's own lease lives on; for ever where nothing attests this end.
    pub(crate) fn remaining(&self) -> Duration {
        let Some(vouch) = &self.vouch else { return Duration::MAX };
        vouch.attested().map_or(Duration::ZERO, |attested| attested.remaining)
    }

    /// The card that is handed on in place of `received`.
    pub(crate) fn show(&self, received: &[u8]) -> Result<Shown, CardError> {
        let mut card = Object::parse(received)?;
        let own = self.own()?;
        let about = self.about(&card, &Canonical::of_json(received)?, own.as_ref())?;
        rewrite(&mut card, &self.front)?;
        let signer = self.vouch.as_ref().map(|vouch| vouch.signer());
        advertise(&mut card, &about, own.as_ref().zip(signer))?;
        let unsigned = raw(&card)?;
        let canonical = Canonical::of_json(unsigned.get().as_bytes())?;
        if let Some(signer) = signer {
            card.set("signatures", raw(&signed(&canonical, |text| signer.sign(text))?)?);
        }
        let tag = Digest48::sha384(canonical.whole().as_bytes()).to_string();
        let tag = tag.get(..TAG_DIGITS).unwrap_or(&tag).to_owned();
        Ok(Shown { card: raw(&card)?, tag })
    }

    /// The card in protobuf that is handed on in place of `received`.
    pub(crate) fn show_protobuf(
        &self,
        received: &[u8],
        version: &str,
    ) -> Result<Vec<u8>, CardError> {
        if version != V1_0 {
            if let Source::Agent(policy) = &self.source {
                policy.check_unverifiable(protobuf::is_signed_earlier(received)?)?;
            }
            return protobuf::earlier(received, &self.front);
        }
        let own = self.own()?;
        // Its numbers are doubles; the canonical text has integers as such.
        let text = canonical(&decoded(received)?);
        let texts = Canonical::of_json(text.as_bytes())?;
        let about = self.about(&Object::parse(text.as_bytes())?, &texts, own.as_ref())?;
        let signer = self.vouch.as_ref().map(|vouch| vouch.signer());
        let extension = entry(&about, own.as_ref().zip(signer));
        let mut card = protobuf::rewritten(received, &self.front, &extension)?;
        if let Some(signer) = signer {
            let texts = Canonical::of_json(canonical(&decoded(&card)?).as_bytes())?;
            for made in signed(&texts, |text| signer.sign(text))? {
                let mut signature = Vec::new();
                put(&mut signature, 1, made.protected.as_bytes());
                put(&mut signature, 2, made.signature.as_bytes());
                put(&mut card, SIGNATURES, &signature);
            }
        }
        Ok(card)
    }

    fn own(&self) -> Result<Option<Attested>, CardError> {
        let own = self.vouch.as_ref().map(|vouch| vouch.attested().ok_or(CardError::NotAttested));
        own.transpose()
    }

    /// Whom the card is of, once it is known that it may be believed.
    fn about(
        &self,
        card: &Object<'_>,
        canonical: &Canonical,
        own: Option<&Attested>,
    ) -> Result<About, CardError> {
        match &self.source {
            Source::Agent(policy) => {
                let own = own.ok_or(CardError::NotAttested)?;
                let origin = policy.judge(card, canonical)?;
                let subject = Arc::clone(&own.subject);
                Ok(About { subject, evidence: Evidence::of(own), origin })
            }
            Source::Peer(peer) => {
                let (evidence, origin, voucher) = claimed(card, peer)?;
                let instance: InstanceId = peer.instance.parse().map_err(|_| CardError::Voucher)?;
                let key = voucher.key_of(&instance).map_err(|_| CardError::Voucher)?;
                check_whole(card, canonical, &key)?;
                Ok(About { subject: Arc::clone(peer), evidence, origin })
            }
        }
    }
}

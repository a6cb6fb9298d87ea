//! What a result of ours says beyond the draft's own claims.

use serde::{Deserialize, Serialize};

use crate::bytes::Digest48;
use crate::evidence::{Route, Tee};
use crate::item::{Item, ItemError, Key};
use crate::result::{AttestationResult, PlatformIdentity};

/// The claims of our own, under names that begin with `cloister.` in both forms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Which TEE signed the Evidence.
    #[serde(rename = "cloister.tee")]
    pub tee: Tee,
    /// How the hardware's word reached the guest: on `azure_vtpm` the hardware measured a
    /// paravisor, and a virtual TPM speaks for the guest.
    #[serde(rename = "cloister.route")]
    pub route: Route,
    /// The processor generation, as the signed chain names it.
    #[serde(rename = "cloister.product")]
    pub product: String,
    /// Whether a software TEE signed: the Evidence then says nothing about hardware.
    #[serde(rename = "cloister.simulated")]
    pub simulated: bool,
    /// Which machine, as far as the Evidence says.
    #[serde(rename = "cloister.platform")]
    pub platform: PlatformIdentity,
    /// The vendor's word for the TCB, where the vendor publishes one.
    #[serde(rename = "cloister.tcb-status", skip_serializing_if = "Option::is_none")]
    pub tcb_status: Option<String>,
    /// The admitted image that matched.
    #[serde(rename = "cloister.image", skip_serializing_if = "Option::is_none")]
    pub image: Option<MatchedImage>,
    /// SHA-384 over the SPKI of the identity key that the Evidence is bound to, if it is to one.
    #[serde(rename = "cloister.identity-key", skip_serializing_if = "Option::is_none")]
    pub identity_key: Option<Digest48>,
    /// SHA-384 over the received report or quote.
    #[serde(rename = "cloister.evidence")]
    pub evidence: Digest48,
    /// SHA-384 over the Attestation Result with every check, as the Verifier recorded it.
    #[serde(rename = "cloister.appraisal")]
    pub appraisal: Digest48,
    /// Ids of the checks that failed, each once.
    #[serde(rename = "cloister.failed")]
    pub failed: Vec<String>,
    /// Ids of the checks that nobody vouches for, each once.
    #[serde(rename = "cloister.not-asserted")]
    pub not_asserted: Vec<String>,
}

/// The image whose Reference Values matched whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchedImage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Digest of the tuple that matched.
    pub tuple: Digest48,
}

impl Facts {
    pub(super) fn of(result: &AttestationResult, identity_key: Option<Digest48>) -> Self {
        let image = result.reference().map(|tuple| MatchedImage {
            name: tuple.image.clone(),
            version: tuple.version.clone(),
            tuple: tuple.digest(),
        });
        Self {
            tee: result.tee(),
            route: result.route(),
            product: result.product().to_owned(),
            simulated: result.simulated(),
            platform: result.platform().clone(),
            tcb_status: result.tcb_status().map(|status| status.to_string()),
            image,
            identity_key,
            evidence: *result.evidence(),
            appraisal: result.digest(),
            failed: each_once(result.failures().map(|check| check.code.id)),
            not_asserted: each_once(result.not_asserted()),
        }
    }

    /// As entries of the submodule's map.
    pub(super) fn entries(&self) -> Result<impl Iterator<Item = (Key, Item)> + use<>, ItemError> {
        let entries = serde_json::to_value(self)
            .and_then(serde_json::from_value::<Item>)
            .map_err(|error| ItemError::new(error.to_string()))?;
        Ok(entries.into_map()?.into_iter())
    }

    /// From those entries, every one of them.
    pub(super) fn read(entries: &Item) -> Result<Self, ItemError> {
        if has_bytes(entries) {
            return Err(ItemError::new("a claim of cloister's has another type"));
        }
        serde_json::from_value(entries.to_json()).map_err(|error| ItemError::new(error.to_string()))
    }
}

/// These claims are the same in both forms, so that what JSON cannot say is of another type.
fn has_bytes(item: &Item) -> bool {
    match item {
        Item::Bytes(_) | Item::Tagged(..) => true,
        Item::Array(items) => items.iter().any(has_bytes),
        Item::Map(entries) => {
            entries.iter().any(|(key, item)| matches!(key, Key::Integer(_)) || has_bytes(item))
        }
        Item::Integer(_) | Item::Text(_) | Item::Boolean(_) | Item::Null => false,
    }
}

fn each_once<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for id in ids {
        if !list.iter().any(|listed| listed == id) {
            list.push(id.to_owned());
        }
    }
    list
}

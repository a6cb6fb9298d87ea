//! The JSON documents that Intel signs. Their parsers see only what was signed, so the input is
//! signed by the simulated Intel first: this is what a defect in the vendor's service could send.

use std::sync::LazyLock;

use cloister_attestation::tdx::{Collateral, Quote, VerifiedQuote, verify};
use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::CollateralParts;
use serde_json::Value;

use super::QUICK_SIGNED;
use crate::world::{NOW, REPORT_DATA, intel_anchors, tdx};
use crate::{Outcome, Target};

const BYTES_MAX: usize = 16 * 1024;

pub(super) const TCB_INFO: Target = Target {
    name: "tdx-tcb-info",
    run: tcb_info,
    seeds: tcb_infos,
    bytes_max: BYTES_MAX,
    quick_inputs: QUICK_SIGNED,
};

pub(super) const QE_IDENTITY: Target = Target {
    name: "tdx-qe-identity",
    run: qe_identity,
    seeds: qe_identities,
    bytes_max: BYTES_MAX,
    quick_inputs: QUICK_SIGNED,
};

fn tcb_info(data: &[u8]) -> Outcome {
    judge(data, "TDX", |parts, text, signature| {
        (parts.tcb_info, parts.tcb_info_signature) = (text, signature);
    })
}

fn qe_identity(data: &[u8]) -> Outcome {
    judge(data, "TD_QE", |parts, text, signature| {
        (parts.qe_identity, parts.qe_identity_signature) = (text, signature);
    })
}

/// What is concluded from a document is what an independent reader of JSON finds in it.
fn judge(data: &[u8], id: &str, put: impl FnOnce(&mut CollateralParts, String, String)) -> Outcome {
    let Ok(text) = String::from_utf8(data.to_vec()) else { return Outcome::Refused };
    let signature = WORLD.guest.sign_document(&text);
    let mut parts = WORLD.parts.clone();
    put(&mut parts, text, signature);
    let Some(verified) = verified(&parts) else { return Outcome::Refused };
    let document: Value = serde_json::from_slice(data).expect("what verified is JSON");
    assert_eq!(document["id"], id);
    let number = document["tcbEvaluationDataNumber"].as_u64().expect("a number");
    assert!(u64::from(verified.tcb_evaluation_data_number()) <= number);
    let published = strings(&document);
    for advisory in verified.advisories() {
        assert!(published.contains(&advisory), "{advisory} is nowhere in the document");
    }
    Outcome::Accepted
}

fn verified(parts: &CollateralParts) -> Option<VerifiedQuote> {
    let json = serde_json::to_vec(parts).expect("text serializes");
    let collateral = Collateral::from_json(&json).ok()?;
    verify(WORLD.quote.clone(), &collateral, intel_anchors(), NOW).ok()
}

/// A quote with a TD report of TDX 1.5, which is judged for launch and for now, and what it is
/// judged with.
struct World {
    guest: TdxGuest,
    quote: Quote,
    parts: CollateralParts,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let guest = tdx().swap_remove(2);
    let quote = Quote::parse(&guest.quote(&REPORT_DATA)).expect("a genuine quote");
    let parts = guest.collateral_parts();
    World { guest, quote, parts }
});

fn strings(document: &Value) -> Vec<&str> {
    match document {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn tcb_infos() -> Vec<Vec<u8>> {
    vec![WORLD.parts.tcb_info.clone().into_bytes()]
}

fn qe_identities() -> Vec<Vec<u8>> {
    vec![WORLD.parts.qe_identity.clone().into_bytes()]
}

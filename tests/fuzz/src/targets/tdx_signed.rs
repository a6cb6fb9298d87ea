//! The JSON documents that Intel signs. Their parsers see only what was signed, so the input is
//! signed by the simulated Intel first: this is what a defect in the vendor's service could send.

use cloister_attestation::tdx::{Collateral, Quote, VerifiedQuote, verify};
use cloister_simulator::TdxGuest;
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
    judge(data, &["TDX"], |guest, text| guest.with_tcb_info_text(move |it| *it = text.clone()))
}

fn qe_identity(data: &[u8]) -> Outcome {
    judge(data, &["TD_QE"], |guest, text| guest.with_qe_identity_text(move |it| *it = text.clone()))
}

/// What is concluded from a document is what an independent reader of JSON finds in it.
fn judge(data: &[u8], ids: &[&str], sign: impl FnOnce(TdxGuest, String) -> TdxGuest) -> Outcome {
    let Ok(text) = String::from_utf8(data.to_vec()) else { return Outcome::Refused };
    let Some(verified) = verified(&sign(guest(), text)) else { return Outcome::Refused };
    let document: Value = serde_json::from_slice(data).expect("what verified is JSON");
    assert!(ids.contains(&document["id"].as_str().expect("an id")));
    let number = document["tcbEvaluationDataNumber"].as_u64().expect("a number");
    assert!(u64::from(verified.tcb_evaluation_data_number()) <= number);
    let published = strings(&document);
    for advisory in verified.advisories() {
        assert!(published.contains(&advisory), "{advisory} is nowhere in the document");
    }
    Outcome::Accepted
}

fn verified(guest: &TdxGuest) -> Option<VerifiedQuote> {
    let collateral = Collateral::from_json(&guest.collateral_json()).ok()?;
    let quote = Quote::parse(&guest.quote(&REPORT_DATA)).expect("a genuine quote");
    verify(quote, &collateral, intel_anchors(), NOW).ok()
}

fn strings(document: &Value) -> Vec<&str> {
    match document {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// With a TD report of TDX 1.5, which is judged for launch and for now.
fn guest() -> TdxGuest {
    tdx().swap_remove(2)
}

fn tcb_infos() -> Vec<Vec<u8>> {
    vec![guest().collateral_parts().tcb_info.into_bytes()]
}

fn qe_identities() -> Vec<Vec<u8>> {
    vec![guest().collateral_parts().qe_identity.into_bytes()]
}

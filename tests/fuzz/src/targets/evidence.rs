//! What surrounds a report or quote, and the documents that an operator writes.

use cloister_attestation::binding::Binding;
use cloister_attestation::bytes::{Digest48, Nonce};
use cloister_attestation::envelope::{Envelope, Vtpm};
use cloister_attestation::evidence::Tee;
use cloister_attestation::limits::{BINDING_BYTES_MAX, MANIFEST_BYTES_MAX};
use cloister_attestation::manifest::{
    Manifest, PolicyDigest, PolicySource, WorkloadDigest, is_agent_name,
};
use cloister_attestation::policy::Policy;
use cloister_attestation::reference::ReferenceValues;

use super::{QUICK, outcome, twice};
use crate::world::{REPORT_DATA, snp};
use crate::{Outcome, Target};

pub(super) const ENVELOPE: Target = Target {
    name: "envelope",
    run: envelope,
    seeds: envelopes,
    bytes_max: 24 * 1024,
    quick_inputs: QUICK,
};

pub(super) const BINDING: Target = Target {
    name: "binding",
    run: binding,
    seeds: bindings,
    bytes_max: BINDING_BYTES_MAX + 16,
    quick_inputs: QUICK,
};

pub(super) const MANIFEST: Target = Target {
    name: "manifest",
    run: manifest,
    seeds: manifests,
    bytes_max: MANIFEST_BYTES_MAX + 16,
    quick_inputs: QUICK,
};

pub(super) const REFERENCE_VALUES: Target = Target {
    name: "reference-values",
    run: reference_values,
    seeds: references,
    bytes_max: 16 * 1024,
    quick_inputs: QUICK,
};

pub(super) const POLICY_JSON: Target = Target {
    name: "policy-json",
    run: policy_json,
    seeds: policies,
    bytes_max: 16 * 1024,
    quick_inputs: QUICK,
};

/// There is one encoding of everything: accepted bytes are what encoding gives back.
fn envelope(data: &[u8]) -> Outcome {
    let parsed = twice(data, Envelope::decode);
    if let Some(envelope) = &parsed {
        assert_eq!(envelope.encode(), data);
    }
    outcome(&parsed)
}

fn binding(data: &[u8]) -> Outcome {
    let parsed = twice(data, Binding::decode);
    if let Some(binding) = &parsed {
        assert!(data.len() <= BINDING_BYTES_MAX);
        assert_eq!(binding.encode(), data);
    }
    outcome(&parsed)
}

fn manifest(data: &[u8]) -> Outcome {
    let parsed = twice(data, Manifest::decode);
    if let Some(manifest) = &parsed {
        assert!(data.len() <= MANIFEST_BYTES_MAX);
        assert_eq!(manifest.encode().expect("it was decoded"), data);
        assert!(is_agent_name(&manifest.agent));
    }
    outcome(&parsed)
}

/// What was read is what was written, and names at least one shape.
fn reference_values(data: &[u8]) -> Outcome {
    let parsed = twice(data, ReferenceValues::from_json);
    if let Some(values) = &parsed {
        assert!(values.tuples().count() >= 1);
        let again = serde_json::to_vec(values).expect("it was read from JSON");
        assert_eq!(&ReferenceValues::from_json(&again).expect("it was written"), values);
    }
    outcome(&parsed)
}

/// The form of a policy inside a bundle and a database.
fn policy_json(data: &[u8]) -> Outcome {
    let parsed = twice(data, |data| serde_json::from_slice::<Policy>(data));
    if let Some(policy) = &parsed {
        let again = serde_json::to_vec(policy).expect("it was read from JSON");
        assert_eq!(&serde_json::from_slice::<Policy>(&again).expect("it was written"), policy);
    }
    outcome(&parsed)
}

fn envelopes() -> Vec<Vec<u8>> {
    let guest = &snp()[0];
    let full = Envelope {
        tee: Tee::Snp,
        hardware: guest.report(&REPORT_DATA),
        binding: bindings().swap_remove(0),
        manifest: manifests().swap_remove(0),
        certificates: Some(guest.certificate_table()),
        event_log: Some(vec![3; 40]),
        vtpm: None,
    };
    let bare = Envelope { certificates: None, event_log: None, ..full.clone() };
    let other = Envelope { tee: Tee::Tdx, certificates: None, ..full.clone() };
    let vtpm = Vtpm {
        hcl_report: vec![1; 40],
        quote: vec![2; 40],
        signature: vec![3; 40],
        pcrs: vec![4; 64],
        ak_certificates: Some(b"-----".to_vec()),
    };
    let azure = Envelope { vtpm: Some(vtpm), ..full.clone() };
    [full, bare, other, azure].iter().map(Envelope::encode).collect()
}

fn bindings() -> Vec<Vec<u8>> {
    let least = Binding {
        identity_key: Digest48::sha384(b"identity"),
        channel_key: Digest48::sha384(b"channel"),
        nonce: Nonce::new([7; 32]),
        manifest: Digest48::sha384(b"manifest"),
        audit_head: None,
        exporter: None,
    };
    let audit_head = Some(Digest48::sha384(b"head"));
    let full = Binding { audit_head, exporter: Some([9; 32]), ..least.clone() };
    [least, full].iter().map(Binding::encode).collect()
}

fn manifests() -> Vec<Vec<u8>> {
    let least = Manifest {
        agent: "translator".into(),
        workload: WorkloadDigest(Digest48::sha384(b"workload")),
        policy: PolicyDigest(Digest48::sha384(b"policy")),
        principal: "example.org".into(),
        scope: Vec::new(),
        region_claim: None,
        policy_source: PolicySource::Image,
    };
    let scope = vec!["translate".into(), "summarise".into()];
    let full = Manifest { scope, region_claim: Some("eu-north".into()), ..least.clone() };
    [least, full].iter().map(|manifest| manifest.encode().expect("a manifest")).collect()
}

fn references() -> Vec<Vec<u8>> {
    let digest = Digest48::sha384(b"digest").to_string();
    let document = serde_json::json!({
        "image": "translator",
        "version": "1.2.3",
        "manifest": digest,
        "shapes": [
            { "tee": "snp", "measurement": digest, "host_data": "00".repeat(32) },
            { "tee": "tdx", "mr_td": digest, "rtmr": [digest, digest, digest, digest],
              "mr_config_id": digest, "mr_owner": digest, "mr_owner_config": digest },
        ],
    });
    vec![document.to_string().into_bytes()]
}

fn policies() -> Vec<Vec<u8>> {
    let strict = [Policy::strict(), Policy::strict_for_simulator(Digest48::sha384(b"simulator"))];
    strict.iter().map(|policy| serde_json::to_vec(policy).expect("a policy")).collect()
}

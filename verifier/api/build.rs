//! Compiles the protocol description; no `protoc` is needed.
//!
//! The same messages serve the JSON surface: they get serde's derives here, with bytes as base64
//! and states as words, so that there is one definition of what is said.

#![allow(clippy::print_stdout, reason = "this is how a build script talks to cargo")]

use std::error::Error;

const PROTO: &str = "cloister/v1/verifier.proto";

/// Fields whose JSON form differs from serde's own, and the module of `src/json.rs` that writes it.
const FORMS: &[(&str, &str)] = &[
    ("ChallengeResponse.nonce", "base64"),
    ("AttestRequest.evidence", "base64"),
    ("AttestRequest.identity_key", "base64"),
    ("AttestRequest.channel_key", "base64"),
    ("AttestRequest.identity_proof", "base64"),
    ("AttestRequest.channel_proof", "base64"),
    ("AttestRequest.checkpoint", "base64"),
    ("AttestRequest.consistency", "base64_list"),
    ("ShowCheckpointRequest.checkpoint", "base64"),
    ("ShowCheckpointRequest.consistency", "base64_list"),
    ("ShowCheckpointRequest.witnessed", "base64_list"),
    ("AuditCheckpoint.signed", "base64"),
    ("AuditConflict.held", "base64"),
    ("AuditConflict.shown", "base64"),
    ("AppraiseRequest.evidence", "base64"),
    ("AppraiseRequest.nonce", "base64"),
    ("AppraiseRequest.format", "result_format"),
    ("Admitted.lease", "base64"),
    ("Admitted.publication", "base64"),
    ("Admitted.certificates", "base64_list"),
    ("TrustBundle.issuers", "base64_list"),
    ("LeaseKey.kid", "base64"),
    ("LeaseKey.public_key", "base64"),
    ("TrustBundle.revocations", "base64"),
    ("AdmitImageRequest.reference_values", "base64"),
    ("PolicyResponse.publication", "base64"),
    ("Image.state", "image_state"),
    ("Agent.state", "agent_state"),
    ("LeaseKeyRecord.state", "lease_key_state"),
];

/// Fields that a request in JSON may leave out.
const OPTIONAL: &[&str] = &["AttestRequest.checkpoint", "AttestRequest.consistency"];

/// Requests that arrive as JSON: a field that nobody knows is a misunderstanding, not a hint.
const STRICT: &[&str] = &[
    "AttestRequest",
    "AppraiseRequest",
    "QuarantineAgentRequest",
    "RetireAgentRequest",
    "ChallengeRequest",
    "ApplyPolicyRequest",
    "ReattestRequest",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile([PROTO], ["proto"])?;
    // Without the transport: this crate opens no connection; whoever does brings a channel.
    let mut builder = tonic_prost_build::configure()
        .build_transport(false)
        .message_attribute(".", "#[derive(serde::Serialize, serde::Deserialize)]")
        .enum_attribute(".", "#[derive(serde::Serialize, serde::Deserialize)]")
        .enum_attribute(".", "#[serde(rename_all = \"snake_case\")]")
        .field_attribute("AttestRequest.policy_number", "#[serde(default)]")
        .field_attribute("AttestResponse.outcome", "#[serde(flatten)]")
        .field_attribute("AppraiseResponse.outcome", "#[serde(flatten)]")
        .field_attribute("WatchEvent.event", "#[serde(flatten)]");
    for (field, form) in FORMS {
        builder =
            builder.field_attribute(field, format!("#[serde(with = \"crate::json::{form}\")]"));
    }
    for field in OPTIONAL {
        builder = builder.field_attribute(field, "#[serde(default)]");
    }
    for message in STRICT {
        builder = builder.message_attribute(message, "#[serde(deny_unknown_fields)]");
    }
    builder.compile_fds(descriptors)?;
    Ok(())
}

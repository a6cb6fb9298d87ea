//! Every target over its seeds, over what was once wrong, and over seeded mutations.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use cloister_fuzz::mutation::Mutator;
use cloister_fuzz::{ALL, Outcome, Target, target};

/// Runs `target` over its seeds, which have to be accepted, and over mutations of them.
fn exercise(target: &Target) {
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{} has no seed", target.name);
    for (at, seed) in seeds.iter().enumerate() {
        assert!(seed.len() <= target.bytes_max, "seed {at} of {} is too long", target.name);
        assert_eq!((target.run)(seed), Outcome::Accepted, "seed {at} of {}", target.name);
    }
    let mut mutator = Mutator::new(0x5eed);
    let refused = (0..target.quick_inputs)
        .filter(|_| (target.run)(&mutator.next_input(&seeds, target.bytes_max)) == Outcome::Refused)
        .count();
    assert!(refused > 0, "{} refuses nothing", target.name);
}

macro_rules! targets {
    ($($test:ident = $name:literal;)+) => {
        $(
            #[test]
            fn $test() {
                exercise(target($name).expect("a target of this name"));
            }
        )+

        #[test]
        fn every_target_has_a_test() {
            let tested = [$($name),+];
            let all: Vec<_> = ALL.iter().map(|target| target.name).collect();
            assert_eq!(all, tested);
        }
    };
}

targets! {
    snp_report = "snp-report";
    snp_verified_report = "snp-verified-report";
    snp_certificate_table = "snp-certificate-table";
    tdx_quote = "tdx-quote";
    tdx_verified_quote = "tdx-verified-quote";
    tdx_local_report = "tdx-local-report";
    tdx_collateral = "tdx-collateral";
    tdx_tcb_info = "tdx-tcb-info";
    tdx_qe_identity = "tdx-qe-identity";
    x509_certificate = "x509-certificate";
    x509_crl = "x509-crl";
    x509_pem = "x509-pem";
    azure_hcl_report = "azure-hcl-report";
    tpm_quote = "tpm-quote";
    tpm_signature = "tpm-signature";
    tpm_public_area = "tpm-public-area";
    event_log = "event-log";
    publication = "publication";
    ear_claims = "ear-claims";
    ear = "ear";
    result_keys = "result-keys";
    bundle = "bundle";
    envelope = "envelope";
    binding = "binding";
    manifest = "manifest";
    reference_values = "reference-values";
    policy_json = "policy-json";
    corim = "corim";
    signed_corim = "signed-corim";
    publisher_key = "publisher-key";
    image_firmware = "image-firmware";
    image_authenticode = "image-authenticode";
    image_partitions = "image-partitions";
    image_shapes = "image-shapes";
    policy = "policy";
    minimums = "minimums";
    agent_config = "agent-config";
    node_config = "node-config";
    policy_bundle = "policy-bundle";
    simulator_answer = "simulator-answer";
    tpm_response = "tpm-response";
    quote_service_answer = "quote-service-answer";
    dhcp_message = "dhcp-message";
    metadata_answer = "metadata-answer";
    lease = "lease";
    svid = "svid";
    trust_bundle = "trust-bundle";
    attestation_document = "attestation-document";
    published_policy = "published-policy";
    delegation = "delegation";
    delegation_statement = "delegation-statement";
    session = "session";
    session_statement = "session-statement";
    renewal = "renewal";
    visit_greeting = "visit-greeting";
    visit_proof = "visit-proof";
    visit_statement = "visit-statement";
    json_rpc = "json-rpc";
    http_json = "http-json";
    grpc = "grpc";
    agent_card = "agent-card";
    mcp_request = "mcp-request";
    mcp_tool_list = "mcp-tool-list";
    mcp_events = "mcp-events";
    mcp_lines = "mcp-lines";
    push_request = "push-request";
    push_notification = "push-notification";
    audit_record = "audit-record";
    audit_log = "audit-log";
    audit_checkpoint = "audit-checkpoint";
    audit_cosignature = "audit-cosignature";
    audit_consistency_proof = "audit-consistency-proof";
    audit_exchange = "audit-exchange";
    image_pe = "image-pe";
    image_elf = "image-elf";
    image_tar = "image-tar";
    image_zip = "image-zip";
    image_lock = "image-lock";
}

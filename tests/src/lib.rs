//! Tests that need more than one crate, and the table of every attack that must be refused.
//!
//! There is no code here but for a test that looks whether the table is true. `end_to_end/` holds
//! one binary with a module for each topic; what the tests share is `cloister-devnet`, which the
//! demo uses too.
//!
//! # Attacks on the channel
//!
//! Protocol cases run over the pure state machines with real TLS in memory; what is about a port,
//! a process or a network runs over sockets in `end_to_end/`. Ten thousand seeded schedules mix
//! most of them: `runtime/channel/tests/channel/simulation.rs::no_seed_breaks_a_rule`.
//!
//! Folders: *channel* is `runtime/channel/tests/channel`, *core* is `attestation/core/tests`.
//!
//! | case | held by |
//! | --- | --- |
//! | replayed session proof | `channel/attacks.rs::refuses_replayed_session_proof`, `tests/end_to_end/network.rs::a_recorded_connection_played_again_reaches_nobody` |
//! | proof from another connection | `channel/attacks.rs::refuses_proof_relayed_from_another_connection`, `channel/attacks.rs::refuses_identity_signature_over_another_exporter`, `channel/attacks.rs::refuses_the_exporter_of_the_other_role` |
//! | relay with leaked channel keys | `channel/model.rs::the_whole_proof_stands_against_a_network_that_holds_every_channel_key`, `channel/model.rs::without_the_exporter_a_relay_with_two_leaked_channel_keys_is_believed` |
//! | reflected proof | `channel/attacks.rs::refuses_reflected_proof`, `channel/model.rs::without_the_role_a_runtime_believes_its_own_reflection` |
//! | swapped role | `channel/attacks.rs::refuses_swapped_role` |
//! | lease of A with key of B | `channel/attacks.rs::refuses_lease_of_a_with_identity_key_of_b` |
//! | channel key not in `cnf` | `channel/attacks.rs::refuses_lease_of_a_in_the_certificate_of_b` |
//! | certificate and key of different nodes | `channel/handshake.rs::refuses_a_certificate_whose_key_the_peer_does_not_hold` |
//! | lease by an unknown key | `channel/attacks.rs::refuses_lease_signed_by_an_unknown_key`, `channel/lease_text.rs::refuses_a_key_that_is_unknown_missing_or_not_named_by_its_digest` |
//! | `alg: none`, key confusion | `channel/lease_bytes.rs::refuses_alg_none_and_every_other_algorithm`, `channel/lease_text.rs::refuses_alg_none_and_every_other_algorithm`, `channel/attacks.rs::refuses_proof_with_alg_none_and_other_header_parts` |
//! | expired lease, not yet valid | `channel/leases.rs::refuses_expired_lease`, `channel/leases.rs::refuses_lease_that_is_not_yet_valid` |
//! | lease of another trust domain | `channel/leases.rs::refuses_lease_of_another_trust_domain` |
//! | revoked lease | `channel/leases.rs::refuses_lease_of_a_revoked_instance_until_it_is_restored`, `channel/sessions.rs::refuses_a_peer_that_is_revoked` |
//! | certificate without CMW extension, with two, oversized, critical | `channel/svids.rs::refuses_certificate_without_cmw_extension`, `channel/svids.rs::refuses_certificate_with_two_cmw_extensions`, `channel/svids.rs::refuses_certificate_with_an_oversized_cmw_extension`, `channel/svids.rs::refuses_a_critical_cmw_extension` |
//! | lease in an intermediate, under another OID | `channel/svids.rs::refuses_a_lease_in_an_intermediate_and_none_in_the_leaf`, `channel/svids.rs::refuses_a_lease_under_another_oid` |
//! | TLS 1.2 | `channel/handshake.rs::refuses_tls12_at_the_listener`, `channel/handshake.rs::refuses_tls12_at_the_dialler`, `tests/end_to_end/adversary.rs::tls_1_2_is_refused_with_an_alert` |
//! | X25519 alone | `channel/handshake.rs::refuses_x25519_alone_while_post_quantum_is_required`, `channel/handshake.rs::refuses_a_classical_connection_made_by_a_laxer_configuration` |
//! | resumption ticket, early data | `channel/handshake.rs::a_listener_gives_no_ticket_to_resume_with_and_takes_no_early_data`, `channel/handshake.rs::a_dialler_resumes_nothing_and_sends_no_early_data`, `channel/handshake.rs::refuses_a_resumed_connection` |
//! | wrong ALPN, absent ALPN | `channel/handshake.rs::refuses_wrong_alpn`, `channel/handshake.rs::refuses_absent_alpn_that_tls_lets_pass` |
//! | application bytes before the verdict, either way | `channel/sessions.rs::refuses_application_bytes_before_the_verdict_at_the_responder`, `channel/sessions.rs::refuses_application_bytes_before_the_verdict_at_the_initiator`, `tests/end_to_end/adversary.rs::application_bytes_from_a_client_without_a_lease_reach_nobody` |
//! | intended B answered by a genuine C | `channel/attacks.rs::refuses_intended_peer_b_answered_by_a_genuine_c`, `channel/sessions.rs::refuses_a_dialler_that_was_diverted_to_another_genuine_runtime` |
//! | simulator lease in production | `channel/attacks.rs::refuses_simulator_lease_at_a_production_runtime` |
//! | renewal with a foreign lease | `channel/life/attacks.rs::refuses_renewal_with_a_foreign_lease` |
//! | renewal after revocation | `channel/life/attacks.rs::refuses_renewal_after_revocation` |
//! | replayed, reflected, reordered renewal | `channel/life/attacks.rs::refuses_a_replayed_renewal`, `channel/life/attacks.rs::refuses_a_reflected_renewal`, `channel/life/attacks.rs::refuses_a_renewal_that_follows_one_that_was_left_out` |
//! | a peer that never sends its proof | `channel/sessions.rs::refuses_a_peer_that_never_sends_its_proof`, `tests/end_to_end/network.rs::a_network_that_swallows_everything_ends_in_an_answer` |
//! | one byte at a time | `channel/sessions.rs::takes_a_proof_one_byte_at_a_time_within_the_deadline_and_not_beyond`, `tests/end_to_end/network.rs::calls_pass_a_slow_network_that_cuts_everything_into_pieces` |
//! | 4 GiB of length | `channel/sessions.rs::refuses_a_length_of_4_gib_at_the_prefix`, `channel/life/attacks.rs::refuses_a_message_that_is_too_long_at_its_prefix` |
//! | a visitor where visitors are not allowed | `runtime/node/tests/node/visits.rs::visitors_are_refused_by_default_whatever_the_policy_says`, `tests/end_to_end/visits.rs::where_agent_toml_says_nothing_visitors_are_refused_and_told_how_to_be_let_in`, `runtime/node/src/config/node/tests.rs::refuses_keys_of_the_measured_file` |
//! | a visitor that claims to be an agent | `channel/visits.rs::a_visitor_cannot_claim_to_be_an_agent`, `runtime/gateway/tests/gateway/visitors.rs::the_agent_is_told_that_nothing_of_a_visitor_is_attested_and_no_look_alike`, `verifier/policy/tests/policy/visitor.rs::nothing_is_permitted_to_a_visitor_unless_a_policy_names_visitors` |
//! | a mutual channel downgraded to a visit, a visit taken for a channel | `channel/visits.rs::a_mutual_channel_cannot_be_downgraded_to_a_visit`, `channel/visits.rs::a_visit_never_passes_for_a_mutual_channel`, `channel/visits.rs::what_a_host_proves_to_a_visitor_proves_nothing_on_a_channel`, `runtime/node/tests/node/visits.rs::whoever_offers_a_channel_beside_a_visit_shows_a_certificate` |
//! | a visit: application bytes before the verdict, either way | `channel/visits.rs::refuses_application_bytes_before_the_host_has_proved_itself`, `channel/visits.rs::refuses_a_host_that_speaks_before_the_verdict_on_its_proof`, `runtime/node/tests/node/visits.rs::application_bytes_before_the_proof_reach_nobody` |
//! | a visit: another genuine agent answers | `channel/visits.rs::refuses_another_genuine_agent_that_answers`, `tests/end_to_end/visits.rs::another_genuine_agent_that_answers_is_not_connected_to` |
//! | a visit: relayed or replayed proof | `channel/visits.rs::refuses_a_proof_relayed_from_another_visit`, `channel/visits.rs::refuses_a_proof_that_answers_another_question_on_the_same_connection` |
//! | a visit that outlives its lease or a revocation | `runtime/node/tests/node/visits.rs::a_visit_ends_with_the_lease_that_it_was_begun_under_and_the_next_one_has_a_newer`, `runtime/node/tests/node/visits.rs::visits_end_when_the_agent_is_quarantined` |
//! | bytes altered, doubled or cut off by the network | `tests/end_to_end/network.rs::altered_bytes_open_no_channel`, `tests/end_to_end/network.rs::doubled_bytes_open_no_channel`, `tests/end_to_end/network.rs::a_connection_cut_in_its_handshake_is_dialled_again` |
//!
//! # Attacks on what stands behind the channel
//!
//! | case | held by |
//! | --- | --- |
//! | Evidence relayed from another machine | `core/attacks/replayed_evidence.rs::evidence_borrowed_from_another_machine_does_not_cover_the_presented_keys`, `verifier/service/tests/service/admission.rs::evidence_borrowed_from_another_machine_is_refused` |
//! | old Evidence in a new session | `core/attacks/replayed_evidence.rs::an_older_answer_with_the_new_challenge_written_over_it_is_not_admitted`, `verifier/service/tests/service/admission.rs::a_replayed_request_buys_nothing`, `channel/evidence.rs::refuses_evidence_replayed_from_another_session` |
//! | an audit log that was rewritten, went back, or is kept twice | `verifier/service/tests/service/checkpoints.rs::a_log_that_went_back_is_refused_by_name_and_buys_no_lease`, `verifier/service/tests/service/checkpoints.rs::a_fork_takes_the_lease_away_and_is_kept_as_both_signatures`, `verifier/service/tests/service/checkpoints.rs::a_fork_that_a_peer_was_shown_is_found_once_the_peer_tells` |
//! | the peer's own Evidence sent back | `channel/evidence.rs::refuses_evidence_made_for_the_other_end_of_the_session` |
//! | empty allow-list, missing Reference Value, unknown platform | `core/attacks/empty_lists.rs::no_admitted_image_admits_nothing`, `core/attacks/empty_lists.rs::a_policy_without_a_section_for_the_tee_refuses_it`, `verifier/service/tests/service/admission.rs::without_reference_values_nothing_is_admitted`, `verifier/policy/tests/policy/decision.rs::an_empty_bundle_refuses_every_action` |
//! | Evidence that selects a mock | `core/attacks/simulated_evidence.rs::a_policy_for_hardware_refuses_what_verified_under_a_simulators_root`, `verifier/service/tests/service/admission.rs::a_production_verifier_refuses_simulated_evidence`, `tests/end_to_end/binaries.rs::no_shipped_binary_contains_the_simulator` |
//! | forged result: unsigned, wrong key, expired, other audience or nonce, confused key | `core/ear/forgery.rs::unsigned`, `core/ear/forgery.rs::algorithm_none`, `core/ear/forgery.rs::key_confusion_with_the_public_key_as_a_secret`, `core/ear/forgery.rs::the_wrong_key_under_its_own_id_and_under_the_trusted_one`, `verifier/cli/tests/cli/results.rs::refuses_another_audience_nonce_key_and_time` |
//! | a verdict that outlives policy, revocation or its lease | `channel/life/endings.rs::a_revocation_ends_the_channel_at_once_at_both_ends`, `channel/life/endings.rs::a_raised_policy_epoch_ends_channels_under_older_leases`, `channel/life/endings.rs::a_channel_ends_with_the_lease_of_either_end_at_both`, `tests/end_to_end/network.rs::a_runtime_cut_off_from_its_verifier_loses_its_peers_when_its_lease_ends` |
//! | leaked hardware key | `core/attacks/leaked_key.rs::forged_evidence_of_a_chip_that_is_not_known_is_refused`, `core/attacks/leaked_key.rs::without_a_list_of_machines_the_result_says_that_nobody_vouches_for_the_chip` |
//! | a TLS library with a known weakness | `tests/src/lib.rs::the_tls_library_is_not_one_of_those_with_a_known_weakness` |
//! | duplicate keys, bytes that were written again | `core/attacks/ambiguous_encodings.rs::a_cbor_key_twice_is_refused`, `core/attacks/ambiguous_encodings.rs::a_json_key_twice_in_reference_values_or_collateral_is_refused`, `core/attacks/ambiguous_encodings.rs::a_signed_document_that_was_read_and_written_again_is_refused` |
//! | a clock that is set back | `core/attacks/clock_set_back.rs::a_clock_before_the_issue_of_the_endorsements_accepts_nothing`, `channel/life/endings.rs::a_clock_that_runs_backwards_prolongs_nothing`, `runtime/node/src/clock.rs::a_signed_time_ahead_of_the_system_becomes_the_floor` |
#![forbid(unsafe_code)]

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn workspace() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
    }

    fn file(named: &str) -> PathBuf {
        let folder =
            |short: &str, long: &str| named.strip_prefix(short).map(|rest| [long, rest].concat());
        let long = folder("channel/", "runtime/channel/tests/channel/")
            .or_else(|| folder("core/", "attestation/core/tests/"));
        workspace().join(long.unwrap_or_else(|| named.to_owned()))
    }

    #[test]
    fn every_case_names_tests_that_exist() {
        let table = include_str!("lib.rs").lines().filter(|line| line.starts_with("//! | "));
        let mut tests = 0;
        for cell in table.flat_map(|line| line.split('`')) {
            let Some((path, name)) = cell.split_once("::") else { continue };
            let text = std::fs::read_to_string(file(path)).unwrap_or_default();
            assert!(text.contains(&format!("fn {name}()")), "there is no {cell}");
            tests += 1;
        }
        assert!(tests > 60, "the table has shrunk to {tests} tests");
    }

    /// RUSTSEC-2026-0285 is mended in 0.23.45.
    #[test]
    fn the_tls_library_is_not_one_of_those_with_a_known_weakness() {
        let lock = std::fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
        let versions = lock.split("\n[[package]]\n").filter_map(|package| {
            let rest = package.strip_prefix("name = \"rustls\"\nversion = \"")?;
            let numbers = rest.split('"').next()?.split('.');
            numbers.map(|number| number.parse().ok()).collect::<Option<Vec<u32>>>()
        });
        let versions: Vec<_> = versions.collect();
        assert!(!versions.is_empty(), "no rustls in Cargo.lock");
        assert!(versions.iter().all(|version| *version >= vec![0, 23, 45]), "{versions:?}");
    }
}

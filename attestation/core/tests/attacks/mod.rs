//! Attacks by their names: what an attacker presents, and that nothing of it is admitted.
//!
//! These go the whole way, from received bytes to the Attestation Result. Attacks that come down to
//! one field or one certificate are in that field's file under `snp/`, `tdx/` and `x509/`.

mod ambiguous_encodings;
mod clock_set_back;
mod empty_lists;
mod forged_revocation_list;
mod leaked_key;
mod missing_mitigations;
mod mixed_images;
mod other_tee;
mod outdated_platform;
mod replayed_evidence;
mod rolled_back_firmware;
mod self_declared_hash;
mod simulated_evidence;
mod size_bombs;
mod urls_in_certificates;
mod victim;

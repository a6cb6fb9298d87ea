//! What a Verifier can demand of a machine that measures itself.

use cloister_attestation::azure::AzurePolicy;
use cloister_attestation::event_log::{EventLogDemand, Presence};
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::tpm::{HashAlgorithm, MeasuredPcr};
use cloister_simulator::Pki;

/// The PCRs that an image decides.
const DECIDED: [u8; 3] = [4, 9, 11];

/// The built-in policy for `pki`'s machines, but for what their firmware has not: keys for Secure
/// Boot, and so no PCR 7 to know. That the event log explains the PCRs is demanded besides.
#[must_use]
pub fn policy(pki: &Pki) -> Policy {
    let azure = AzurePolicy {
        bank: Expect::Exactly(HashAlgorithm::Sha256),
        pcrs: DECIDED.into_iter().filter_map(MeasuredPcr::new).collect(),
        secure_boot: Expect::Exactly(false),
        event_log: EventLogDemand { presence: Presence::Required, ..EventLogDemand::strict() },
        ..AzurePolicy::strict()
    };
    let strict = Policy::strict_for_simulator(pki.anchor().fingerprint());
    Policy { azure: Some(azure), ..strict }
}

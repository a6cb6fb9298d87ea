//! Azure's paravisor and virtual TPM.

use super::{exposing, protecting};
use crate::azure::{AkCertificate, AkCertificateDemand, AzurePolicy, VerifiedAzure};
use crate::event_log::{EventLogDemand, Presence, ReplayedLog};
use crate::policy::Expect;
use crate::tpm::MeasuredPcr;

impl AzurePolicy {
    /// As narrow as what `verified` shows.
    pub(super) fn observed(verified: &VerifiedAzure) -> Self {
        let configuration = verified.runtime().vm_configuration();
        let selection = verified.quote().quote().selection();
        Self {
            bank: Expect::Exactly(selection.bank()),
            pcrs: selection.iter().filter_map(MeasuredPcr::new).collect(),
            ak_certificate: match verified.ak_certificate() {
                AkCertificate::Verified => AkCertificateDemand::Required,
                AkCertificate::Absent => AkCertificateDemand::AcceptAbsent,
            },
            secure_boot: protecting(configuration.secure_boot),
            console_enabled: exposing(configuration.console_enabled),
            vm_unique_id: Expect::Exactly(configuration.vm_unique_id.clone()),
            event_log: event_log(verified.event_log()),
        }
    }
}

/// A log that explains the registers is demanded where there is one.
pub(super) fn event_log(log: Option<&ReplayedLog>) -> EventLogDemand {
    match log {
        Some(ReplayedLog::Verified(log)) => EventLogDemand {
            presence: Presence::Required,
            repeated_separators: Expect::Exactly(!log.repeated_separators().is_empty()),
        },
        Some(ReplayedLog::Refused(_)) | None => EventLogDemand::strict(),
    }
}

//! What a Relying Party demands of a VM behind Azure's paravisor.

use serde::{Deserialize, Serialize};

use super::codes::policy as codes;
use super::verify::{AkCertificate, VerifiedAzure};
use crate::check::Check;
use crate::event_log::EventLogDemand;
use crate::policy::Expect;
use crate::reference::{LaunchShape, ReferenceTuple};
use crate::tpm::{HashAlgorithm, MeasuredPcr};

/// Demands on the virtual TPM and the VM. The policy's section for the hardware counts besides.
/// Nothing has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzurePolicy {
    /// PCR bank that is quoted.
    pub bank: Expect<HashAlgorithm>,
    /// PCRs that the quote has to cover and that a Reference Value has to name. Empty demands
    /// nothing, and the result says `not_asserted`.
    pub pcrs: Vec<MeasuredPcr>,
    /// Whether Azure has to vouch for the attestation key besides the hardware.
    pub ak_certificate: AkCertificateDemand,
    /// `secure-boot` of the VM's configuration.
    pub secure_boot: Expect<bool>,
    /// `console-enabled` of the VM's configuration.
    pub console_enabled: Expect<bool>,
    /// `vmUniqueId` of the VM's configuration.
    pub vm_unique_id: Expect<String>,
    /// The event log of the guest's virtual TPM.
    pub event_log: EventLogDemand,
}

/// Whether Azure has to vouch for the attestation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AkCertificateDemand {
    /// A certificate that chains to one of Azure's roots has to be there.
    Required,
    /// Without one the result says `not_asserted`. One that is there counts in any case.
    AcceptAbsent,
}

/// What boots (4), under whose keys (7), with which initial file system and command line (9), the
/// sections of a unified kernel image (11) and what was added to its command line (12).
// SPEC: TCG PC Client Platform Firmware Profile 1.06, section 3.3.4; systemd-stub(7).
const STRICT: [u8; 5] = [4, 7, 9, 11, 12];

impl AzurePolicy {
    /// The demands of the built-in policy: Secure Boot, and Reference Values for what boots. Azure's
    /// own certificate is not demanded, since the hardware vouches for the same key.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            bank: Expect::OneOf(vec![HashAlgorithm::Sha256, HashAlgorithm::Sha384]),
            pcrs: STRICT.into_iter().filter_map(MeasuredPcr::new).collect(),
            ak_certificate: AkCertificateDemand::AcceptAbsent,
            secure_boot: Expect::Exactly(true),
            console_enabled: Expect::Any,
            vm_unique_id: Expect::Any,
            event_log: EventLogDemand::strict(),
        }
    }

    /// Checks every demand. A failed one never hides another.
    #[must_use]
    pub fn appraise(
        &self,
        verified: &VerifiedAzure,
        matched: Option<&ReferenceTuple>,
    ) -> Vec<Check> {
        let configuration = verified.runtime().vm_configuration();
        let selection = verified.quote().quote().selection();
        let mut checks = vec![
            self.bank.check(&codes::BANK, &selection.bank()),
            self.quoted(verified),
            self.referenced(matched),
            self.ak_certificate(verified.ak_certificate()),
            self.secure_boot.check(&codes::SECURE_BOOT, &configuration.secure_boot),
            self.console_enabled.check(&codes::CONSOLE, &configuration.console_enabled),
            self.vm_unique_id.check(&codes::VM_ID, &configuration.vm_unique_id),
        ];
        checks.extend(self.event_log.appraise(verified.event_log()));
        checks
    }

    fn quoted(&self, verified: &VerifiedAzure) -> Check {
        let selection = verified.quote().quote().selection();
        let observed = format!("PCRs {}", joined(selection.iter()));
        if self.pcrs.is_empty() {
            return Check::not_asserted(&codes::QUOTED, observed);
        }
        let covered = self.pcrs.iter().all(|pcr| selection.contains(pcr.index()));
        Check::decided(&codes::QUOTED, covered, self.wanted(), observed)
    }

    /// A Reference Value that is silent about a PCR matches whatever was measured there.
    fn referenced(&self, matched: Option<&ReferenceTuple>) -> Check {
        let Some(LaunchShape::Azure { pcrs, .. }) = matched.map(|tuple| &tuple.shape) else {
            return Check::not_asserted(&codes::REFERENCED, "no Reference Value matched");
        };
        let observed = format!("PCRs {}", joined(pcrs.iter().map(|(pcr, _)| pcr)));
        if self.pcrs.is_empty() {
            return Check::not_asserted(&codes::REFERENCED, observed);
        }
        let named = self.pcrs.iter().all(|pcr| pcrs.names(*pcr));
        Check::decided(&codes::REFERENCED, named, self.wanted(), observed)
    }

    fn wanted(&self) -> String {
        format!("at least PCRs {}", joined(self.pcrs.iter()))
    }

    fn ak_certificate(&self, known: AkCertificate) -> Check {
        let code = &codes::AK_CERTIFICATE;
        match (self.ak_certificate, known) {
            (_, AkCertificate::Verified) => Check::decided(code, true, "verified", "verified"),
            (AkCertificateDemand::Required, AkCertificate::Absent) => {
                Check::decided(code, false, "verified", "absent")
            }
            (AkCertificateDemand::AcceptAbsent, AkCertificate::Absent) => {
                Check::not_asserted(code, "absent")
            }
        }
    }
}

fn joined(pcrs: impl Iterator<Item = impl ToString>) -> String {
    pcrs.map(|pcr| pcr.to_string()).collect::<Vec<_>>().join(", ")
}

//! The section `azure`.

use super::{Key, key, section};

pub(super) const KEYS: &[Key] = &[
    section(
        "azure",
        "VMs behind Azure's paravisor, besides what is demanded of the hardware. Without this section all of them are refused.",
    ),
    key("azure.bank", "PCR bank that is quoted.", "any bank, also of a weaker hash"),
    key(
        "azure.pcrs",
        "PCRs that the quote has to cover and a Reference Value has to name. Empty demands none.",
        "nothing that the guest booted is looked at",
    ),
    key(
        "azure.ak_certificate",
        "\"required\": Azure has to vouch for the attestation key besides the hardware; or \"accept_absent\".",
        "the hardware alone vouches for the attestation key",
    ),
    key("azure.secure_boot", "secure-boot of the VM's configuration.", "Secure Boot may be off"),
    key(
        "azure.console_enabled",
        "console-enabled of the VM's configuration.",
        "the VM may have a console",
    ),
    key("azure.vm_unique_id", "vmUniqueId of the VM's configuration.", "any VM"),
    section("azure.event_log", "The event log of the guest's virtual TPM."),
    key(
        "azure.event_log.presence",
        "\"required\", or \"optional\": without one the result says so.",
        "nothing may explain what the PCRs measured",
    ),
    key(
        "azure.event_log.repeated_separators",
        "Whether a PCR may have more than one separator between firmware and what it started.",
        "events may have been moved behind the separator",
    ),
];

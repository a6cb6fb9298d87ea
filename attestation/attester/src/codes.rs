//! Everything that can go wrong while collecting Evidence.

use cloister_attestation::code::Code;

cloister_attestation::codes! {
    /// No TEE was found.
    TEE_NONE = "attester.tee.none", Operator, "",
        "Run this inside an SEV-SNP or TDX guest with Linux 6.7 or later, or behind Azure's paravisor, or name a simulator's socket for development.",
        "This machine shows neither configfs-tsm with a provider, nor a guest device of a TEE, nor a virtual TPM with a paravisor's report. Either it is not a confidential guest, or the kernel lacks the driver (CONFIG_TSM_REPORTS with CONFIG_SEV_GUEST or CONFIG_TDX_GUEST_DRIVER), or configfs is not mounted on /sys/kernel/config. A simulator is never chosen by itself.";
    /// The TEE or interface that was asked for is not there.
    TEE_UNAVAILABLE = "attester.tee.unavailable", Operator, "",
        "Choose the TEE and interface that this machine has; `cloister doctor` lists what is there.",
        "A particular TEE or interface was asked for, and this machine does not have it. Nothing else was used in its place.";
    /// The process may not use the TEE.
    PERMISSION = "attester.permission", Operator, "",
        "Run as root, or give this user access to the path in the message.",
        "The kernel shows the TEE's interface and does not let this process use it. configfs-tsm and the guest devices belong to root by default.";
    /// configfs-tsm is served by another provider.
    TSM_PROVIDER = "attester.tsm.provider", Operator, "Linux ABI configfs-tsm, provider",
        "Choose the TEE that the provider in the message belongs to.",
        "The provider name decides what a report is. The kernel names another provider than the TEE that was asked for, or one that this version does not know, so the bytes it returns would be taken for something that they are not.";
    /// Another process kept changing the entry.
    TSM_CONFLICT = "attester.tsm.conflict", Operator, "Linux ABI configfs-tsm, generation",
        "Find out which process writes to entries under configfs-tsm that it did not make, and stop it.",
        "The kernel counts writes to an entry. After the report was read, the count was not what this process's own writes make it: somebody else wrote to the same entry in between, or a write of ours was dropped. The report may answer another question, so it was thrown away, as were those of the attempts after it.";
    /// The kernel or firmware stayed busy.
    TSM_BUSY = "attester.tsm.busy", Operator, "Linux ABI configfs-tsm, outblob",
        "Try again in a while; on TDX, restart the host's quote generation service if it stays so.",
        "The kernel said that it was busy, interrupted, or had no report for the current inputs, each time that it was asked. On TDX this lasts as long as an earlier quote request is unanswered.";
    /// The firmware or hypervisor failed.
    TSM_FIRMWARE = "attester.tsm.firmware", Operator, "",
        "Read the kernel log for the firmware's or hypervisor's error; a guest whose channel to the firmware is closed has to be started anew.",
        "Asking for the report ended with an input/output error. On SEV-SNP, the kernel closes the channel to the firmware after a failure that might repeat a message counter, and no further report can be had until the guest starts anew. On TDX, the host's quote generation service refused or is not running.";
    /// The privilege level was refused.
    TSM_PRIVILEGE_LEVEL = "attester.tsm.privilege_level", Operator, "Linux ABI configfs-tsm, privlevel",
        "Ask for a privilege level between the kernel's floor and 3, or for none.",
        "The kernel accepts privilege levels from a floor, which is where it runs itself, to 3. TDX has none.";
    /// configfs-tsm did something else than documented.
    TSM_IO = "attester.tsm.io", Operator, "Linux ABI configfs-tsm",
        "Read the kernel's error in the message and the kernel log.",
        "An operation on configfs-tsm failed in a way that this version has no special remedy for.";
    /// The firmware refused a request through the device.
    SNP_FIRMWARE = "attester.snp.firmware", Operator, "GHCB 2.03 section 4.1.7",
        "Look up the firmware's or hypervisor's code in the message; a guest whose channel to the firmware is closed has to be started anew.",
        "The request for an extended report through /dev/sev-guest failed. The code's upper half comes from the hypervisor (1: certificates do not fit, 2: busy), the lower half from the firmware.";
    /// There is no way to a quote.
    TDX_NO_QUOTE = "attester.tdx.no_quote", Operator, "Linux tdx-guest",
        "Use a kernel with configfs-tsm (Linux 6.7 or later), and a host that runs a quote generation service.",
        "/dev/tdx_guest returns a TDREPORT, which only this processor can check. Turning it into a quote takes the host's quoting enclave, and the supported way there is configfs-tsm.";
    /// The simulator cannot be reached.
    SIMULATOR_UNREACHABLE = "attester.simulator.unreachable", Operator, "",
        "Start the simulator, or correct the path of its socket.",
        "A simulator was asked for, and nothing answers on the socket that was named.";
    /// The simulator does not speak the protocol.
    SIMULATOR_PROTOCOL = "attester.simulator.protocol", Operator, "",
        "Use the simulator of this version.",
        "What answers on the simulator's socket does not speak this version's protocol, or refused the request.";
    /// The TPM cannot be spoken to.
    TPM_TRANSPORT = "attester.tpm.transport", Operator, "",
        "Read the kernel's error in the message; load the TPM's driver if there is no device.",
        "A command could not be written to the TPM, or its answer could not be read.";
    /// The TPM's answer is not one to the command.
    TPM_RESPONSE = "attester.tpm.response", Operator, "TPM 2.0 Part 1, section 18",
        "Try again; if it stays so, distrust the machine, since its host is the one who answers.",
        "What came back from the TPM is not as long as it says, of another kind than the command asks for, about something else, or has bytes that belong to nothing. It was thrown away.";
    /// The TPM refused a command.
    TPM_REFUSED = "attester.tpm.refused", Operator, "TPM 2.0 Part 2, section 6.6, TPM_RC",
        "Look up the TPM's code in the message; after TPM_RC_LOCKOUT or TPM_RC_FAILURE the TPM has to be reset.",
        "The TPM understood the command and refused it, or was still busy after several attempts.";
    /// A command cannot be marshalled.
    TPM_COMMAND = "attester.tpm.command", Cloister, "TPM 2.0 Part 1, section 18",
        "Report the message.",
        "A parameter of a command to the TPM is longer than its size can say.";
    /// There is a TPM, and it is no TEE.
    VTPM_NOT_A_TEE = "attester.vtpm.not_a_tee", Operator, "Microsoft Learn, Virtual TPMs in Azure confidential VMs",
        "Use a confidential VM, whose hardware vouches for its virtual TPM or for the guest itself.",
        "There is a TPM, and no report of the hardware behind it. A virtual TPM alone measures what boots, and its provider vouches for its key: that is what GCP's Shielded VM, AWS's NitroTPM and Azure's Trusted Launch give. It says nothing about who can read the guest's memory, and whoever runs the machine runs the TPM too. So it gives no Evidence here.";
    /// The paravisor's report cannot be used.
    VTPM_REPORT = "attester.vtpm.report", Operator, "OpenHCL igvm_attest, AttestationReport",
        "Try again; if it stays so, report the message.",
        "What is in NV index 0x01400001 is no report of a paravisor that this version knows, or its hardware report does not carry the hash of the runtime data beside it. The paravisor may renew the report while it is read, so it was read several times.";
    /// The TPM's attestation key is not the one that the hardware vouches for.
    VTPM_KEY = "attester.vtpm.key", Operator, "Microsoft Learn, Virtual TPMs in Azure confidential VMs",
        "Leave the key at handle 0x81000003 as the paravisor made it; a guest that has replaced it has to be started anew.",
        "Quotes are signed with the key at handle 0x81000003, and the hardware vouches for the key that the paravisor's report calls HCLAkPub. There is no such key, it is no attestation key, or it is another one. A quote with it would be refused everywhere.";
    /// PCRs kept changing.
    VTPM_PCRS = "attester.vtpm.pcrs", Operator, "TPM 2.0 Part 3, section 18.4, TPM2_Quote",
        "Find out what extends PCRs 0 to 15 all the time, and stop it.",
        "Each time, some PCR was extended after it was quoted and before its value was read.";
    /// There is no quote for the paravisor's TDREPORT.
    QUOTE_SERVICE = "attester.vtpm.quote_service", Operator, "Microsoft Learn, Virtual TPMs in Azure confidential VMs",
        "Let this process reach 169.254.169.254 port 80 without a proxy, and try again.",
        "On TDX the paravisor's report holds a TDREPORT, which only its own processor can check. Azure's host turns it into a quote, at a link-local address over HTTP. It could not be reached, refused, or answered something else.";
    /// The TEE's answer is not one to this question.
    ANSWER = "attester.answer", Operator, "",
        "Collect again; if it stays so, read the kernel log and report the message.",
        "The TEE returned something that is no report or quote, is larger than any real one, or carries other report data than asked for. It was thrown away.";
    /// A step that `doctor` looks at.
    DOCTOR_TSM = "attester.doctor.tsm", Operator, "Linux ABI configfs-tsm",
        "Mount configfs on /sys/kernel/config and load the tsm module (Linux 6.7 or later).",
        "configfs-tsm is the kernel's interface for reports of every TEE.";
    /// A step that `doctor` looks at.
    DOCTOR_ENTRY = "attester.doctor.entry", Operator, "Linux ABI configfs-tsm",
        "Run as root inside a confidential guest, with the TEE's guest driver loaded.",
        "An entry can only be made where the kernel has a provider, and by who may write to configfs.";
    /// A step that `doctor` looks at.
    DOCTOR_DEVICE = "attester.doctor.device", Operator, "",
        "Load the TEE's guest driver; with configfs-tsm present, no device is needed.",
        "The guest devices are what kernels before 6.7 have.";
    /// A step that `doctor` looks at.
    DOCTOR_VTPM = "attester.doctor.vtpm", Operator, "Microsoft Learn, Virtual TPMs in Azure confidential VMs",
        "Use a confidential VM; on Azure, run as root so that the TPM can be read.",
        "Behind Azure's paravisor a guest has no device of its TEE: it gets Evidence through its virtual TPM. A TPM without the paravisor's report can show what booted, to whoever believes its provider. It cannot show that the memory is encrypted, that the host cannot read it, or that the TPM itself is out of the host's reach, so it gives no Evidence.";
    /// A step that `doctor` looks at.
    DOCTOR_COLLECT = "attester.doctor.collect", Operator, "",
        "Follow the remedy of the code in the message.",
        "The whole way, tried once: open the TEE that is configured and collect Evidence over zeroes.";
}

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    [CODES, crate::platform::codes::CODES].into_iter().flatten().copied()
}

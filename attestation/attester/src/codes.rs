//! Everything that can go wrong while collecting Evidence.

use cloister_attestation::code::Code;

cloister_attestation::codes! {
    /// No TEE was found.
    TEE_NONE = "attester.tee.none", Operator, "",
        "Run this inside an SEV-SNP or TDX guest with Linux 6.7 or later, or name a simulator's socket for development.",
        "This machine shows neither configfs-tsm with a provider nor a guest device of a TEE. Either it is not a confidential guest, or the kernel lacks the driver (CONFIG_TSM_REPORTS with CONFIG_SEV_GUEST or CONFIG_TDX_GUEST_DRIVER), or configfs is not mounted on /sys/kernel/config. A simulator is never chosen by itself.";
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
    DOCTOR_COLLECT = "attester.doctor.collect", Operator, "",
        "Follow the remedy of the code in the message.",
        "The whole way, tried once: open the TEE that is configured and collect Evidence over zeroes.";
}

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    [CODES, crate::platform::codes::CODES].into_iter().flatten().copied()
}

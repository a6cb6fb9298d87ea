//! What is looked at on each platform, and what mends it there.

cloister_attestation::codes! {
    /// Which platform this looks like.
    PLATFORM = "attester.doctor.platform", Operator, "SMBIOS, System Information and System Enclosure",
        "Compare with where the machine was started; nothing rests on it.",
        "The platform that the machine's own tables name: vendor, product and asset tag, and the CPU's hypervisor bit. The host writes all of these, so this is a hint for whoever mends the machine, and proves nothing. What a Verifier believes is signed by the hardware.";
    /// There is no virtual machine.
    NO_VM = "attester.doctor.no_vm", Operator, "",
        "Start a confidential guest and run this inside; images/platforms/bare-metal has command lines.",
        "The CPU shows no hypervisor. A machine that runs on hardware of its own is in nobody's TEE: SEV-SNP and TDX attest to virtual machines.";
    /// An instance of AWS shows no TEE.
    AWS = "attester.doctor.aws", Operator, "Amazon EC2 User Guide, AMD SEV-SNP",
        "Load sev-guest; if it finds no device, launch anew with `--cpu-options AmdSevSnp=enabled` on an m6a, c6a or r6a type, from an image registered with boot mode uefi.",
        "EC2 offers AMD SEV-SNP with some instance types in some regions, and only to instances that were launched with it: it cannot be switched on later. The image has to be registered for UEFI.";
    /// A machine of Azure has no TPM.
    AZURE = "attester.doctor.azure", Operator, "Microsoft Learn, Azure confidential VMs",
        "Create the machine anew with security type ConfidentialVM, virtual TPM enabled, in a size of the DCas, ECas, DCes or ECes series; then load tpm_crb.",
        "On Azure a paravisor stands between the hardware and the guest. The guest reaches it through a virtual TPM, which holds the hardware's report and signs over PCRs. Machines of security type ConfidentialVM have that TPM in the paravisor. One of security type TrustedLaunch has a TPM too, and no TEE beneath it: the two differ in what the TPM holds at index 0x01400001, not in its being there.";
    /// An instance of Google shows no TEE.
    GCP = "attester.doctor.gcp", Operator, "Google Cloud, Confidential VM documentation",
        "Load sev-guest or tdx-guest; if neither finds a device, create the instance anew with `--confidential-compute-type` SEV_SNP or TDX, from an image with that guest OS feature.",
        "Compute Engine starts a confidential VM where the instance asks for a type, the machine series offers it, and the image is marked as capable. SEV without SNP has no report that cloisterd uses.";
    /// A guest of QEMU shows no TEE.
    QEMU = "attester.doctor.qemu", Operator, "QEMU, confidential guest support",
        "Load sev-guest or tdx-guest; if neither finds a device, start QEMU with a sev-snp-guest or tdx-guest object as confidential-guest-support, as in images/platforms/bare-metal.",
        "Under QEMU a guest is confidential if the machine has `confidential-guest-support` with an object of the TEE, the host's kernel and firmware permitting.";
    /// A guest of something else shows no TEE.
    OTHER_VM = "attester.doctor.other_vm", Operator, "",
        "Find out from the platform's documentation how a SEV-SNP or TDX guest is started there, and load sev-guest or tdx-guest inside.",
        "There is a hypervisor, and what the machine says of itself is not one of the platforms that this version knows. If the kernel shows the TEE in the usual way, nothing else is needed.";
    /// The driver of SEV-SNP is missing.
    SEV_DRIVER = "attester.doctor.sev_driver", Operator, "Linux, The Definitive SEV Guest API Documentation",
        "Load the module sev-guest, or use a kernel with CONFIG_SEV_GUEST.",
        "The kernel knows that it is a SEV-SNP guest, and the driver that asks the firmware for reports is not there.";
    /// The driver of TDX is missing.
    TDX_DRIVER = "attester.doctor.tdx_driver", Operator, "Linux, TDX Guest API Documentation",
        "Load the module tdx-guest, or use a kernel with CONFIG_TDX_GUEST_DRIVER.",
        "The kernel knows that it is a TDX guest, and the driver that asks for reports and quotes is not there.";
    /// The kernel is older than configfs-tsm.
    KERNEL = "attester.doctor.kernel", Operator, "Linux ABI configfs-tsm",
        "Use Linux 6.7 or later, built with CONFIG_TSM_REPORTS.",
        "configfs-tsm is in Linux since 6.7. Before that SEV-SNP has a device of its own, which works too, and TDX has no way to a quote that cloisterd uses.";
    /// What in the Evidence of this platform names the image.
    IMAGE = "attester.doctor.image", Operator, "images/platforms/README.md",
        "Read in images/platforms/README.md what is measured on this platform before an image is admitted for it.",
        "A report that names firmware only is the same for every image that boots under that firmware. Where the platform's firmware is the provider's, what names the image is a register that the firmware extends, or a virtual TPM, and some platforms have neither inside the TEE.";
}

//! Codes of Evidence from Azure confidential VMs: parsing, verification and policy.

crate::codes! {
    /// The HCL report is cut, too long, or padded with something.
    LENGTH = "azure.hcl.length", Peer, "OpenHCL igvm_attest, AttestationReport",
        "Send the content of the vTPM's NV index 0x01400001 exactly as it was read.",
        "An HCL report declares its own size, and zero follows up to the size of the NV index. These bytes end early, have something else behind the end, or are longer than any such report.";
    /// The header is not that of an HCL report.
    HEADER = "azure.hcl.header", Peer, "OpenHCL igvm_attest, IgvmAttestRequestHeader",
        "Send the content of the vTPM's NV index 0x01400001 exactly as it was read.",
        "The report begins with `HCLA`, a known version, the size, and fields that are fixed. One of them is another, so this is something else, or of a version that nobody here has read.";
    /// The declared hardware is unknown or not what is inside.
    REPORT_TYPE = "azure.hcl.report_type", Peer, "OpenHCL igvm_attest, IgvmAttestReportType",
        "Send the HCL report of the machine that the envelope names.",
        "The report says whether an SEV-SNP report or a TDREPORT is inside. The kind is not one of these, is not what is there, or is not what the Evidence came as: a report of one kind is never read as the other.";
    /// The hardware report inside is not the one beside.
    OTHER_REPORT = "azure.hcl.other_report", Peer, "",
        "Send the SEV-SNP report that is inside the HCL report.",
        "The envelope carries the hardware's report by itself as well, and the two are not the same bytes.";
    /// The runtime data's hash algorithm is not known.
    HASH_TYPE = "azure.hcl.hash_type", Peer, "OpenHCL igvm_attest, IgvmAttestHashType",
        "Send the HCL report as the paravisor wrote it.",
        "The report names the hash that binds the runtime data into REPORT_DATA: SHA-256, SHA-384 or SHA-512. This one names another.";
    /// The runtime data does not read.
    RUNTIME_DATA = "azure.runtime_data.malformed", Peer, "OpenHCL igvm_attest, RuntimeClaims",
        "Send the HCL report as the paravisor wrote it.",
        "The runtime data is one JSON object with the vTPM's keys and the VM's configuration. It is not JSON, says something twice, is too long, or lacks what is needed. A name that occurs twice is refused, because two readers could see two different values.";
    /// A part is longer than any genuine one.
    PARTS = "azure.parts", Caller, "",
        "Send the attestation key's certificate with its issuers, and nothing else with them.",
        "The certificates of the attestation key are together longer than any genuine chain. They were not read.";
    /// The hardware vouches for the runtime data.
    RUNTIME_DIGEST = "azure.runtime_data.digest", Peer, "Microsoft Learn, Confidential VM guest attestation",
        "Read the HCL report again and send it unaltered, with the report or quote that belongs to it.",
        "REPORT_DATA begins with the hash of the runtime data, and zero follows. It does not, so the hardware does not vouch for the keys in that data: it was altered, or belongs to another report.";
    /// The TDREPORT and the TD quote are of one paravisor.
    TD_REPORT = "azure.td_report", Peer, "Microsoft Learn, Virtual TPMs in Azure confidential VMs",
        "Have the TDREPORT of this very HCL report turned into a quote.",
        "On TDX the HCL report holds a TDREPORT, which only its own processor can check, and the quote made from it travels beside. The quote has to carry the same REPORTDATA.";
    /// The runtime data names one attestation key of a kind that is accepted.
    AK = "azure.ak", Peer, "OpenHCL igvm_attest, RuntimeClaims; RFC 7517, RFC 7518 section 6.3",
        "Attest from a VM whose paravisor publishes one RSA signing key as HCLAkPub.",
        "The key that signs the vTPM's quotes is the one that the runtime data calls HCLAkPub: exactly one, RSA of 2048 to 4096 bits with exponent 65537, for signing and for nothing else.";
    /// Azure's certificate is for this attestation key.
    AK_CERTIFICATE = "azure.ak.certificate", Endorser, "Microsoft Learn, Virtual TPMs in Azure confidential VMs",
        "Send the certificate from the vTPM's NV index 0x01C101D0 with its issuers up to the root, or none.",
        "A certificate came with the Evidence, and it is not for the attestation key, not valid now, or does not chain to one of Azure's vTPM roots. Without one, nobody but the hardware vouches for the key, which is enough.";
    /// Whether Azure has revoked the certificate.
    AK_REVOCATION = "azure.ak.revocation", Endorser, "RFC 5280 section 6.3",
        "Consult Azure's revocation lists where the certificate matters.",
        "No revocation list of Azure's vTPM authorities is looked at, so nobody vouches that the certificate is not revoked.";
    /// What the guest had written into the runtime data.
    USER_DATA = "azure.runtime_data.user_data", Peer, "Microsoft Learn, Confidential VM guest attestation",
        "Rely on the qualifying data of the TPM quote.",
        "The guest can have 64 bytes of its own put into the runtime data. Nothing is demanded of them: the binding travels in the TPM quote, which is made afresh for each challenge.";
    /// Entries of the runtime data that have no known meaning.
    OTHER_CLAIMS = "azure.runtime_data.other", Peer, "OpenHCL igvm_attest, RuntimeClaims",
        "Read what the named entries say before relying on them.",
        "The runtime data has entries that this version gives no meaning. The hardware vouches for them, and nothing here reads them.";
    /// The paravisor is one of an admitted image.
    PARAVISOR = "azure.paravisor", Operator, "Microsoft Learn, Virtual TPMs in Azure confidential VMs",
        "Admit Reference Values with this paravisor, once you know from its publisher that it is his.",
        "The hardware measured the paravisor and not the guest. The paravisor runs the guest's virtual TPM and reads all of its memory, so whatever the PCRs say counts only behind a paravisor that is known. No admitted tuple has this measurement.";
}

/// What a policy demands.
pub mod policy {
    crate::codes! {
        /// The policy has no section for Azure.
        SECTION = "azure.policy.section", Operator, "",
            "Add an `azure` section to the appraisal policy if VMs behind Azure's paravisor are to be admitted.",
            "The Evidence came through Azure's paravisor and vTPM. The policy says nothing about such machines, and what a policy does not name is refused.";
        /// The PCR bank is an accepted one.
        BANK = "azure.policy.bank", Peer, "TPM 2.0 Part 1, section 17",
            "Quote the PCR bank that the policy names.",
            "The quote is of another PCR bank than the policy accepts.";
        /// The PCRs that the policy names were quoted.
        QUOTED = "azure.policy.pcrs", Peer, "TPM 2.0 Part 3, section 18.4, TPM2_Quote",
            "Quote at least the PCRs that the policy names.",
            "A PCR that the policy names is not covered by the quote, so nobody vouches for what was measured into it.";
        /// The matched Reference Value names those PCRs.
        REFERENCED = "azure.policy.reference_pcrs", Operator, "",
            "Admit Reference Values that name every PCR that the policy names.",
            "The Reference Value that matched is silent about a PCR that the policy names. Whatever was measured there would have matched as well.";
        /// Azure vouches for the attestation key, if that is demanded.
        AK_CERTIFICATE = "azure.policy.ak_certificate", Peer, "Microsoft Learn, Virtual TPMs in Azure confidential VMs",
            "Send the vTPM's attestation key certificate with its issuers, or do not demand it.",
            "The policy demands Azure's certificate for the vTPM's attestation key, and none came with the Evidence.";
        /// Whether the VM was configured for Secure Boot.
        SECURE_BOOT = "azure.policy.secure_boot", Operator, "OpenHCL igvm_attest, AttestationVmConfig",
            "Create the VM with the Secure Boot setting that the policy demands.",
            "The paravisor says whether the VM was configured for Secure Boot. Which keys then decide is measured into PCR 7.";
        /// Whether the VM has a console.
        CONSOLE = "azure.policy.console_enabled", Operator, "OpenHCL igvm_attest, AttestationVmConfig",
            "Create the VM with the console setting that the policy demands.",
            "The paravisor says whether the host offers the guest a serial console. What can be done there is up to the measured image.";
        /// Which VM.
        VM_ID = "azure.policy.vm_unique_id", Peer, "OpenHCL igvm_attest, AttestationVmConfig",
            "Add the VM's id to the policy if this machine is to be admitted.",
            "The paravisor names the VM by the id that the host gave it. The host can give two machines the same.";
    }
}

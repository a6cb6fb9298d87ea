//! Demands of a policy.

crate::codes! {
    /// The endorsements are valid at the time of the appraisal too.
    VALID_NOW = "snp.demand.valid_now", Endorser, "RFC 5280 section 4.1.2.5, 5.1.2.5",
        "Verify the Evidence again with current certificates and a current CRL.",
        "Since the Evidence was verified, a certificate of the chain or the revocation list went out of date, or the appraisal's time is before theirs.";
    /// The product is one that the policy names.
    PRODUCT = "snp.demand.product", Operator, "",
        "Add the product to the policy, or run the guest on one that is in it.",
        "The policy names the processor generations that it accepts.";
    /// The report version is high enough.
    VERSION = "snp.demand.version", Peer, "AMD 56860 table 23",
        "Update the host's SEV-SNP firmware so that it writes newer reports.",
        "Reports below version 3 do not sign which processor they come from; below version 5 not which mitigations are in force.";
    /// `DEBUG` is as demanded.
    DEBUG = "snp.policy.debug", Peer, "AMD 56860 table 10",
        "Launch the guest without the debug bit in its policy.",
        "With DEBUG allowed the host can read and change the guest's memory, so nothing that the guest says is protected.";
    /// `MIGRATE_MA` is as demanded.
    MIGRATE_MA = "snp.policy.migrate_ma", Peer, "AMD 56860 table 10",
        "Launch the guest without a migration agent.",
        "With MIGRATE_MA allowed a migration agent can move the guest's keys and memory to another machine.";
    /// `SMT` is as demanded.
    SMT = "snp.policy.smt", Peer, "AMD 56860 table 10",
        "Launch the guest with the SMT bit of its policy as demanded.",
        "SMT lets another thread share the core; the guest's policy allows or forbids it.";
    /// `SINGLE_SOCKET` is as demanded.
    SINGLE_SOCKET = "snp.policy.single_socket", Peer, "AMD 56860 table 10",
        "Launch the guest with the single socket bit of its policy as demanded.",
        "SINGLE_SOCKET keeps the guest's memory off the link between sockets.";
    /// `CXL_ALLOW` is as demanded.
    CXL_ALLOW = "snp.policy.cxl_allow", Peer, "AMD 56860 table 10",
        "Launch the guest without CXL in its policy.",
        "With CXL allowed, devices and memory outside the socket may be populated.";
    /// `MEM_AES_256_XTS` is as demanded.
    MEM_AES_256_XTS = "snp.policy.mem_aes_256_xts", Peer, "AMD 56860 table 10",
        "Launch the guest with AES-256-XTS required in its policy.",
        "MEM_AES_256_XTS demands 256-bit memory encryption.";
    /// `RAPL_DIS` of the policy is as demanded.
    POLICY_RAPL_DIS = "snp.policy.rapl_dis", Peer, "AMD 56860 table 10",
        "Launch the guest with RAPL disabled in its policy.",
        "RAPL lets the host measure power closely enough to learn about what runs.";
    /// `CIPHERTEXT_HIDING_DRAM` of the policy is as demanded.
    POLICY_CIPHERTEXT_HIDING = "snp.policy.ciphertext_hiding_dram", Peer, "AMD 56860 table 10",
        "Launch the guest with ciphertext hiding required in its policy.",
        "Without ciphertext hiding the host can watch which encrypted blocks change.";
    /// `PAGE_SWAP_DISABLE` is as demanded.
    PAGE_SWAP_DISABLE = "snp.policy.page_swap_disable", Peer, "AMD 56860 table 10",
        "Launch the guest with page swapping disabled in its policy.",
        "The host's page move and swap commands let it re-encrypt guest memory at will.";
    /// The guest policy's own ABI floor is high enough.
    ABI_FLOOR = "snp.policy.abi_floor", Peer, "AMD 56860 table 10",
        "Launch the guest with a policy that asks for a newer firmware ABI.",
        "ABI_MAJOR and ABI_MINOR in the guest's policy keep it off older firmware, also after migration.";
    /// `SMT_EN` is as demanded.
    SMT_EN = "snp.platform_info.smt_en", Peer, "AMD 56860 table 24",
        "Configure SMT on the host as demanded.",
        "SMT_EN says whether simultaneous multithreading is on.";
    /// `TSME_EN` is as demanded.
    TSME_EN = "snp.platform_info.tsme_en", Peer, "AMD 56860 table 24",
        "Configure transparent memory encryption on the host as demanded.",
        "TSME_EN says whether all memory is encrypted, the hypervisor's own included.";
    /// `ECC_EN` is as demanded.
    ECC_EN = "snp.platform_info.ecc_en", Peer, "AMD 56860 table 24",
        "Use memory with error correction in the host.",
        "ECC_EN says whether memory has error correction.";
    /// `RAPL_DIS` of the platform is as demanded.
    RAPL_DIS = "snp.platform_info.rapl_dis", Peer, "AMD 56860 table 24",
        "Disable RAPL on the host.",
        "RAPL lets the host measure power closely enough to learn about what runs.";
    /// `CIPHERTEXT_HIDING_DRAM_EN` is as demanded.
    CIPHERTEXT_HIDING = "snp.platform_info.ciphertext_hiding_dram_en", Peer, "AMD 56860 table 24",
        "Enable ciphertext hiding on the host.",
        "Without ciphertext hiding the host can watch which encrypted blocks change.";
    /// `ALIAS_CHECK_COMPLETE` is as demanded.
    ALIAS_CHECK = "snp.platform_info.alias_check_complete", Peer, "AMD 56860 table 24, AMD-SB-3015",
        "Update the host's firmware to one that checks for memory aliases.",
        "ALIAS_CHECK_COMPLETE says that no two addresses reach the same memory. Altered memory modules (BadRAM) create such aliases.";
    /// `TIO_EN` is as demanded.
    TIO_EN = "snp.platform_info.tio_en", Peer, "AMD 56860 table 24",
        "Configure trusted IO on the host as demanded.",
        "TIO_EN says whether devices can be part of the guest's trusted base.";
    /// Unknown platform bits are as demanded.
    PLATFORM_UNKNOWN = "snp.platform_info.unknown_demand", Operator, "AMD 56860 table 24",
        "Upgrade Cloister to one that knows these bits, or allow them in the policy.",
        "The policy forbids platform bits that this version gives no meaning.";
    /// REPORTED_TCB reaches the floor.
    REPORTED_FLOOR = "snp.tcb.below_floor", Peer, "AMD 56860 section 2.2",
        "Update and commit the host's firmware and microcode.",
        "A component of REPORTED_TCB is below the minimum that the policy sets for this product.";
    /// COMMITTED_TCB reaches the floor.
    COMMITTED_FLOOR = "snp.tcb.committed_below_floor", Peer, "AMD 56860 section 2.2",
        "Commit the host's firmware at the required version.",
        "A component of COMMITTED_TCB is below the minimum that the policy sets for this product: the host could still be rolled back below it.";
    /// LAUNCH_TCB reaches the floor.
    LAUNCH_FLOOR = "snp.tcb.launch_below_floor", Peer, "AMD 56860 table 23",
        "Restart the guest on the updated host.",
        "A component of LAUNCH_TCB is below the minimum that the policy sets for this product: the guest was launched before the host was updated, and its secrets may be older than the update.";
    /// The firmware build reaches the floor.
    FIRMWARE_FLOOR = "snp.firmware.below_floor", Peer, "AMD 56860 table 23",
        "Update the host's SEV-SNP firmware.",
        "The committed firmware is older than the policy allows.";
    /// No provisional firmware.
    PROVISIONAL_FIRMWARE = "snp.firmware.provisional", Peer, "AMD 56860 section 2.2",
        "Commit the host's firmware.",
        "The firmware that runs is not the firmware that was committed: the host can still go back to the older one.";
    /// No provisional microcode.
    PROVISIONAL_MICROCODE = "snp.microcode.provisional", Peer, "AMD 56860 section 2.2",
        "Commit the host's TCB after its microcode was loaded.",
        "The microcode that runs is newer than the committed one. Operating systems load microcode at every boot and seldom commit it.";
    /// Required launch mitigations.
    LAUNCH_MIT = "snp.launch_mit_vector", Peer, "AMD 56860 table 23",
        "Update the host and restart the guest, so that the required mitigations are in force at launch.",
        "LAUNCH_MIT_VECTOR lacks a mitigation that the policy requires, or the report is of a version that does not say.";
    /// Required current mitigations.
    CURRENT_MIT = "snp.current_mit_vector", Peer, "AMD 56860 table 23",
        "Update the host, so that the required mitigations are in force.",
        "CURRENT_MIT_VECTOR lacks a mitigation that the policy requires, or the report is of a version that does not say.";
    /// VMPL is as expected.
    VMPL = "snp.vmpl", Peer, "AMD 56860 table 23",
        "Collect Evidence at the privilege level that the policy names.",
        "The report was asked for at another privilege level than expected. Software at a less privileged level than the runtime's could have asked for it.";
    /// GUEST_SVN reaches the floor.
    GUEST_SVN = "snp.guest_svn", Peer, "AMD 56860 table 23",
        "Launch a newer version of the guest.",
        "GUEST_SVN, from the guest's ID block, is below the minimum.";
    /// FAMILY_ID is as expected.
    FAMILY_ID = "snp.family_id", Peer, "AMD 56860 table 23",
        "Launch the guest with the expected ID block.",
        "FAMILY_ID, from the guest's ID block, is not the expected one.";
    /// IMAGE_ID is as expected.
    IMAGE_ID = "snp.image_id", Peer, "AMD 56860 table 23",
        "Launch the guest with the expected ID block.",
        "IMAGE_ID, from the guest's ID block, is not the expected one.";
    /// ID_KEY_DIGEST is as expected.
    ID_KEY = "snp.id_key_digest", Peer, "AMD 56860 table 23",
        "Launch the guest with an ID block that the expected key signed.",
        "The guest's ID block was signed by another key than the expected one.";
    /// AUTHOR_KEY_DIGEST is as expected.
    AUTHOR_KEY = "snp.author_key_digest", Peer, "AMD 56860 table 23",
        "Launch the guest with an ID key that the expected author key signed.",
        "The guest's ID key was signed by another author key than the expected one.";
    /// REPORT_ID is recorded.
    REPORT_ID = "snp.report_id", Peer, "AMD 56860 table 23",
        "Look up this guest by its REPORT_ID in the audit log.",
        "REPORT_ID names one launched guest. It is random, so nothing can be demanded of it; it is recorded.";
    /// REPORT_ID_MA is as expected.
    REPORT_ID_MA = "snp.report_id_ma", Peer, "AMD 56860 table 23",
        "Launch the guest with the expected migration agent, or none.",
        "REPORT_ID_MA names the guest's migration agent; all ones means none.";
    /// The kind of signing key is as expected.
    SIGNER = "snp.demand.signing_key", Peer, "AMD 56860 table 23",
        "Have the report signed by the kind of key that the policy names.",
        "A VCEK names one chip. A VLEK names a cloud provider and no chip.";
    /// Revocation is known.
    REVOCATION = "snp.revocation.known", Operator, "AMD 57230 section 4.3",
        "Give the Verifier the current CRL of this product.",
        "The policy demands that revocation was checked, and there was no revocation list to check.";
    /// The CRL is not older than the policy permits.
    CRL_AGE = "snp.revocation.age", Operator, "RFC 5280 section 5.1.2.4",
        "Give the Verifier the newest CRL of this product.",
        "A CRL is good until its own nextUpdate, which may be a year away, and an older issue does not know of the newest revocations. The policy says how long ago it may have been issued.";
    /// The chip is one of the known ones.
    CHIP = "snp.chip_id.allowed", Operator, "",
        "Add the machine's CHIP_ID to the policy if the machine is yours.",
        "The policy names the machines that it accepts. Only that answers Evidence signed with a key that was extracted from some other genuine machine. A VLEK report names no machine.";
    /// CHIP_ID is not masked.
    MASKED_CHIP_ID = "snp.chip_id.masked", Peer, "AMD 56860 table 23",
        "Turn off chip id masking on the host.",
        "CHIP_ID is zero, so the report does not say which chip signed it and the certificate cannot be bound to it.";
    /// The VLEK's provider is as expected.
    PROVIDER = "snp.csp_id", Peer, "AMD 57230 table 11",
        "Run the guest at the cloud provider that the policy names.",
        "The certificate of a VLEK names the cloud provider that it was given to.";
}

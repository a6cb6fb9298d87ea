//! Codes of the TDX policy.

crate::codes! {
    /// The endorsements are valid at the time of the appraisal too.
    VALID_NOW = "tdx.policy.valid_now", Endorser, "Intel Trusted Services API, PCS version 4",
        "Verify the quote again with current collateral.",
        "Since the quote was verified, a certificate, a CRL or a signed document of its collateral went out of date, or the appraisal's time is before theirs.";
    /// The TD can be debugged.
    DEBUG = "tdx.policy.debug", Peer, "Intel TDX Module ABI 348551-008, table 3.23, bit 0",
        "Launch the TD without the DEBUG attribute.",
        "In debug mode the host reads and writes the TD's memory and registers. Nothing inside is confidential.";
    /// The TD can be profiled.
    PROFILING = "tdx.policy.profiling", Peer, "Intel TDX Module ABI 348551-008, table 3.23, bits 4 to 6",
        "Launch the TD without the HGS_PLUS_PROF, PERF_PROF and PMT_PROF attributes.",
        "The attributes of the group TD-under-debug let the host observe what the TD executes.";
    /// A reserved attribute bit is set.
    RESERVED_ATTRIBUTES = "tdx.policy.attributes.reserved", Peer, "Intel TDX Module ABI 348551-008, table 3.23",
        "Launch the TD with attributes that its TDX module documents, or update cloister for a newer module.",
        "Bits 1 to 3, 7 to 15, 23 to 26 and 32 to 61 have no meaning that this version knows, and have to be zero.";
    /// An attribute is set that the policy does not permit.
    OTHER_ATTRIBUTES = "tdx.policy.attributes.other", Operator, "Intel TDX Module ABI 348551-008, table 3.23",
        "Launch the TD without the attribute, or permit it in `other_attributes`.",
        "A TD attribute is set that the policy names neither by its own field nor in the mask of permitted others.";
    /// Secure-EPT violations may raise #VE.
    SEPT_VE_DISABLE = "tdx.policy.sept_ve_disable", Peer, "Intel TDX Module ABI 348551-008, table 3.23, bit 28",
        "Launch the TD with SEPT_VE_DISABLE.",
        "Without it the host can raise a virtualisation exception at any access of the TD to its own memory, and steer the kernel's handler.";
    /// The TD can be migrated.
    MIGRATABLE = "tdx.policy.migratable", Peer, "Intel TDX Module ABI 348551-008, table 3.23, bit 29",
        "Launch the TD without the MIGRATABLE attribute.",
        "A migratable TD can be moved by its migration TD, which then sees all of its memory.";
    /// Supervisor protection keys are not as demanded.
    PKS = "tdx.policy.pks", Peer, "Intel TDX Module ABI 348551-008, table 3.23, bit 30",
        "Launch the TD with the PKS attribute that the policy demands.",
        "The attribute says whether the TD may use supervisor protection keys.";
    /// Performance monitoring is not as demanded.
    PERFMON = "tdx.policy.perfmon", Peer, "Intel TDX Module ABI 348551-008, table 3.23, bit 63",
        "Launch the TD with the PERFMON attribute that the policy demands.",
        "The attribute says whether the TD may use performance counters, which have carried information between threads of one core.";
    /// The extended features are not as demanded.
    XFAM = "tdx.policy.xfam", Peer, "Intel TDX Module ABI 348551-008, XFAM",
        "Launch the TD with the extended features that the policy demands.",
        "XFAM says which extended processor state the TD may use. x87 and SSE are always on; bits that no TDX module grants have to be zero; the rest is as the policy demands.";
    /// The TCB status is not good enough.
    TCB_STATUS = "tdx.policy.tcb_status", Peer, "Intel SGX ECDSA Quote Library API, 4.1.2.4.17",
        "Update microcode, firmware, TDX module or quoting enclave of the platform, or list the status in the policy.",
        "Intel's word for this TCB is not among those that the policy accepts, and no grace period excuses it: none does for a TCB date in the future. Revoked is never accepted.";
    /// An advisory applies that is not permitted.
    ADVISORIES = "tdx.policy.advisories", Peer, "Intel Trusted Services API, advisoryIDs",
        "Update the platform so that the advisory no longer applies, or permit it in the policy.",
        "Intel names the security advisories that apply to a TCB level. At least one is outside of what the policy permits.";
    /// The collateral knows too little.
    TCB_EVALUATION_DATA_NUMBER = "tdx.policy.tcb_evaluation_data_number", Operator, "Intel Trusted Services API, tcbEvaluationDataNumber",
        "Fetch current collateral.",
        "Each TCB recovery increases the number. Collateral below the policy's minimum does not know of a vulnerability that the policy wants considered.";
    /// Revocation is known.
    REVOCATION = "tdx.policy.revocation", Operator, "Intel SGX ECDSA Quote Library API, 4.1.2.4.1 to 4.1.2.4.8",
        "Give the Verifier the current CRLs of Intel's root and of the CA that issued the PCK certificate.",
        "The policy demands that revocation was checked, and one of the two revocation lists that it takes was not there.";
    /// TCB info, QE identity and PCK CRL are not older than the policy permits.
    COLLATERAL_AGE = "tdx.policy.collateral_age", Operator, "Intel Trusted Services API, issueDate; RFC 5280 section 5.1.2.4",
        "Fetch current collateral.",
        "Collateral is good for 30 days by its own dates, and an older issue does not know of what Intel has published since. The policy says how long ago it may have been issued.";
    /// The root's CRL is not older than the policy permits.
    ROOT_CRL_AGE = "tdx.policy.root_crl_age", Operator, "RFC 5280 section 5.1.2.4",
        "Fetch the current CRL of Intel's root.",
        "The root's CRL is good for a year by its own dates, and an older issue does not know of the newest revocations. The policy says how long ago it may have been issued.";
    /// The platform is not one of the named machines.
    PPID = "tdx.policy.ppid", Peer, "Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5",
        "Run on a machine that the policy names, or add this one.",
        "The PPID identifies the machine. Naming machines is the only answer to attestation keys that were extracted from hardware elsewhere.";
    /// The platform instance is not one of the named ones.
    PLATFORM_INSTANCE_ID = "tdx.policy.platform_instance_id", Peer, "Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5",
        "Run on a machine that the policy names, or add this one.",
        "The instance id identifies one registration of a multi-package platform. A machine that the Processor CA certified has none.";
    /// The platform may grow.
    DYNAMIC_PLATFORM = "tdx.policy.dynamic_platform", Peer, "Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5",
        "Run on a platform whose PCK certificate is as the policy demands.",
        "The flag says whether processor packages may be added to the platform after it was registered.";
    /// Intel keeps the platform's keys, or not.
    CACHED_KEYS = "tdx.policy.cached_keys", Peer, "Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5",
        "Run on a platform whose PCK certificate is as the policy demands.",
        "The flag says whether Intel's registration service keeps the platform's root keys.";
    /// Threads share cores, or not.
    SMT_ENABLED = "tdx.policy.smt_enabled", Peer, "Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5",
        "Run on a platform whose PCK certificate is as the policy demands.",
        "The flag says whether simultaneous multithreading was on when the platform was registered.";
    /// Another TD may act on this one.
    MR_SERVICE_TD = "tdx.policy.mr_service_td", Peer, "Intel TDX Module ABI 348551-008, TDINFO_STRUCT",
        "Launch the TD without service TDs, or name their digest in the policy.",
        "A service TD, for example a migration TD, acts on this one with rights that the host does not have. Its digest has to be one that the policy names: in MRSERVICETD and, where the report has them, when the TD was created and now.";
    /// The service TD that was bound at creation has attributes that it may not have.
    INIT_SERVICE_TD_ATTRIBUTES = "tdx.policy.init_service_td_attributes", Peer, "Intel DCAP sgx_quote_5.h, sgx_report2_body_v1_5_ex_t",
        "Create the TD without service TDs, or with a service TD that cannot be debugged.",
        "Zero where no service TD was bound. A service TD under debug gives the host whatever it may do to this TD. What else it has is reported and not asserted.";
    /// The service TD that is bound now has attributes that it may not have.
    CUR_SERVICE_TD_ATTRIBUTES = "tdx.policy.cur_service_td_attributes", Peer, "Intel DCAP sgx_quote_5.h, sgx_report2_body_v1_5_ex_t",
        "Run the TD without service TDs, or with a service TD that cannot be debugged.",
        "Zero where no service TD is bound. A service TD under debug gives the host whatever it may do to this TD. What else it has is reported and not asserted.";
    /// The TCB that the TD was created on.
    INIT_TEE_TCB_SVN = "tdx.policy.init_tee_tcb_svn", Peer, "Intel DCAP sgx_quote_5.h, sgx_report2_body_v1_5_ex_t",
        "Compare the version with what you know of the platform that created the TD.",
        "A TD that was migrated was created on another platform. No collateral for that platform is at hand, so its TCB is reported and not asserted.";
    /// The processor's security versions when the TD was created.
    INIT_CPU_SVN = "tdx.policy.init_cpu_svn", Peer, "Intel DCAP sgx_quote_5.h, sgx_report2_body_v1_5_ex_t",
        "Compare the version with what you know of the platform that created the TD.",
        "A TD that was migrated was created on another platform, whose processor had these security versions. No collateral for that platform is at hand, so they are reported and not asserted.";
    /// The processor family that the TD was created on.
    INIT_TEE_FMSPC = "tdx.policy.init_tee_fmspc", Peer, "Intel DCAP sgx_quote_5.h, sgx_report2_body_v1_5_ex_t",
        "Compare the model with what you know of the platform that created the TD.",
        "A TD that was migrated was created on another platform, perhaps of another family. It is reported and not asserted.";
    /// Which launch of the TD it is.
    TD_ID = "tdx.policy.td_id", Peer, "Intel DCAP sgx_quote_5.h, sgx_report2_body_v1_5_ex_t",
        "Record the identifier where launches have to be told apart.",
        "The TDX module gives every launch of a TD its own random identifier, which two TDs do not share. Nobody knows it beforehand: it is reported and not asserted.";
    /// Which virtual machine of the TD the report is about.
    VMID = "tdx.policy.vmid", Peer, "Intel DCAP sgx_quote_5.h, sgx_report2_body_v1_5_ex_t",
        "Compare the index with the virtual machine that you mean.",
        "Zero for a TD that is not partitioned, or for its L1 VMM. It is reported and not asserted.";
    /// The devices that are attached to the TD.
    DEV_INFO = "tdx.policy.dev_info", Peer, "Intel DCAP sgx_quote_5.h, sgx_report2_body_v1_5_ex_t",
        "Compare the digest with that of the devices that you mean.",
        "A digest of what identifies the attached devices, zero for none. It is reported and not asserted.";
}

//! Codes of TDX parsing and verification; those of the policy are with the policy.

crate::codes! {
    /// The quote is too long, or ends before its structure does.
    LENGTH = "tdx.quote.length", Peer, "Intel TDX DCAP Quoting Library API, A.3",
        "Send the quote exactly as the quoting service returned it.",
        "A quote declares the size of each of its parts. These bytes end before the declared sizes are used up, or are more than any quote has: the quote was cut, or this is something else.";
    /// The quote's version has no parser.
    VERSION = "tdx.quote.version", Peer, "Intel TDX DCAP Quoting Library API, A.3.1",
        "Use a quoting service that emits quotes of version 4 or 5.",
        "TD quotes have version 4 or 5. A version without a parser is refused: a guess at its layout would read attacker-chosen bytes as measurements.";
    /// The quote is an SGX enclave's.
    SGX_QUOTE = "tdx.quote.sgx", Peer, "Intel SGX ECDSA Quote Library API, A.4",
        "Present Evidence of a TD; an SGX enclave is not one.",
        "The quote is a genuine form of Evidence, but of an SGX enclave. It says nothing about a confidential VM and is refused wherever one is asked for, however well it verifies as SGX.";
    /// The quote names another TEE.
    TEE_TYPE = "tdx.header.tee_type", Peer, "Intel TDX DCAP Quoting Library API, A.3.1",
        "Present a quote whose TEE type is 0x81 (TDX).",
        "The TEE type in the header is neither SGX nor TDX.";
    /// The quote is signed with another kind of key.
    ATT_KEY_TYPE = "tdx.header.att_key_type", Peer, "Intel TDX DCAP Quoting Library API, A.3.1",
        "Use a quoting enclave that signs with ECDSA P-256.",
        "Only attestation key type 2, ECDSA P-256, is certified by Intel's collateral for TD quotes.";
    /// The quoting enclave is not Intel's.
    QE_VENDOR = "tdx.header.qe_vendor_id", Peer, "Intel TDX DCAP Quoting Library API, A.3.1",
        "Use Intel's TD quoting enclave.",
        "The vendor identifier in the header is not Intel's, so Intel's collateral says nothing about the enclave that signed.";
    /// The body descriptor is unknown or disagrees with itself.
    BODY = "tdx.quote.body", Peer, "Intel DCAP sgx_quote_5.h",
        "Use a quoting service that emits TD reports of version 1.0, 1.5 or extended 1.5.",
        "A version 5 quote declares the type and size of its body. The type is not a known TD report, or the size is not that type's.";
    /// The certification data is of a type that cannot be verified offline.
    CERTIFICATION_DATA = "tdx.quote.certification_data", Peer, "Intel TDX DCAP Quoting Library API, A.3.9",
        "Configure the platform so that quotes carry the PCK certificate chain (certification data type 5).",
        "A TD quote carries a QE report certification (type 6), which carries the PCK certificate chain (type 5). With another type, for example an encrypted PPID, the platform was not provisioned with its certificate.";
    /// There are bytes that no declared size covers.
    TRAILING = "tdx.quote.trailing", Peer, "Intel TDX DCAP Quoting Library API, A.3",
        "Send the quote exactly as the quoting service returned it.",
        "Bytes follow a structure that are not part of it. Zero padding behind the whole quote is legal, because quote buffers often have a fixed size; everything else is refused, because nothing signs it.";
    /// The bytes are not a TDREPORT.
    LOCAL_REPORT = "tdx.local_report", Peer, "Intel TDX Module ABI 348551, TDREPORT_STRUCT",
        "Send the 1024 bytes of a TDREPORT, or a quote made from it.",
        "A TDREPORT has 1024 bytes, no more and no fewer.";
    /// `REPORTTYPE` does not name a TD.
    LOCAL_REPORT_TYPE = "tdx.local_report.type", Peer, "Intel TDX Module ABI 348551, REPORTTYPE",
        "Ask for the report inside the TD, and convert it to a quote for a remote party.",
        "A TD's report has type 0x81, subtype 0 and version 0 or 1. This one names something else, so it is no report of a TD. Either way a TDREPORT is never verified away from the processor that made it.";

    /// The collateral document does not read.
    COLLATERAL_MALFORMED = "tdx.collateral.malformed", Caller, "Intel Trusted Services API, PCS version 4",
        "Fetch the collateral again, or correct the field that the message names.",
        "Collateral is one JSON object with the TCB info, the QE identity, their signatures and issuer chains, and two CRLs. A field is missing, of another type, not hex, too long, or given twice.";
    /// Verified collateral is used outside of its validity.
    COLLATERAL_WINDOW = "tdx.collateral.window", Operator, "Intel Trusted Services API, PCS version 4",
        "Fetch current collateral and verify it before judging more quotes.",
        "Collateral and certificates were verified for a span of time, and the time of this verification is outside of it.";

    /// A chain does not end at the pinned root key.
    ROOT_KEY = "tdx.root.key", Endorser, "Intel SGX PCK Certificate and CRL Profile Specification, 1.2",
        "Use collateral and a platform of Intel's production PKI; simulated ones are accepted only under their own anchor.",
        "Every chain ends at a certificate whose key is pinned by its digest. This one ends at another key: a test PKI, a simulator, or a forgery. A root that comes with the Evidence is never believed.";
    /// The root's CRL does not read, or is not signed by the pinned root.
    ROOT_CRL = "tdx.root_crl.signature", Endorser, "RFC 5280 section 5",
        "Fetch the CRL of the Intel SGX Root CA again.",
        "The CRL that says which of Intel's intermediate certificates are revoked is damaged or not signed by the root.";
    /// The root's CRL is not current.
    ROOT_CRL_FRESHNESS = "tdx.root_crl.freshness", Operator, "RFC 5280 section 5.1.2.5",
        "Fetch the current CRL of the Intel SGX Root CA.",
        "The time of verification is not between the CRL's thisUpdate and nextUpdate. An old CRL hides later revocations.";
    /// The root revoked itself.
    ROOT_REVOKED = "tdx.root.revoked", Endorser, "RFC 5280 section 5",
        "Stop relying on this root and follow Intel's announcement.",
        "The root's own serial number is on the CRL that it signed.";

    /// The PCK certificate chain does not read.
    PCK_CHAIN_FORMAT = "tdx.pck.format", Peer, "Intel SGX PCK Certificate and CRL Profile Specification, 1.3",
        "Send the quote with the PCK certificate chain that the platform was provisioned with.",
        "The chain is the PEM of exactly three certificates: PCK, Platform or Processor CA, root.";
    /// A signature or name in the PCK certificate chain is wrong.
    PCK_CHAIN = "tdx.pck.chain", Peer, "Intel SGX PCK Certificate and CRL Profile Specification, 1.3",
        "Send the quote with the PCK certificate chain that the platform was provisioned with.",
        "Each certificate has to be signed by the next, carry its name as issuer, and the signer has to be a CA.";
    /// The PCK certificate or its issuer has another name than Intel gives.
    PCK_NAME = "tdx.pck.name", Peer, "Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5",
        "Send the quote with the PCK certificate chain that the platform was provisioned with.",
        "The leaf has to be an Intel SGX PCK Certificate, issued by the Platform CA or the Processor CA. Another certificate of the same root, for example a TCB signer, may not certify a platform.";
    /// A certificate of the PCK chain is not valid at the given time.
    PCK_VALIDITY = "tdx.pck.validity", Peer, "RFC 5280 section 4.1.2.5",
        "Provision the platform with its current PCK certificate, or correct the clock.",
        "The time of verification is outside of a certificate's notBefore and notAfter.";
    /// The SGX extension of the PCK certificate is missing or wrong.
    PCK_EXTENSION = "tdx.pck.extension", Endorser, "Intel SGX PCK Certificate and CRL Profile Specification, 1.3.5",
        "Provision the platform with its current PCK certificate.",
        "The extension 1.2.840.113741.1.13.1 carries PPID, TCB, PCE-ID, FMSPC and SGX type, and for multi-package platforms the instance id and configuration. Each has to be there once, in its exact encoding.";
    /// The PCK CRL does not read, or is not by the issuer of the PCK certificate.
    PCK_CRL = "tdx.pck_crl.signature", Endorser, "Intel SGX PCK Certificate and CRL Profile Specification, 1.4",
        "Fetch the PCK CRL of the CA that issued this platform's certificate.",
        "The Platform CA and the Processor CA each have a CRL. This one is damaged, or by another issuer than the PCK certificate: it could not list that certificate.";
    /// The PCK CRL is not current.
    PCK_CRL_FRESHNESS = "tdx.pck_crl.freshness", Operator, "RFC 5280 section 5.1.2.5",
        "Fetch the current PCK CRL.",
        "The time of verification is not between the CRL's thisUpdate and nextUpdate. An old CRL hides later revocations.";
    /// A certificate of the PCK chain is revoked.
    PCK_REVOKED = "tdx.pck.revoked", Peer, "RFC 5280 section 5",
        "Retire this platform, or ask Intel why its certificate was revoked.",
        "The PCK certificate or its CA is on the CRL of its issuer. Keys of this platform or CA are no longer believed.";

    /// The chain of the TCB signing certificate does not hold.
    TCB_SIGNER = "tdx.tcb_signer.chain", Endorser, "Intel SGX PCK Certificate and CRL Profile Specification, 1.5",
        "Fetch the collateral again, with its issuer chains.",
        "TCB info and QE identity are signed by Intel SGX TCB Signing, which the root issues directly. The chain given has other certificates, a wrong signature or a wrong name.";
    /// The TCB signing certificate is not valid at the given time.
    TCB_SIGNER_VALIDITY = "tdx.tcb_signer.validity", Operator, "RFC 5280 section 4.1.2.5",
        "Fetch current collateral, or correct the clock.",
        "The time of verification is outside of the TCB signing certificate's notBefore and notAfter.";
    /// The TCB signing certificate is revoked.
    TCB_SIGNER_REVOKED = "tdx.tcb_signer.revoked", Endorser, "RFC 5280 section 5",
        "Fetch collateral that is signed by Intel's current key.",
        "The TCB signing certificate is on the root's CRL. Documents that it signed are no longer believed.";
    /// The TCB info is not signed by the TCB signing certificate.
    TCB_INFO_SIGNATURE = "tdx.tcb_info.signature", Endorser, "Intel Trusted Services API, Get TDX TCB Info V4",
        "Fetch the TCB info again and keep its bytes as they are.",
        "The signature covers the JSON bytes as Intel sent them. They were altered, or re-written by a program that parsed them.";
    /// The TCB info does not read.
    TCB_INFO_FORMAT = "tdx.tcb_info.format", Endorser, "Intel Trusted Services API, Get TDX TCB Info V4",
        "Update cloister if Intel publishes a new form of TCB info; otherwise fetch it again.",
        "A field is missing, of another type, given twice, or holds a status that is not one of Intel's published ones, or a TCB level or module identity is there twice. An unknown status is refused, because it could mean anything.";
    /// The TCB info is of another kind.
    TCB_INFO_ID = "tdx.tcb_info.id", Caller, "Intel Trusted Services API, Get TDX TCB Info V4",
        "Fetch the TCB info for TDX, version 3, TCB type 0.",
        "TCB info for SGX or of another version cannot judge a TD: its components mean something else.";
    /// The TCB info is not current.
    TCB_INFO_FRESHNESS = "tdx.tcb_info.freshness", Operator, "Intel Trusted Services API, Get TDX TCB Info V4",
        "Fetch current TCB info.",
        "The time of verification is not between issueDate and nextUpdate. Old TCB info does not know of later vulnerabilities.";
    /// The TCB info is for another platform.
    TCB_INFO_FMSPC = "tdx.tcb_info.fmspc", Caller, "Intel SGX ECDSA Quote Library API, 4.1.2.4",
        "Fetch the TCB info for the FMSPC in this platform's PCK certificate.",
        "TCB info is per processor family and SKU (FMSPC) and provisioning enclave (PCE-ID). This one is for another.";

    /// The QE identity is not signed by the TCB signing certificate.
    QE_IDENTITY_SIGNATURE = "tdx.qe_identity.signature", Endorser, "Intel Trusted Services API, Get TDX QE Identity V4",
        "Fetch the QE identity again and keep its bytes as they are.",
        "The signature covers the JSON bytes as Intel sent them. They were altered, or re-written by a program that parsed them.";
    /// The QE identity does not read.
    QE_IDENTITY_FORMAT = "tdx.qe_identity.format", Endorser, "Intel Trusted Services API, Get TDX QE Identity V4",
        "Update cloister if Intel publishes a new form of QE identity; otherwise fetch it again.",
        "A field is missing, of another type, given twice, or holds a status that is not one of Intel's published ones, or a TCB level is there twice.";
    /// The QE identity is of another kind.
    QE_IDENTITY_ID = "tdx.qe_identity.id", Caller, "Intel Trusted Services API, Get TDX QE Identity V4",
        "Fetch the QE identity for TDX (TD_QE).",
        "The identity document describes another enclave than the TD quoting enclave, or has another version than 2 or 3.";
    /// The QE identity is not current.
    QE_IDENTITY_FRESHNESS = "tdx.qe_identity.freshness", Operator, "Intel Trusted Services API, Get TDX QE Identity V4",
        "Fetch the current QE identity.",
        "The time of verification is not between issueDate and nextUpdate.";

    /// The QE report is not signed by the PCK.
    QE_REPORT_SIGNATURE = "tdx.qe_report.signature", Peer, "Intel SGX ECDSA Quote Library API, 4.1.2.4.11",
        "Send the quote exactly as the quoting service returned it.",
        "The platform's certified key did not sign the report of the enclave that holds the attestation key.";
    /// The attestation key is not the one in the QE report.
    QE_REPORT_BINDING = "tdx.qe_report.binding", Peer, "Intel SGX ECDSA Quote Library API, 4.1.2.4.12",
        "Send the quote exactly as the quoting service returned it.",
        "The quoting enclave puts SHA-256 over its attestation key and authentication data into its own report. The key that came with this quote is another.";
    /// The quote is not signed by the attestation key.
    QUOTE_SIGNATURE = "tdx.quote.signature", Peer, "Intel SGX ECDSA Quote Library API, 4.1.2.4.16",
        "Send the quote exactly as the quoting service returned it.",
        "Header and body are signed by the attestation key. A measurement, an attribute or REPORTDATA was altered, or the signature was.";
    /// The quoting enclave is not the one that Intel published.
    QE_IDENTITY = "tdx.qe_report.identity", Peer, "Intel SGX ECDSA Quote Library API, 4.1.2.4.15",
        "Use Intel's production TD quoting enclave.",
        "MRSIGNER, ISVPRODID, MISCSELECT and ATTRIBUTES of the enclave that signed have to be those in Intel's QE identity, under its masks.";
    /// The quoting enclave runs in debug mode.
    QE_DEBUG = "tdx.qe_report.debug", Peer, "Intel SDM volume 3D, SGX ATTRIBUTES",
        "Use Intel's production TD quoting enclave.",
        "A debug enclave's memory can be read and written by the host, and with it the attestation key.";
    /// The quoting enclave is older than every published level.
    QE_TCB_LEVEL = "tdx.qe_report.tcb_level", Peer, "Intel SGX ECDSA Quote Library API, 4.1.2.4.15",
        "Update the TD quoting enclave on the platform.",
        "No published TCB level of the QE identity is met by the ISVSVN of the enclave that signed.";

    /// The TDX module's version is not in the TCB info.
    MODULE_VERSION = "tdx.module.version", Peer, "Intel Trusted Services API, Get TDX TCB Info V4, tdxModuleIdentities",
        "Fetch current TCB info, or use a TDX module that Intel publishes an identity for.",
        "The second byte of TEE_TCB_SVN is the version of the TDX module. The TCB info has no identity for it.";
    /// The TDX module's signer is another.
    MODULE_SIGNER = "tdx.module.mr_signer_seam", Peer, "Intel Trusted Services API, Get TDX TCB Info V4, tdxModule",
        "Boot the platform with Intel's TDX module.",
        "MRSIGNERSEAM is not the signer that the TCB info names. Whoever signs the module can read every TD.";
    /// The TDX module's attributes are others.
    MODULE_ATTRIBUTES = "tdx.module.seam_attributes", Peer, "Intel Trusted Services API, Get TDX TCB Info V4, tdxModule",
        "Boot the platform with Intel's production TDX module.",
        "SEAMATTRIBUTES is not what the TCB info demands under its mask, or has bits outside of the mask. A debug module has such bits.";
    /// The TDX module has attributes.
    MODULE_PRODUCTION = "tdx.module.production", Peer, "Intel TDX Module ABI 348551-008, TEE_TCB_INFO, ATTRIBUTES",
        "Boot the platform with Intel's production TDX module.",
        "SEAMATTRIBUTES of a production module is zero. It has to be, even if the TCB info permits or demands a bit.";
    /// The TDX module is older than every published level.
    MODULE_TCB_LEVEL = "tdx.module.tcb_level", Peer, "Intel Trusted Services API, Get TDX TCB Info V4, tdxModuleIdentities",
        "Update the TDX module on the platform.",
        "No published TCB level of this module version is met by the module's ISVSVN, the first byte of TEE_TCB_SVN.";
    /// The platform is older than every published level.
    TCB_LEVEL = "tdx.tcb.level", Peer, "Intel SGX ECDSA Quote Library API, 4.1.2.4.17",
        "Update microcode, firmware and TDX module on the platform, then provision it again.",
        "A published TCB level is met when all 16 SGX components, the PCE and the TDX components reach it. This platform meets none of them, so Intel makes no statement about it.";
    /// What Intel says about the TCB.
    TCB_STATUS = "tdx.tcb.status", Peer, "Intel SGX ECDSA Quote Library API, 4.1.2.4.17",
        "Update the platform if the policy refuses this status.",
        "The status of the platform, of the TDX module and of the quoting enclave are merged into one, with the newer TCB of a TD-preserving update considered. Verification reports it; the policy judges it.";
}

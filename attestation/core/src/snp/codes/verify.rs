//! Signatures, chain, revocation and consistency.

crate::codes! {
    /// The key certificate names itself and its issuer.
    VEK_NAME = "snp.chain.vek", Peer, "AMD 57230 section 2.1, 2.2",
        "Supply the VCEK or VLEK certificate that AMD issued for this machine.",
        "The certificate of the signing key is a VCEK issued by `SEV-<product>` or a VLEK issued by `SEV-VLEK-<product>`, of a product that is known. The label under which the host offered it does not count.";
    /// The root is the pinned one.
    ROOT = "snp.chain.root", Peer, "AMD 57230 section 2.3",
        "Supply AMD's root certificate for this product, or none to use the built-in one.",
        "The root certificate does not have the key that is pinned for this product. A root that arrives with the Evidence never counts on its own.";
    /// The root signed itself, so its names and flags are its own.
    ROOT_SIGNATURE = "snp.chain.root_signature", Endorser, "AMD 57230 section 2.3, RFC 5280 section 6",
        "Supply AMD's root certificate for this product, unaltered.",
        "The root certificate has the pinned key, and its own signature does not verify or it is not a certification authority.";
    /// The root signed the intermediate.
    INTERMEDIATE = "snp.chain.intermediate", Endorser, "AMD 57230 section 2.3, RFC 5280 section 6",
        "Supply the ASK (for a VCEK) or ASVK (for a VLEK) of this product.",
        "The intermediate certificate is not signed by the pinned root over the received bytes with RSASSA-PSS, SHA-384 and a 48-byte salt, is not a certification authority, or its names do not chain.";
    /// The intermediate signed the key certificate.
    LEAF = "snp.chain.leaf", Endorser, "AMD 57230 section 2, RFC 5280 section 6",
        "Fetch the VCEK again from AMD, or take the VLEK from the host, and supply the matching intermediate.",
        "The certificate of the signing key is not signed by the intermediate over the received bytes, or its names do not chain.";
    /// Every certificate of the chain is valid at the verification time.
    VALIDITY = "snp.chain.validity", Endorser, "RFC 5280 section 4.1.2.5",
        "Fetch a current certificate from AMD, or check the verification time.",
        "A certificate of the chain is not yet valid or no longer valid at the verification time. A VLEK lives one year, a VCEK certificate seven.";
    /// The CRL is the root's.
    CRL_SIGNATURE = "snp.crl.signature", Endorser, "AMD 57230 section 4.3, RFC 5280 section 6.3",
        "Fetch the CRL of this product from AMD again, unaltered.",
        "The revocation list is not signed by the pinned root, or names another issuer.";
    /// The CRL is fresh.
    CRL_FRESH = "snp.crl.fresh", Operator, "RFC 5280 section 5.1.2.5",
        "Fetch the current CRL of this product from AMD.",
        "The revocation list is from the future, or the next one was due before the verification time. A stale list cannot say that a key is still good.";
    /// The intermediate is not revoked.
    REVOKED_INTERMEDIATE = "snp.revocation.intermediate", Endorser, "AMD 57230 section 4.3",
        "Stop trusting this machine's reports until AMD issues a new intermediate.",
        "AMD's root has revoked the intermediate key that signed for this machine. Without a revocation list nobody vouches that it has not.";
    /// The key certificate is not revoked.
    REVOKED_LEAF = "snp.revocation.leaf", Endorser, "AMD 57230 section 4.3",
        "Stop trusting this machine's reports; use its key at a newer TCB.",
        "The revocation list names the certificate of the signing key. AMD gives those certificates the serial number 0, so a list that does not name it says nothing about one machine.";
    /// The key certificate has the extensions of its product, each once.
    LEAF_EXTENSIONS = "snp.leaf.extensions", Endorser, "AMD 57230 table 11",
        "Fetch the certificate of the signing key again from AMD.",
        "An extension that says which chip and TCB the key is for is missing, twice there, badly encoded, or not known for this product.";
    /// Extensions beyond AMD's own.
    LEAF_OTHER_EXTENSIONS = "snp.leaf.other_extensions", Endorser, "AMD 57230 table 11",
        "Read what the named extensions say before relying on this certificate.",
        "The certificate has extensions that are not part of AMD's table. They are not critical, and nothing here reads them.";
    /// `productName` agrees with the issuer.
    PRODUCT_NAME = "snp.leaf.product_name", Endorser, "AMD 57230 table 11",
        "Rely on the CPUID in reports of version 3 or later.",
        "The product name in the certificate is not the product that its issuer signs for. Some genuine certificates have a wrong name, so the issuer and the signed CPUID decide.";
    /// The leaf's key is a P-384 key.
    LEAF_KEY = "snp.leaf.key", Endorser, "AMD 57230 table 10",
        "Fetch the certificate of the signing key again from AMD.",
        "Reports are signed by P-384 keys. The key in the certificate is another kind, or not a point of the curve.";
    /// `SIGNATURE_ALGO` is ECDSA P-384 with SHA-384.
    SIGNATURE_ALGO = "snp.signature_algo", Peer, "AMD 56860 table 23, table 139",
        "Send the report exactly as the firmware returned it.",
        "ECDSA P-384 with SHA-384 is the one algorithm that the specification defines for reports.";
    /// The key that the report says signed it is the key that the chain is for.
    SIGNING_KEY = "snp.signing_key", Peer, "AMD 56860 table 23",
        "Supply the certificate of the kind of key that the report names: VCEK or VLEK.",
        "The signed field says which kind of key signed. The certificate is of the other kind, or the report was not signed at all.";
    /// The signature was not masked.
    MASK_CHIP_KEY = "snp.mask_chip_key", Peer, "AMD 56860 table 23",
        "Turn off chip key masking on the host, or load a VLEK.",
        "The host configured the firmware to leave the signature zero. Such a report proves nothing.";
    /// A root is pinned for the signed CPUID.
    PRODUCT_ROOT = "snp.product.root", Operator, "AMD 56860 table 23, AMD 57230 section 1.2",
        "Run the guest on Milan, Genoa or Turin, or upgrade Cloister to one that pins the root of this product.",
        "The report's CPUID names a processor generation for which no root key is pinned: Venice, whose models are known, or one that is not known at all. No certificate can vouch for it, whoever sends one.";
    /// The signed CPUID is of the chain's product.
    PRODUCT = "snp.product", Peer, "AMD 56860 table 23, AMD 57230 section 1.2",
        "Supply the certificate that AMD issued for the processor that signed.",
        "The report's CPUID is of another processor generation than the certificate chain. A version 2 report has no CPUID: its product is then the chain's, and nobody but the chain vouches for it.";
    /// Unused TCB bytes are zero.
    TCB_RESERVED = "snp.tcb.reserved", Peer, "AMD 56860 section 2.2",
        "Send the report exactly as the firmware returned it, or upgrade Cloister if the firmware is newer than it.",
        "A byte that this product's TCB version leaves unused is not zero, so the version cannot be read.";
    /// The key was derived for the TCB that the report names.
    TCB_LEAF = "snp.tcb.leaf", Peer, "AMD 57230 section 2.1, table 11",
        "Fetch the certificate for the reported TCB from AMD.",
        "Each TCB has its own key. The certificate's component versions are not those of REPORTED_TCB, so it is the certificate of another key.";
    /// REPORTED_TCB is at most COMMITTED_TCB.
    TCB_REPORTED = "snp.tcb.reported_le_committed", Peer, "AMD 56860 section 2.2, 8.10",
        "Commit the firmware on the host, or correct its SNP configuration.",
        "A component of REPORTED_TCB is above COMMITTED_TCB: the machine would speak for firmware from which it can still be rolled back.";
    /// COMMITTED_TCB is at most CURRENT_TCB.
    TCB_COMMITTED = "snp.tcb.committed_le_current", Peer, "AMD 56860 section 2.2",
        "Update the firmware and microcode of the host to at least what was committed.",
        "A component of COMMITTED_TCB is above CURRENT_TCB: what runs is older than what the firmware promised never to go below.";
    /// The committed firmware is at most the current one.
    VERSION_ORDER = "snp.firmware.committed_le_current", Peer, "AMD 56860 table 23",
        "Update the firmware of the host to at least what was committed.",
        "The committed firmware version is above the current one, which firmware never reports.";
    /// The guest policy's ABI floor is met by the firmware.
    POLICY_ABI = "snp.policy.abi", Peer, "AMD 56860 table 10",
        "Run the guest on firmware that its policy allows.",
        "The guest's policy asks for a newer firmware ABI than the one that runs. Firmware launches no such guest.";
    /// What the guest policy requires of the platform is so.
    POLICY_PLATFORM = "snp.policy.platform", Peer, "AMD 56860 table 10, table 24",
        "Run the guest on a platform that is configured as its policy demands.",
        "The guest's policy demands something of the platform (SMT off, RAPL off, ciphertext hiding) that the platform's own information denies.";
    /// A guest that may have no migration agent has none.
    MIGRATION_AGENT = "snp.policy.migration_agent", Peer, "AMD 56860 table 10, table 23",
        "Collect a fresh report, and suspect the firmware that signed this one.",
        "The guest's policy permits no migration agent, and REPORT_ID_MA names one. Firmware associates none with such a guest and reports all ones.";
    /// Without an ID block nothing of one is set.
    ID_BLOCK = "snp.id_block", Peer, "AMD 56860 SNP_LAUNCH_FINISH, table 23",
        "Launch the guest with a signed ID block, or collect a fresh report.",
        "GUEST_SVN, FAMILY_ID, IMAGE_ID and the author key come from the ID block alone, which an ID key signs. ID_KEY_DIGEST is zero, so nobody signed one, and yet one of them is set.";
    /// PLATFORM_INFO has bits without a known meaning.
    PLATFORM_UNKNOWN = "snp.platform_info.unknown", Peer, "AMD 56860 table 24",
        "Upgrade Cloister to one that knows these bits, or forbid them in the policy.",
        "The platform sets bits that this version gives no meaning. Genuine firmware does so; nobody vouches for what they mean.";
    /// The certificate is of this chip.
    CHIP_ID = "snp.chip_id", Peer, "AMD 57230 table 11, AMD 56860 table 23",
        "Supply the certificate of the chip that signed, or turn off chip id masking on the host.",
        "The hardware id in a VCEK certificate is the CHIP_ID of the report: 64 bytes on Milan and Genoa, 8 bytes followed by zero on Turin. A masked CHIP_ID is zero and names no chip. A VLEK belongs to a provider and has no hardware id.";
    /// The signature verifies.
    SIGNATURE = "snp.signature", Peer, "AMD 56860 table 139",
        "Collect a fresh report, send it exactly as the firmware returned it, and supply the certificate of the key that signed it.",
        "The ECDSA P-384 signature over the first 672 bytes does not verify with the key of the chain: a bit was changed, or another key signed. R and S are little-endian in 72 bytes each; everything else in the signature field is zero.";
}

//! The section `snp`.

use super::{Key, key, section};

pub(super) const KEYS: &[Key] = &[
    section("snp", "AMD SEV-SNP. Without this section all of it is refused."),
    key(
        "snp.products",
        "Accepted processor generations: Milan, Genoa (with Bergamo and Siena), Turin.",
        "any generation whose root key is known is accepted",
    ),
    key(
        "snp.version",
        "Least report version. From 3 on, the report itself says which processor it comes from.",
        "reports of version 2 are accepted, which do not say which processor they come from",
    ),
    section("snp.guest", "The guest's own policy (POLICY), bit by bit: require, forbid or any."),
    key(
        "snp.guest.debug",
        "DEBUG: the host may read and write the guest's memory.",
        "the host may read and write the guest's memory",
    ),
    key(
        "snp.guest.migrate_ma",
        "MIGRATE_MA: a migration agent may move the guest.",
        "a migration agent may take the guest's memory elsewhere",
    ),
    key(
        "snp.guest.smt",
        "SMT: the guest allows simultaneous multithreading.",
        "the guest may share a core with others",
    ),
    key(
        "snp.guest.single_socket",
        "SINGLE_SOCKET: the guest runs on one socket only.",
        "the guest's memory traffic may cross the link between sockets",
    ),
    key(
        "snp.guest.cxl_allow",
        "CXL_ALLOW: the guest may be given CXL memory or devices.",
        "the guest's memory may lie on a CXL device",
    ),
    key(
        "snp.guest.mem_aes_256_xts",
        "MEM_AES_256_XTS: memory is encrypted with 256-bit keys.",
        "memory may be encrypted with 128-bit keys",
    ),
    key(
        "snp.guest.rapl_dis",
        "RAPL_DIS: the guest demands that power measurement is off.",
        "the host may measure the power that the guest's secrets cost",
    ),
    key(
        "snp.guest.ciphertext_hiding_dram",
        "CIPHERTEXT_HIDING_DRAM: the guest demands that the host cannot read its ciphertext.",
        "the host may watch how the guest's ciphertext changes",
    ),
    key(
        "snp.guest.page_swap_disable",
        "PAGE_SWAP_DISABLE: the host may not move the guest's pages.",
        "the host may move and swap the guest's pages",
    ),
    key(
        "snp.guest.abi",
        "Least firmware ABI that the guest's policy asks for.",
        "the guest may run on firmware of any ABI version",
    ),
    section("snp.platform", "The platform (PLATFORM_INFO), bit by bit: require, forbid or any."),
    key(
        "snp.platform.smt_en",
        "SMT_EN: simultaneous multithreading is on.",
        "multithreading may be on",
    ),
    key(
        "snp.platform.tsme_en",
        "TSME_EN: all memory is encrypted.",
        "memory outside guests may be in the clear",
    ),
    key(
        "snp.platform.ecc_en",
        "ECC_EN: memory has error correction.",
        "memory may be without error correction",
    ),
    key(
        "snp.platform.rapl_dis",
        "RAPL_DIS: power measurement is off.",
        "the host may measure power",
    ),
    key(
        "snp.platform.ciphertext_hiding_dram_en",
        "CIPHERTEXT_HIDING_DRAM_EN: the host cannot read guests' ciphertext.",
        "the host may read guests' ciphertext",
    ),
    key(
        "snp.platform.alias_check_complete",
        "ALIAS_CHECK_COMPLETE: memory was checked for aliases since the last reset (AMD-SB-3015).",
        "a memory module that lies about its size may let the host replay memory",
    ),
    key("snp.platform.tio_en", "TIO_EN: trusted IO is on.", "trusted IO may be on or off"),
    key(
        "snp.platform.unknown",
        "Bits of PLATFORM_INFO whose meaning is not known: forbid or any.",
        "bits of unknown meaning are accepted",
    ),
    section("snp.tcb", "Firmware and microcode."),
    section(
        "snp.tcb.reported",
        "Least REPORTED_TCB, for each product: what the signing key stands for.",
    ),
    key("snp.tcb.reported.milan", "Milan, without fmc.", "firmware of any age"),
    key("snp.tcb.reported.genoa", "Genoa, without fmc.", "firmware of any age"),
    key("snp.tcb.reported.turin", "Turin, with fmc.", "firmware of any age"),
    section(
        "snp.tcb.committed",
        "Least COMMITTED_TCB, for each product: what the host cannot go back behind.",
    ),
    key("snp.tcb.committed.milan", "Milan, without fmc.", "the host may go back to any firmware"),
    key("snp.tcb.committed.genoa", "Genoa, without fmc.", "the host may go back to any firmware"),
    key("snp.tcb.committed.turin", "Turin, with fmc.", "the host may go back to any firmware"),
    section("snp.tcb.launch", "Least LAUNCH_TCB, for each product: what the guest was started on."),
    key(
        "snp.tcb.launch.milan",
        "Milan, without fmc.",
        "the guest may have started on any firmware",
    ),
    key(
        "snp.tcb.launch.genoa",
        "Genoa, without fmc.",
        "the guest may have started on any firmware",
    ),
    key("snp.tcb.launch.turin", "Turin, with fmc.", "the guest may have started on any firmware"),
    key(
        "snp.tcb.firmware",
        "Least committed firmware version: major, minor, build.",
        "firmware of any version",
    ),
    key(
        "snp.tcb.provisional_firmware",
        "Firmware that runs and is not committed: forbid or any.",
        "the host may take the running firmware back",
    ),
    key(
        "snp.tcb.provisional_microcode",
        "Microcode that runs and is not committed: forbid or any. The operating system loads it.",
        "the host may take the running microcode back",
    ),
    key(
        "snp.tcb.launch_mit_vector",
        "LAUNCH_MIT_VECTOR: mitigations in force at launch, as { all_of = \"0x…\" }.",
        "any known mitigation may have been off at launch",
    ),
    key(
        "snp.tcb.current_mit_vector",
        "CURRENT_MIT_VECTOR: mitigations in force now, as { all_of = \"0x…\" }.",
        "any known mitigation may be off",
    ),
    section("snp.launch", "How the guest was launched and asked for the report."),
    key(
        "snp.launch.vmpl",
        "VMPL, 0 to 3: from which privilege level the report was asked for.",
        "less privileged software inside the guest may have asked",
    ),
    key("snp.launch.guest_svn", "Least GUEST_SVN, from the ID block.", "an ID block of any age"),
    key("snp.launch.family_id", "FAMILY_ID, from the ID block; zero without one.", "any family"),
    key(
        "snp.launch.image_id",
        "IMAGE_ID, from the ID block; zero without one.",
        "any image identifier",
    ),
    key(
        "snp.launch.id_key_digest",
        "ID_KEY_DIGEST: who signed the ID block; zero without one.",
        "anybody may have signed the ID block",
    ),
    key(
        "snp.launch.author_key_digest",
        "AUTHOR_KEY_DIGEST: who vouched for that key; zero without one.",
        "anybody may have vouched for the ID key",
    ),
    key(
        "snp.launch.report_id_ma",
        "REPORT_ID_MA: the migration agent; all ones for none.",
        "any migration agent may be bound to the guest",
    ),
    section("snp.signer", "The key that signed."),
    key(
        "snp.signer.signing_key",
        "VCEK (of one chip) or VLEK (of a provider).",
        "a chip's key and a provider's key are both accepted",
    ),
    key(
        "snp.signer.revocation",
        "\"required\": a fresh revocation list of AMD has to have been checked; or \"accept_unknown\".",
        "a key that AMD has revoked may have signed",
    ),
    key(
        "snp.signer.crl_age",
        "How long ago AMD's revocation list may have been issued, as { at_most_secs = 2592000 }.",
        "the list may be any that has not run out by its own dates",
    ),
    key(
        "snp.signer.chips",
        "CHIP_ID of the machines that are known. Anything but any refuses every VLEK, which names none.",
        "any machine of the vendor is accepted, also one whose keys were extracted: who owns the hardware is not verified",
    ),
    key(
        "snp.signer.masked_chip_id",
        "A CHIP_ID of zero under a VCEK: forbid or any.",
        "a report may hide which chip it comes from",
    ),
    key(
        "snp.signer.provider",
        "cspID of a VLEK: the provider that the key was given to.",
        "any cloud provider's key is accepted",
    ),
];

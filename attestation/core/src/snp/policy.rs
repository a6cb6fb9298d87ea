//! The part of an appraisal policy that is about SEV-SNP.

use serde::{Deserialize, Serialize};

use super::demand::{Bit, Bits, Floor, Unwanted};
use super::firmware::{AbiVersion, FirmwareVersion};
use super::product::Product;
use super::signing_key::SigningKey;
use super::tcb::Tcb;
use crate::bytes::{ChipId, Digest48, GuestTag, ReportId};
use crate::policy::{AgeLimit, Expect};
use crate::revocation::RevocationDemand;

/// What a Relying Party demands of a verified report. Nothing has a default: a field that is left
/// out of a policy file is an error, and `any` shows in the result as `not_asserted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnpPolicy {
    /// Accepted processor generations.
    pub products: Expect<Product>,
    /// Least report version. Version 2 does not sign which processor it comes from.
    pub version: Floor<u32>,
    /// Demands on the guest policy.
    pub guest: GuestDemands,
    /// Demands on the platform's configuration.
    pub platform: PlatformDemands,
    /// Demands on firmware and microcode.
    pub tcb: TcbDemands,
    /// Demands on how the guest was launched and asked for the report.
    pub launch: LaunchDemands,
    /// Demands on the key that signed.
    pub signer: SignerDemands,
}

/// Demands on `POLICY`, bit by bit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestDemands {
    /// `DEBUG`.
    pub debug: Bit,
    /// `MIGRATE_MA`.
    pub migrate_ma: Bit,
    /// `SMT`.
    pub smt: Bit,
    /// `SINGLE_SOCKET`.
    pub single_socket: Bit,
    /// `CXL_ALLOW`.
    pub cxl_allow: Bit,
    /// `MEM_AES_256_XTS`.
    pub mem_aes_256_xts: Bit,
    /// `RAPL_DIS`.
    pub rapl_dis: Bit,
    /// `CIPHERTEXT_HIDING_DRAM`.
    pub ciphertext_hiding_dram: Bit,
    /// `PAGE_SWAP_DISABLE`.
    pub page_swap_disable: Bit,
    /// Least `ABI_MAJOR`, `ABI_MINOR` in the guest's own policy.
    pub abi: Floor<AbiVersion>,
}

/// Demands on `PLATFORM_INFO`, bit by bit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformDemands {
    /// `SMT_EN`.
    pub smt_en: Bit,
    /// `TSME_EN`.
    pub tsme_en: Bit,
    /// `ECC_EN`.
    pub ecc_en: Bit,
    /// `RAPL_DIS`.
    pub rapl_dis: Bit,
    /// `CIPHERTEXT_HIDING_DRAM_EN`.
    pub ciphertext_hiding_dram_en: Bit,
    /// `ALIAS_CHECK_COMPLETE`.
    pub alias_check_complete: Bit,
    /// `TIO_EN`.
    pub tio_en: Bit,
    /// Bits without a known meaning.
    pub unknown: Unwanted,
}

/// Demands on firmware and microcode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcbDemands {
    /// Least `REPORTED_TCB`.
    pub reported: TcbFloors,
    /// Least `COMMITTED_TCB`.
    pub committed: TcbFloors,
    /// Least `LAUNCH_TCB`.
    pub launch: TcbFloors,
    /// Least committed firmware version.
    pub firmware: Floor<FirmwareVersion>,
    /// Firmware that runs and is not committed: current and committed version, or any TCB
    /// component except the microcode, differ.
    pub provisional_firmware: Unwanted,
    /// Microcode that runs and is not committed.
    pub provisional_microcode: Unwanted,
    /// Mitigations that have to be in force at launch.
    pub launch_mit_vector: Bits,
    /// Mitigations that have to be in force now.
    pub current_mit_vector: Bits,
}

/// A TCB floor for each product; the layouts differ, so one floor never serves two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcbFloors {
    /// For Milan, without `fmc`.
    pub milan: Floor<Tcb>,
    /// For Genoa, without `fmc`.
    pub genoa: Floor<Tcb>,
    /// For Turin, with `fmc`.
    pub turin: Floor<Tcb>,
}

impl TcbFloors {
    /// No floor for any product.
    pub const ANY: Self = Self { milan: Floor::Any, genoa: Floor::Any, turin: Floor::Any };

    /// The floor for `product`.
    #[must_use]
    pub const fn of(&self, product: Product) -> &Floor<Tcb> {
        match product {
            Product::Milan => &self.milan,
            Product::Genoa => &self.genoa,
            Product::Turin => &self.turin,
        }
    }
}

/// Demands on how the guest was launched and asked for the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchDemands {
    /// `VMPL`, 0 to 3.
    pub vmpl: Expect<u32>,
    /// Least `GUEST_SVN`.
    pub guest_svn: Floor<u32>,
    /// `FAMILY_ID`.
    pub family_id: Expect<GuestTag>,
    /// `IMAGE_ID`.
    pub image_id: Expect<GuestTag>,
    /// `ID_KEY_DIGEST`; zero means that there is no ID block.
    pub id_key_digest: Expect<Digest48>,
    /// `AUTHOR_KEY_DIGEST`; zero means that there is no author key.
    pub author_key_digest: Expect<Digest48>,
    /// `REPORT_ID_MA`; all ones means that there is no migration agent.
    pub report_id_ma: Expect<ReportId>,
}

/// Demands on the key that signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignerDemands {
    /// VCEK or VLEK.
    pub signing_key: Expect<SigningKey>,
    /// Whether revocation has to be known.
    pub revocation: RevocationDemand,
    /// How long ago the CRL may have been issued, within its own `nextUpdate`.
    pub crl_age: AgeLimit,
    /// Known machines, by `CHIP_ID`. Anything but `any` refuses every VLEK: it names no machine.
    pub chips: Expect<ChipId>,
    /// A `CHIP_ID` of zero under a VCEK, which then cannot be bound to its certificate.
    pub masked_chip_id: Unwanted,
    /// `cspID` of a VLEK.
    pub provider: Expect<String>,
}

impl SnpPolicy {
    /// The built-in policy: production guests that nobody can debug, migrate or commit to less.
    ///
    /// It forbids what breaks confidentiality on any machine: debugging, migration agents, CXL
    /// memory, firmware that can still be rolled back, a masked chip under a chip's own key. It
    /// demands nothing that only the operator can know, and shows it as `not_asserted`: how recent
    /// the TCB has to be, which platform mitigations are required, which machines and providers
    /// are known, which ID block was used. Revocation is checked where there is a CRL; offline
    /// there is none, and a Verifier's own policy demands it.
    ///
    /// VMPL 0 and 1 are accepted. A provider's service module may sit above the guest at VMPL 0 (it
    /// is then part of the measurement) and leave it VMPL 1. Levels 2 and 3 are where less
    /// privileged software runs, and a report from there says nothing about the runtime.
    ///
    /// Microcode newer than committed is accepted: the operating system loads it at every boot,
    /// and the floor that the signing key stands for is the committed one.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            products: Expect::OneOf(Product::ALL.to_vec()),
            version: Floor::AtLeast(2),
            guest: GuestDemands::strict(),
            platform: PlatformDemands::any(),
            tcb: TcbDemands {
                reported: TcbFloors::ANY,
                committed: TcbFloors::ANY,
                launch: TcbFloors::ANY,
                firmware: Floor::Any,
                provisional_firmware: Unwanted::Forbid,
                provisional_microcode: Unwanted::Any,
                launch_mit_vector: Bits::Any,
                current_mit_vector: Bits::Any,
            },
            launch: LaunchDemands {
                vmpl: Expect::OneOf(vec![0, 1]),
                guest_svn: Floor::Any,
                family_id: Expect::Any,
                image_id: Expect::Any,
                id_key_digest: Expect::Any,
                author_key_digest: Expect::Any,
                report_id_ma: Expect::Exactly(NO_MIGRATION_AGENT),
            },
            signer: SignerDemands {
                signing_key: Expect::OneOf(vec![SigningKey::Vcek, SigningKey::Vlek]),
                revocation: RevocationDemand::AcceptUnknown,
                crl_age: AgeLimit::Any,
                chips: Expect::Any,
                masked_chip_id: Unwanted::Forbid,
                provider: Expect::Any,
            },
        }
    }
}

impl GuestDemands {
    const fn strict() -> Self {
        Self {
            debug: Bit::Forbid,
            migrate_ma: Bit::Forbid,
            smt: Bit::Any,
            single_socket: Bit::Any,
            cxl_allow: Bit::Forbid,
            mem_aes_256_xts: Bit::Any,
            rapl_dis: Bit::Any,
            ciphertext_hiding_dram: Bit::Any,
            page_swap_disable: Bit::Any,
            abi: Floor::Any,
        }
    }
}

impl PlatformDemands {
    const fn any() -> Self {
        Self {
            smt_en: Bit::Any,
            tsme_en: Bit::Any,
            ecc_en: Bit::Any,
            rapl_dis: Bit::Any,
            ciphertext_hiding_dram_en: Bit::Any,
            alias_check_complete: Bit::Any,
            tio_en: Bit::Any,
            unknown: Unwanted::Any,
        }
    }
}

/// SPEC: AMD 56860 section 8.17: REPORT_ID_MA of a guest without a migration agent.
pub(super) const NO_MIGRATION_AGENT: ReportId = ReportId::new([0xff; 32]);

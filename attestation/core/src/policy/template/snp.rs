//! SEV-SNP.

use crate::bytes::ChipId;
use crate::policy::{AgeLimit, Expect};
use crate::revocation::RevocationDemand;
use crate::snp::{
    AbiVersion, Bit, Bits, Floor, GuestDemands, GuestPolicy, LaunchDemands, PlatformDemands,
    PlatformInfo, Product, Report, SignerDemands, SnpPolicy, Tcb, TcbDemands, TcbFloors,
    TcbVersion, Unwanted, VerifiedReport,
};
use crate::time::UnixTime;

impl SnpPolicy {
    /// As narrow as what `verified` shows.
    pub(super) fn observed(verified: &VerifiedReport, now: UnixTime) -> Self {
        let report = verified.report();
        Self {
            products: Expect::Exactly(verified.product()),
            version: Floor::AtLeast(report.version()),
            guest: guest(report.policy()),
            platform: platform(report.platform_info()),
            tcb: tcb(report, verified.product()),
            launch: launch(report),
            signer: signer(verified, now),
        }
    }
}

/// A bit that protects is demanded where it was set, and never forbidden.
const fn protecting(set: bool) -> Bit {
    if set { Bit::Require } else { Bit::Any }
}

/// A bit that exposes is forbidden where it was clear, and never demanded.
const fn exposing(set: bool) -> Bit {
    if set { Bit::Any } else { Bit::Forbid }
}

const fn unwanted(there: bool) -> Unwanted {
    if there { Unwanted::Any } else { Unwanted::Forbid }
}

fn guest(policy: GuestPolicy) -> GuestDemands {
    let (major, minor) = policy.abi();
    GuestDemands {
        // SECURITY: whatever was observed.
        debug: Bit::Forbid,
        migrate_ma: Bit::Forbid,
        cxl_allow: Bit::Forbid,
        smt: exposing(policy.smt()),
        single_socket: protecting(policy.single_socket()),
        mem_aes_256_xts: protecting(policy.mem_aes_256_xts()),
        rapl_dis: protecting(policy.rapl_dis()),
        ciphertext_hiding_dram: protecting(policy.ciphertext_hiding_dram()),
        page_swap_disable: protecting(policy.page_swap_disable()),
        abi: Floor::AtLeast(AbiVersion { major, minor }),
    }
}

const fn platform(info: PlatformInfo) -> PlatformDemands {
    PlatformDemands {
        smt_en: exposing(info.smt_en()),
        tsme_en: protecting(info.tsme_en()),
        ecc_en: protecting(info.ecc_en()),
        rapl_dis: protecting(info.rapl_dis()),
        ciphertext_hiding_dram_en: protecting(info.ciphertext_hiding_dram_en()),
        alias_check_complete: protecting(info.alias_check_complete()),
        tio_en: exposing(info.tio_en()),
        unknown: unwanted(info.unknown() != 0),
    }
}

fn tcb(report: &Report, product: Product) -> TcbDemands {
    let floors = |tcb: TcbVersion| only(product, tcb.components(product));
    let (committed, current) =
        [report.committed_tcb(), report.current_tcb()].map(|tcb| tcb.components(product)).into();
    let differs = report.committed_version() != report.current_version()
        || Tcb { microcode: 0, ..committed } != Tcb { microcode: 0, ..current };
    TcbDemands {
        reported: floors(report.reported_tcb()),
        committed: floors(report.committed_tcb()),
        launch: floors(report.launch_tcb()),
        firmware: Floor::AtLeast(report.committed_version()),
        provisional_firmware: unwanted(differs),
        provisional_microcode: unwanted(committed.microcode != current.microcode),
        launch_mit_vector: report.launch_mit_vector().map_or(Bits::Any, Bits::AllOf),
        current_mit_vector: report.current_mit_vector().map_or(Bits::Any, Bits::AllOf),
    }
}

/// A floor for the one product; the policy refuses the others.
fn only(product: Product, floor: Tcb) -> TcbFloors {
    let mut floors = TcbFloors::ANY;
    let place = match product {
        Product::Milan => &mut floors.milan,
        Product::Genoa => &mut floors.genoa,
        Product::Turin => &mut floors.turin,
    };
    *place = Floor::AtLeast(floor);
    floors
}

const fn launch(report: &Report) -> LaunchDemands {
    LaunchDemands {
        vmpl: Expect::Exactly(report.vmpl()),
        guest_svn: Floor::AtLeast(report.guest_svn()),
        family_id: Expect::Exactly(*report.family_id()),
        image_id: Expect::Exactly(*report.image_id()),
        id_key_digest: Expect::Exactly(*report.id_key_digest()),
        author_key_digest: Expect::Exactly(*report.author_key_digest()),
        report_id_ma: Expect::Exactly(*report.report_id_ma()),
    }
}

fn signer(verified: &VerifiedReport, now: UnixTime) -> SignerDemands {
    let report = verified.report();
    let chip: &ChipId = report.chip_id();
    let is_named = verified.provider().is_none() && !chip.is_zero();
    SignerDemands {
        signing_key: Expect::Exactly(report.signing_key()),
        revocation: RevocationDemand::met_by(verified.revocation()),
        crl_age: verified
            .crl()
            .map_or(AgeLimit::Any, |issue| AgeLimit::met_by(issue, now, &[AgeLimit::YEAR])),
        chips: if is_named { Expect::Exactly(*chip) } else { Expect::Any },
        masked_chip_id: unwanted(verified.provider().is_none() && chip.is_zero()),
        // Under a VCEK there is no provider, and the empty list refuses every one.
        provider: verified
            .provider()
            .map_or_else(|| Expect::OneOf(Vec::new()), |name| Expect::Exactly(name.clone())),
    }
}

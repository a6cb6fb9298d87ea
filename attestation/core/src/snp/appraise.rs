//! Appraisal of a verified report: every demand is one check, and none hides another.

use super::codes::appraise as codes;
use super::demand::Unwanted;
use super::firmware::{AbiVersion, FirmwareVersion};
use super::policy::{
    GuestDemands, LaunchDemands, PlatformDemands, SignerDemands, SnpPolicy, TcbDemands,
};
use super::report::Report;
use super::signing_key::SigningKey;
use super::tcb::Tcb;
use super::verify::VerifiedReport;
use crate::bytes::ChipId;
use crate::check::Check;
use crate::code::Code;
use crate::policy::{AgeLimit, Expect};
use crate::time::UnixTime;

impl SnpPolicy {
    /// Checks every demand against `verified`, in a fixed order.
    ///
    /// The time is the appraisal's, which may be later than the verification's: the endorsements
    /// have to vouch for the report at both.
    #[must_use]
    pub fn appraise(&self, verified: &VerifiedReport, now: UnixTime) -> Vec<Check> {
        let report = verified.report();
        let mut checks = vec![
            verified.valid().check(&codes::VALID_NOW, now),
            self.products.check(&codes::PRODUCT, &verified.product()),
            self.version.check(&codes::VERSION, &report.version(), u32::ge),
        ];
        checks.extend(guest(&self.guest, report));
        checks.extend(platform(&self.platform, report));
        checks.extend(tcb(&self.tcb, verified));
        checks.extend(launch(&self.launch, report));
        checks.extend(signer(&self.signer, verified, now));
        checks
    }
}

fn guest(demands: &GuestDemands, report: &Report) -> [Check; 10] {
    let policy = report.policy();
    let (major, minor) = policy.abi();
    [
        demands.debug.check(&codes::DEBUG, policy.debug()),
        demands.migrate_ma.check(&codes::MIGRATE_MA, policy.migrate_ma()),
        demands.smt.check(&codes::SMT, policy.smt()),
        demands.single_socket.check(&codes::SINGLE_SOCKET, policy.single_socket()),
        demands.cxl_allow.check(&codes::CXL_ALLOW, policy.cxl_allow()),
        demands.mem_aes_256_xts.check(&codes::MEM_AES_256_XTS, policy.mem_aes_256_xts()),
        demands.rapl_dis.check(&codes::POLICY_RAPL_DIS, policy.rapl_dis()),
        demands
            .ciphertext_hiding_dram
            .check(&codes::POLICY_CIPHERTEXT_HIDING, policy.ciphertext_hiding_dram()),
        demands.page_swap_disable.check(&codes::PAGE_SWAP_DISABLE, policy.page_swap_disable()),
        demands.abi.check(&codes::ABI_FLOOR, &AbiVersion { major, minor }, AbiVersion::ge),
    ]
}

fn platform(demands: &PlatformDemands, report: &Report) -> [Check; 8] {
    let info = report.platform_info();
    [
        demands.smt_en.check(&codes::SMT_EN, info.smt_en()),
        demands.tsme_en.check(&codes::TSME_EN, info.tsme_en()),
        demands.ecc_en.check(&codes::ECC_EN, info.ecc_en()),
        demands.rapl_dis.check(&codes::RAPL_DIS, info.rapl_dis()),
        demands
            .ciphertext_hiding_dram_en
            .check(&codes::CIPHERTEXT_HIDING, info.ciphertext_hiding_dram_en()),
        demands.alias_check_complete.check(&codes::ALIAS_CHECK, info.alias_check_complete()),
        demands.tio_en.check(&codes::TIO_EN, info.tio_en()),
        demands.unknown.check(
            &codes::PLATFORM_UNKNOWN,
            info.unknown() != 0,
            "0x0",
            format!("{:#x}", info.unknown()),
        ),
    ]
}

fn tcb(demands: &TcbDemands, verified: &VerifiedReport) -> [Check; 8] {
    let (report, product) = (verified.report(), verified.product());
    let [reported, committed, launch, current] =
        [report.reported_tcb(), report.committed_tcb(), report.launch_tcb(), report.current_tcb()]
            .map(|tcb| tcb.components(product));
    let firmware_differs = report.committed_version() != report.current_version()
        || committed.without_microcode() != current.without_microcode();
    let microcode_differs = committed.microcode != current.microcode;
    [
        demands.reported.of(product).check(&codes::REPORTED_FLOOR, &reported, Tcb::covers),
        demands.committed.of(product).check(&codes::COMMITTED_FLOOR, &committed, Tcb::covers),
        demands.launch.of(product).check(&codes::LAUNCH_FLOOR, &launch, Tcb::covers),
        demands.firmware.check(
            &codes::FIRMWARE_FLOOR,
            &report.committed_version(),
            FirmwareVersion::ge,
        ),
        provisional(demands.provisional_firmware, firmware_differs, &codes::PROVISIONAL_FIRMWARE),
        provisional(
            demands.provisional_microcode,
            microcode_differs,
            &codes::PROVISIONAL_MICROCODE,
        ),
        demands.launch_mit_vector.check(&codes::LAUNCH_MIT, report.launch_mit_vector()),
        demands.current_mit_vector.check(&codes::CURRENT_MIT, report.current_mit_vector()),
    ]
}

fn launch(demands: &LaunchDemands, report: &Report) -> [Check; 8] {
    [
        demands.vmpl.check(&codes::VMPL, &report.vmpl()),
        demands.guest_svn.check(&codes::GUEST_SVN, &report.guest_svn(), u32::ge),
        demands.family_id.check(&codes::FAMILY_ID, report.family_id()),
        demands.image_id.check(&codes::IMAGE_ID, report.image_id()),
        demands.id_key_digest.check(&codes::ID_KEY, report.id_key_digest()),
        demands.author_key_digest.check(&codes::AUTHOR_KEY, report.author_key_digest()),
        demands.report_id_ma.check(&codes::REPORT_ID_MA, report.report_id_ma()),
        Check::not_asserted(&codes::REPORT_ID, report.report_id()),
    ]
}

fn signer(demands: &SignerDemands, verified: &VerifiedReport, now: UnixTime) -> [Check; 6] {
    [
        demands.signing_key.check(&codes::SIGNER, &verified.report().signing_key()),
        demands.revocation.check(&codes::REVOCATION, verified.revocation()),
        crl_age(demands.crl_age, verified, now),
        chip(&demands.chips, verified),
        masked(demands.masked_chip_id, verified),
        provider(demands, verified),
    ]
}

fn provisional(demand: Unwanted, differs: bool, code: &'static Code) -> Check {
    let observed = if differs { "current is not committed" } else { "committed" };
    demand.check(code, differs, "committed", observed)
}

/// Where there is no CRL, the demand on revocation speaks.
fn crl_age(limit: AgeLimit, verified: &VerifiedReport, now: UnixTime) -> Check {
    match verified.crl() {
        Some(issue) => limit.check(&codes::CRL_AGE, issue, now),
        None => Check::not_applicable(&codes::CRL_AGE, "no CRL"),
    }
}

/// An allow-list of chips can only be met by a report that names one.
fn chip(demand: &Expect<ChipId>, verified: &VerifiedReport) -> Check {
    let observed = verified.report().chip_id();
    let unnamed = match verified.provider() {
        Some(name) => Some(format!("a VLEK of {name}, which names no chip")),
        None => observed.is_zero().then(|| "a masked CHIP_ID".to_owned()),
    };
    match (demand, unnamed) {
        (demand, None) => demand.check(&codes::CHIP, observed),
        (Expect::Any, Some(why)) => Check::not_asserted(&codes::CHIP, why),
        (Expect::Exactly(_) | Expect::OneOf(_), Some(why)) => {
            Check::decided(&codes::CHIP, false, "a chip that the policy names", why)
        }
    }
}

fn masked(demand: Unwanted, verified: &VerifiedReport) -> Check {
    let report = verified.report();
    match report.signing_key() {
        SigningKey::Vcek => demand.check(
            &codes::MASKED_CHIP_ID,
            report.chip_id().is_zero(),
            "a CHIP_ID that names the chip",
            report.chip_id(),
        ),
        SigningKey::Vlek | SigningKey::None => {
            Check::not_applicable(&codes::MASKED_CHIP_ID, "a VLEK is not bound to a chip")
        }
    }
}

fn provider(demands: &SignerDemands, verified: &VerifiedReport) -> Check {
    match verified.provider() {
        Some(name) => demands.provider.check(&codes::PROVIDER, name),
        None => Check::not_applicable(&codes::PROVIDER, "a VCEK has no provider"),
    }
}

//! Machines as they show themselves: the tables are those that the platforms are documented to
//! write, the kernel's files those of the interfaces that `signs` names.

use std::path::Path;

use cloister_attestation::check::{Check, State};
use cloister_attestation::code::Code;

use super::{Platform, Shown, Signs, codes, findings};

const CPU_OF_A_GUEST: (&str, &str) = (
    "proc/cpuinfo",
    "processor\t: 0\nflags\t\t: fpu vme sse2 hypervisor lahf_lm\n\nprocessor\t: 1\n",
);
const LINUX_6_12: (&str, &str) = ("proc/sys/kernel/osrelease", "6.12.48+deb13-cloud-amd64\n");
const SEV_GUEST: (&str, &str) = ("dev/sev-guest", "");
const VMPL_0: (&str, &str) = ("sys/devices/system/cpu/sev/vmpl", "0\n");
const TPM: (&str, &str) = ("dev/tpmrm0", "");
const EC2: &[(&str, &str)] = &[
    CPU_OF_A_GUEST,
    LINUX_6_12,
    ("sys/class/dmi/id/sys_vendor", "Amazon EC2\n"),
    ("sys/class/dmi/id/product_name", "m6a.large\n"),
    ("sys/class/dmi/id/chassis_asset_tag", "Amazon EC2\n"),
];
const AZURE: &[(&str, &str)] = &[
    CPU_OF_A_GUEST,
    LINUX_6_12,
    ("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n"),
    ("sys/class/dmi/id/product_name", "Virtual Machine\n"),
    ("sys/class/dmi/id/chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n"),
];
const GOOGLE: &[(&str, &str)] = &[
    LINUX_6_12,
    ("sys/class/dmi/id/sys_vendor", "Google\n"),
    ("sys/class/dmi/id/product_name", "Google Compute Engine\n"),
];
const QEMU: &[(&str, &str)] = &[
    CPU_OF_A_GUEST,
    LINUX_6_12,
    ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
    ("sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n"),
];

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn signs(files: &[(&str, &str)], more: &[(&str, &str)]) -> Signs {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), files);
    write(root.path(), more);
    Signs::read(root.path())
}

fn found<'a>(findings: &'a [Check], code: &Code) -> &'a Check {
    findings.iter().find(|check| check.code == code).expect("the finding is there")
}

#[test]
fn an_instance_of_ec2_with_snp_lacks_nothing_and_is_told_what_its_report_names() {
    let findings = findings(&signs(EC2, &[SEV_GUEST, VMPL_0]));
    for code in [&codes::AWS, &codes::SEV_DRIVER, &codes::KERNEL] {
        assert_eq!(found(&findings, code).state, State::Pass, "{findings:#?}");
    }
    let image = found(&findings, &codes::IMAGE);
    assert_eq!(image.state, State::NotAsserted);
    assert!(image.observed.contains("nothing that cloisterd collects"), "{}", image.observed);
}

#[test]
fn an_instance_of_ec2_that_was_launched_without_snp_is_told_how_to_launch_it() {
    let findings = findings(&signs(EC2, &[TPM]));
    assert!(found(&findings, &codes::AWS).failed(), "{findings:#?}");
    assert!(codes::AWS.remedy.contains("AmdSevSnp=enabled"));
    assert!(!findings.iter().any(|check| check.code == &codes::SEV_DRIVER), "{findings:#?}");
}

#[test]
fn a_tpm_on_azure_is_no_proof_of_a_confidential_machine() {
    let findings = findings(&signs(AZURE, &[TPM]));
    assert_eq!(found(&findings, &codes::AZURE).state, State::NotAsserted, "{findings:#?}");
    assert!(found(&findings, &codes::IMAGE).observed.contains("PCR 4, 9 and 11"));
}

#[test]
fn a_machine_of_azure_without_a_tpm_is_told_its_security_type() {
    let findings = findings(&signs(AZURE, &[]));
    assert!(found(&findings, &codes::AZURE).failed(), "{findings:#?}");
    assert!(codes::AZURE.remedy.contains("ConfidentialVM"));
}

#[test]
fn hyper_v_elsewhere_is_not_azure() {
    let elsewhere = [("sys/class/dmi/id/chassis_asset_tag", "1234\n")];
    assert_eq!(Platform::of(&signs(AZURE, &elsewhere)), Platform::OtherVm);
    assert_eq!(Platform::of(&signs(AZURE, &[])), Platform::Azure);
}

#[test]
fn on_google_the_tee_decides_what_names_the_image() {
    let snp = findings(&signs(GOOGLE, &[CPU_OF_A_GUEST, SEV_GUEST]));
    assert!(found(&snp, &codes::IMAGE).observed.contains("nothing that cloisterd collects"));
    let cpu = ("proc/cpuinfo", "flags : fpu hypervisor tdx_guest\n");
    let tdx = findings(&signs(GOOGLE, &[cpu, ("dev/tdx_guest", "")]));
    assert_eq!(found(&tdx, &codes::GCP).observed, "a TDX guest");
    assert_eq!(found(&tdx, &codes::TDX_DRIVER).state, State::Pass);
    assert!(found(&tdx, &codes::IMAGE).observed.contains("RTMR1 and RTMR2"));
}

#[test]
fn a_tee_without_its_driver_is_told_which_module_to_load() {
    let snp = findings(&signs(QEMU, &[VMPL_0]));
    assert_eq!(found(&snp, &codes::QEMU).state, State::Pass, "{snp:#?}");
    assert!(found(&snp, &codes::SEV_DRIVER).failed(), "{snp:#?}");
    let cpu = ("proc/cpuinfo", "flags : hypervisor tdx_guest\n");
    let tdx = findings(&signs(QEMU, &[cpu]));
    assert!(found(&tdx, &codes::TDX_DRIVER).failed(), "{tdx:#?}");
    let loaded = findings(&signs(QEMU, &[cpu, ("sys/module/tdx_guest/refcnt", "0\n")]));
    assert_eq!(found(&loaded, &codes::TDX_DRIVER).state, State::Pass, "{loaded:#?}");
}

#[test]
fn the_privilege_level_is_a_sign_in_either_place_that_kernels_show_it() {
    for place in ["sys/devices/system/cpu/sev/vmpl", "sys/hypervisor/sev/vmpl"] {
        assert_eq!(Shown::by(&signs(QEMU, &[(place, "0\n")])), Some(Shown::Snp), "{place}");
    }
    assert_eq!(Shown::by(&signs(QEMU, &[])), None);
}

#[test]
fn a_guest_of_qemu_without_a_tee_is_told_which_object_is_missing() {
    let findings = findings(&signs(QEMU, &[]));
    assert!(found(&findings, &codes::QEMU).failed(), "{findings:#?}");
    assert!(codes::QEMU.remedy.contains("sev-snp-guest"));
}

#[test]
fn hardware_of_its_own_is_no_guest_whatever_its_tables_say() {
    let cpu = ("proc/cpuinfo", "flags : fpu vme sev sev_es sev_snp\n");
    let metal = signs(QEMU, &[cpu, ("dev/sev", "")]);
    assert_eq!(Platform::of(&metal), Platform::NoVm);
    assert!(found(&findings(&metal), &codes::NO_VM).failed());
}

#[test]
fn a_kernel_before_configfs_tsm_is_named() {
    for (release, state) in [
        ("6.6.99-lts\n", State::Fail),
        ("5.15.0-1-amd64\n", State::Fail),
        ("6.7.0\n", State::Pass),
        ("7.0.1\n", State::Pass),
        ("\n", State::NotAsserted),
        ("custom\n", State::NotAsserted),
    ] {
        let findings = findings(&signs(QEMU, &[("proc/sys/kernel/osrelease", release)]));
        assert_eq!(found(&findings, &codes::KERNEL).state, state, "{release}");
    }
}

#[test]
fn what_the_machine_says_of_itself_is_labelled_and_acts_on_no_terminal() {
    let vendor = ("sys/class/dmi/id/sys_vendor", "Evil\u{1b}[2J Corp\nsecond line\n");
    let findings = findings(&signs(QEMU, &[vendor]));
    let platform = found(&findings, &codes::PLATFORM);
    assert_eq!(platform.state, State::NotAsserted);
    assert!(platform.observed.contains("proves nothing"), "{}", platform.observed);
    assert!(platform.observed.contains("Evil[2J Corp"), "{}", platform.observed);
    assert!(!platform.observed.contains("second line"), "{}", platform.observed);
}

#[test]
fn a_machine_that_shows_nothing_is_no_guest() {
    let nothing = signs(&[], &[]);
    assert_eq!(nothing, Signs::default());
    assert_eq!((Platform::of(&nothing), Shown::by(&nothing)), (Platform::NoVm, None));
}

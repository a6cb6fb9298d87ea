//! The configfs-tsm client where the kernel behaves.

use cloister_attestation::evidence::Tee;
use cloister_attestation::snp::{Endorsements, Report, verify};
use cloister_attester::{Attester, AttesterError, Choice, Interface, Options};
use cloister_simulator::Guest;
use cloister_simulator::tsm_fs::{Outcome, Step, TsmFs};

use crate::support::{Kernel, answered, forced_snp, now, pki, report_data, snp, tdx};

const ENXIO: i32 = 6;

#[test]
fn the_provider_decides_which_tee_this_is() {
    for (guest, tee, forced) in [
        (snp(), Tee::Snp, Choice::Snp(Interface::Auto)),
        (tdx(), Tee::Tdx, Choice::Tdx(Interface::Auto)),
    ] {
        let Some(kernel) = Kernel::mount(TsmFs::new(guest)) else { return };
        for choice in [Choice::Auto, forced] {
            let attester = Attester::open(&kernel.options(choice)).unwrap();
            assert_eq!(attester.tee(), tee);
            assert!(!attester.simulated() && attester.description().contains("configfs-tsm"));
            let collected = attester.collect(&report_data(1)).unwrap();
            assert_eq!(answered(&collected), report_data(1));
            assert_eq!(collected.certificates.is_some(), tee == Tee::Snp);
        }
        assert_eq!(kernel.entries(), 0, "entries stay behind");
    }
}

#[test]
fn the_auxiliary_blob_is_the_hosts_certificate_table() {
    let Some(kernel) = Kernel::mount(TsmFs::new(snp())) else { return };
    let collected = kernel.attester().collect(&report_data(1)).unwrap();
    let table = Endorsements::from_certificate_table(&collected.certificates.unwrap()).unwrap();
    let report = Report::parse(&collected.hardware).unwrap();
    let Guest::Snp(guest) = snp() else { panic!("an SNP guest") };
    let endorsements = Endorsements { crl: Some(guest.crl()), ..table };
    assert!(verify(report, &endorsements, &pki().anchors(), now()).is_ok());
}

#[test]
fn another_provider_than_asked_for_is_refused() {
    let Some(kernel) = Kernel::mount(TsmFs::new(snp())) else { return };
    for interface in [Interface::Auto, Interface::Configfs] {
        let error = Attester::open(&kernel.options(Choice::Tdx(interface))).unwrap_err();
        assert!(matches!(error, AttesterError::Provider { .. }), "{error}");
    }
    assert_eq!(kernel.entries(), 0);
}

#[test]
fn an_unknown_provider_is_refused_rather_than_guessed() {
    for name in ["arm_cca_guest", "sev_guest2", "", "SEV_GUEST"] {
        let Some(kernel) = Kernel::mount(TsmFs::new(snp()).with_provider(name)) else { return };
        for choice in [Choice::Auto, forced_snp()] {
            let error = Attester::open(&kernel.options(choice)).unwrap_err();
            assert!(matches!(error, AttesterError::Provider { .. }), "{name}: {error}");
        }
    }
}

#[test]
fn the_privilege_level_that_is_asked_for_is_in_the_report() {
    let Some(kernel) = Kernel::mount(TsmFs::new(snp()).with_privilege_floor(1)) else { return };
    for level in 1..=3 {
        let options = Options { privilege_level: Some(level), ..kernel.options(Choice::Auto) };
        let collected = Attester::open(&options).unwrap().collect(&report_data(1)).unwrap();
        assert_eq!(Report::parse(&collected.hardware).unwrap().vmpl(), u32::from(level));
    }
}

#[test]
fn a_privilege_level_out_of_range_is_refused_with_the_floor() {
    let Some(kernel) = Kernel::mount(TsmFs::new(snp()).with_privilege_floor(2)) else { return };
    for level in [0, 1, 4] {
        let options = Options { privilege_level: Some(level), ..kernel.options(Choice::Auto) };
        let error = Attester::open(&options).unwrap().collect(&report_data(1)).unwrap_err();
        let AttesterError::PrivilegeLevel { floor, .. } = error else { panic!("{error}") };
        assert_eq!(floor, "2");
    }
    assert_eq!(kernel.entries(), 0, "entries stay behind");
}

#[test]
fn tdx_has_no_privilege_levels() {
    let Some(kernel) = Kernel::mount(TsmFs::new(tdx())) else { return };
    let options = Options { privilege_level: Some(0), ..kernel.options(Choice::Auto) };
    let error = Attester::open(&options).unwrap().collect(&report_data(1)).unwrap_err();
    assert!(matches!(error, AttesterError::PrivilegeLevel { .. }), "{error}");
}

#[test]
fn a_kernel_without_a_provider_is_a_machine_without_a_tee() {
    let no_provider =
        |step| if step == Step::Make { Outcome::Fail(ENXIO) } else { Outcome::Proceed };
    let Some(kernel) = Kernel::mount(TsmFs::new(snp()).with_script(no_provider)) else { return };
    let error = Attester::open(&kernel.options(forced_snp())).unwrap_err();
    assert!(matches!(error, AttesterError::Unavailable { .. }), "{error}");
}

#[test]
fn names_that_are_taken_are_passed_over() {
    let Some(kernel) = Kernel::mount(TsmFs::new(snp())) else { return };
    let taken = 20;
    for number in 0..taken {
        let name = format!("cloister-{}-{number}", std::process::id());
        std::fs::create_dir(kernel.path().join(name)).unwrap();
    }
    assert!(kernel.attester().collect(&report_data(1)).is_ok());
    assert_eq!(kernel.entries(), taken);
}

/// The kernel's rules, asked for directly: what the client relies on is really there.
#[test]
fn the_stand_in_has_the_kernels_rules() {
    let Some(kernel) = Kernel::mount(TsmFs::new(snp())) else { return };
    let entry = kernel.path().join("direct");
    std::fs::create_dir(&entry).unwrap();
    let errno = |outcome: std::io::Result<()>| outcome.unwrap_err().raw_os_error();
    let read = |name: &str| std::fs::read(entry.join(name)).map(drop);
    let write = |name: &str, bytes: &[u8]| std::fs::write(entry.join(name), bytes);
    assert_eq!(errno(read("outblob")), Some(22), "EINVAL before inblob");
    assert_eq!(errno(write("inblob", &[0; 65])), Some(27), "EFBIG");
    assert_eq!(errno(read("inblob")), Some(13), "EACCES");
    assert_eq!(errno(write("outblob", &[0])), Some(13), "EACCES");
    assert_eq!(errno(std::fs::create_dir(entry.join("nested"))), Some(1), "EPERM");
    write("inblob", &[0; 63]).unwrap();
    assert_eq!(errno(read("outblob")), Some(22), "EINVAL for 63 bytes");
    write("inblob", &[0; 64]).unwrap();
    assert_eq!(std::fs::read(entry.join("outblob")).unwrap().len(), 1184);
    assert_eq!(std::fs::read_to_string(entry.join("generation")).unwrap(), "2\n");
    std::fs::remove_dir(&entry).unwrap();
    assert_eq!(kernel.entries(), 0);
}

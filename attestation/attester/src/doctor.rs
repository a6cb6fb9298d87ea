//! What `cloister doctor` says about collecting Evidence on this machine.

use cloister_attestation::bytes::ReportData;
use cloister_attestation::check::Check;
use cloister_attestation::code::Diagnostic;

use crate::attester::Attester;
use crate::choice::{Choice, Options};
use crate::error::AttesterError;
use crate::machine::{Machine, present};
use crate::tpm::Device;
use crate::vtpm::{Found, look};
use crate::{codes, tsm};

/// Looks at everything that collecting depends on, and collects once: which platform this is by what
/// it says of itself, the kernel's interfaces, and last the attempt.
///
/// Nothing here changes the machine, apart from an entry under configfs-tsm that is made and
/// removed. The Evidence that is collected over zeroes is thrown away.
#[must_use]
pub fn findings(options: &Options) -> Vec<Check> {
    let machine = Machine::new(options);
    let mut findings = Vec::new();
    if !matches!(options.choice, Choice::Simulator(_)) {
        findings.extend(crate::platform::look());
        findings.push(configfs(&machine));
        findings.push(entry(&machine));
        findings.push(devices(&machine));
        findings.push(vtpm(&machine, &options.choice));
    }
    findings.push(collection(options));
    findings
}

fn configfs(machine: &Machine) -> Check {
    let found = machine.tsm_root.is_dir();
    let observed = if found { "present" } else { "absent" };
    Check::decided(&codes::DOCTOR_TSM, found, machine.tsm_root.display(), observed)
}

fn entry(machine: &Machine) -> Check {
    let expected = "an entry with provider sev_guest or tdx_guest";
    match tsm::provider(&machine.tsm_root) {
        Ok(name) => {
            let known = tsm::tee_of(&name).is_some();
            Check::decided(&codes::DOCTOR_ENTRY, known, expected, format!("provider {name}"))
        }
        Err(error) => Check::decided(&codes::DOCTOR_ENTRY, false, expected, error),
    }
}

fn devices(machine: &Machine) -> Check {
    let states = [&machine.sev_guest, &machine.tdx_guest].map(|device| {
        let state = match present(device) {
            Ok(true) => "present",
            Ok(false) => "absent",
            Err(_) => "not permitted",
        };
        format!("{} {state}", device.display())
    });
    let [sev, tdx] = &states;
    Check::not_asserted(&codes::DOCTOR_DEVICE, format!("{sev}, {tdx}"))
}

/// Every machine without a paravisor is right to have none, unless it was asked for.
fn vtpm(machine: &Machine, choice: &Choice) -> Check {
    let device = machine.tpm.display();
    let expected = format!("{device} with a paravisor's report");
    match look(&Device::new(&machine.tpm)) {
        Found::Report => Check::met(&codes::DOCTOR_VTPM, expected),
        Found::Other(found) => {
            let observed = format!("{device}: {found}");
            match choice {
                Choice::AzureVtpm => Check::decided(&codes::DOCTOR_VTPM, false, expected, observed),
                Choice::Auto | Choice::Snp(_) | Choice::Tdx(_) | Choice::Simulator(_) => {
                    Check::not_asserted(&codes::DOCTOR_VTPM, observed)
                }
            }
        }
    }
}

fn collection(options: &Options) -> Check {
    let expected = "Evidence over zeroes";
    match try_once(options) {
        Ok(observed) => Check::decided(&codes::DOCTOR_COLLECT, true, expected, observed),
        Err(error) => {
            let observed = format!("{}: {error}. {}", error.code(), error.remedy());
            Check::decided(&codes::DOCTOR_COLLECT, false, expected, observed)
        }
    }
}

fn try_once(options: &Options) -> Result<String, AttesterError> {
    let attester = Attester::open(options)?;
    let collected = attester.collect(&ReportData::new([0; ReportData::LEN]))?;
    Ok(format!("{} bytes from {}", collected.hardware.len(), attester.description()))
}

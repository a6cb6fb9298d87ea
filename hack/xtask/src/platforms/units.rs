//! The units that run the scripts.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::examined::Examined;
use super::launch::TEES;
use crate::process;

/// Where the units expect the scripts.
const INSTALLED: &str = "/usr/libexec/cloister";

/// Settings without which a unit would give QEMU more than it needs.
const CONFINED: &[&str] = &[
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "DevicePolicy=closed",
    "User=cloister-guest",
];

/// Checks both units, by systemd's own word where it is installed.
pub(super) fn check(folder: &Path) -> Result<Examined> {
    let mut examined = Examined::default();
    for tee in TEES {
        let name = format!("cloister-{tee}@.service");
        let unit = std::fs::read_to_string(folder.join(&name)).context(name.clone())?;
        let problems = problems(&unit, tee);
        let problems = problems.into_iter().map(|problem| format!("{name}: {problem}")).collect();
        examined.add(Examined::checked(format!("{name}: confined"), problems));
        examined.add(verified(folder, &name, &unit)?);
    }
    Ok(examined)
}

fn problems(unit: &str, tee: &str) -> Vec<String> {
    let has = |setting: &str| unit.lines().any(|line| line == setting);
    let mut problems: Vec<String> =
        CONFINED.iter().filter(|s| !has(s)).map(|s| format!("`{s}` is not there")).collect();
    let program = format!("ExecStart={INSTALLED}/{tee}.sh ");
    if !unit.lines().any(|line| line.starts_with(&program)) {
        problems.push(format!("it does not run {INSTALLED}/{tee}.sh"));
    }
    problems
}

/// In a copy whose scripts are where they are in the workspace: the check asks for them.
fn verified(folder: &Path, name: &str, unit: &str) -> Result<Examined> {
    let scripts = folder.to_str().context("the workspace's folder is not UTF-8")?;
    let copy = tempfile::tempdir()?;
    let path = copy.path().join(name);
    std::fs::write(&path, unit.replace(INSTALLED, scripts))?;
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no"]).arg(&path);
    Ok(match process::attempt(&mut command, "")? {
        None => Examined::skipped(format!("{name}: systemd-analyze is not installed")),
        Some(attempt) => {
            // It also reads the machine's own units, whose faults are not ours.
            let stem = name.trim_end_matches(".service").trim_end_matches('@');
            let lines = attempt.text.lines().filter(|line| line.contains(stem));
            let ours: Vec<String> = lines.map(str::to_owned).collect();
            if ours.is_empty() && !attempt.succeeded {
                let why = format!("{name}: systemd-analyze does not work here: {}", attempt.text);
                return Ok(Examined::skipped(why));
            }
            Examined::checked(format!("{name}: systemd-analyze verify"), ours)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{CONFINED, problems};

    #[test]
    fn each_setting_is_wanted() {
        let good = format!("{}\nExecStart=/usr/libexec/cloister/snp.sh a b\n", CONFINED.join("\n"));
        assert_eq!(problems(&good, "snp"), Vec::<String>::new());
        assert_eq!(problems(&good, "tdx").len(), 1);
        for setting in CONFINED {
            let without = good.replace(&format!("{setting}\n"), "\n");
            assert_eq!(problems(&without, "snp"), [format!("`{setting}` is not there")]);
        }
    }
}

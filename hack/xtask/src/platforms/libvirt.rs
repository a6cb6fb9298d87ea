//! The domain descriptions for libvirt.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::examined::Examined;
use super::launch::TEES;
use super::xml::{self, Element};
use crate::process;

/// A guest policy of SEV-SNP: bit 17 has to be set, bit 19 permits debugging.
///
/// SPEC: AMD 56860, guest policy.
const SNP_POLICY: Bits = Bits { set: 1 << 17, clear: 1 << 19 };

/// Attributes of a trust domain: bit 28 is SEPT_VE_DISABLE, bit 0 permits debugging.
///
/// SPEC: Intel TDX Module ABI, ATTRIBUTES.
const TD_ATTRIBUTES: Bits = Bits { set: 1 << 28, clear: 1 };

struct Bits {
    set: u64,
    clear: u64,
}

/// Checks both, against libvirt's schema too where there is one.
pub(super) fn check(folder: &Path, schema: Option<&Path>) -> Result<Examined> {
    let mut examined = Examined::default();
    for tee in TEES {
        let name = format!("{tee}.xml");
        let problems = problems(&read(folder, tee)?, tee);
        let problems = problems.into_iter().map(|problem| format!("{name}: {problem}")).collect();
        examined.add(Examined::checked(format!("{name}: well-formed, no debugging"), problems));
        examined.add(against_schema(&folder.join(&name), &name, schema)?);
    }
    Ok(examined)
}

fn read(folder: &Path, tee: &str) -> Result<Vec<Element>> {
    let path = folder.join(format!("{tee}.xml"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    xml::parse(&text).with_context(|| format!("{}", path.display()))
}

/// What a measurement depends on, under the names that [`super::launch`] uses.
pub(super) fn measured(folder: &Path, tee: &str) -> Result<BTreeMap<&'static str, String>> {
    let domain = read(folder, tee)?;
    let model = text(&domain, "domain/cpu/model");
    let cpu = if model.is_empty() { "host".to_owned() } else { model };
    let mut facts = BTreeMap::from([
        ("memory", text(&domain, "domain/memory")),
        ("vcpus", text(&domain, "domain/vcpu")),
        ("cpu", cpu),
        ("firmware", text(&domain, "domain/os/loader")),
        ("policy", text(&domain, "domain/launchSecurity/policy")),
    ]);
    if tee == "snp" {
        facts.insert("cbitpos", text(&domain, "domain/launchSecurity/cbitpos"));
        let hashes = attribute(&domain, "domain/launchSecurity", "kernelHashes") == "yes";
        facts.insert("kernel hashes", hashes.to_string());
    } else {
        let path = attribute(&domain, "domain/launchSecurity/quoteGenerationService", "path");
        facts.insert("quotes", path);
    }
    Ok(facts)
}

fn problems(domain: &[Element], tee: &str) -> Vec<String> {
    let (kind, bits) = if tee == "snp" { ("sev-snp", SNP_POLICY) } else { ("tdx", TD_ATTRIBUTES) };
    let said = text(domain, "domain/launchSecurity/policy");
    let policy = said.strip_prefix("0x").and_then(|hex| u64::from_str_radix(hex, 16).ok());
    let sound = policy.is_some_and(|p| p & bits.set == bits.set && p & bits.clear == 0);
    let security = attribute(domain, "domain/launchSecurity", "type");
    let rules = [
        (security == kind, format!("launchSecurity is `{security}`, not `{kind}`")),
        (sound, format!("the policy `{said}` permits debugging, or lacks what has to be set")),
        (
            text(domain, "domain/on_reboot") == "destroy",
            "a confidential guest cannot be reset: on_reboot has to be destroy".to_owned(),
        ),
        (
            attribute(domain, "domain/os/loader", "type") == "rom",
            "the firmware of a confidential guest is no flash: the loader has to be of type rom"
                .to_owned(),
        ),
    ];
    rules.into_iter().filter(|(held, _)| !held).map(|(_, problem)| problem).collect()
}

fn text(domain: &[Element], path: &str) -> String {
    domain.iter().find(|element| element.path == path).map_or(String::new(), |e| e.text.clone())
}

fn attribute(domain: &[Element], path: &str, name: &str) -> String {
    let element = domain.iter().find(|element| element.path == path);
    element.and_then(|e| e.attributes.get(name)).cloned().unwrap_or_default()
}

/// A schema that is given decides; without one, libvirt's own program, if it is installed.
fn against_schema(file: &Path, name: &str, schema: Option<&Path>) -> Result<Examined> {
    let what = format!("{name}: libvirt's schema");
    let mut command = match schema {
        Some(schema) => {
            let mut command = Command::new("xmllint");
            command.args(["--noout", "--relaxng"]).arg(schema).arg(file);
            command
        }
        None => {
            let mut command = Command::new("virt-xml-validate");
            command.arg(file).arg("domain");
            command
        }
    };
    let program = command.get_program().display().to_string();
    Ok(match process::attempt(&mut command, "")? {
        None => Examined::skipped(format!("{what}: {program} is not installed")),
        Some(attempt) => {
            let problem = (!attempt.succeeded).then(|| format!("{what}: {}", attempt.text));
            Examined::checked(what, problem.into_iter().collect())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{problems, xml};

    const GOOD: &str = "<domain><os><loader type='rom'>f</loader></os><on_reboot>destroy</on_reboot>\
                        <launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity></domain>";

    fn of(text: &str, tee: &str) -> Vec<String> {
        problems(&xml::parse(text).unwrap(), tee)
    }

    #[test]
    fn each_rule_is_held() {
        assert_eq!(of(GOOD, "snp"), Vec::<String>::new());
        for (from, to) in [
            ("sev-snp", "sev"),
            ("0x30000", "0xb0000"),
            ("0x30000", "0x10000"),
            ("0x30000", "196608"),
            (">destroy", ">restart"),
            ("'rom'", "'pflash'"),
        ] {
            assert_eq!(of(&GOOD.replace(from, to), "snp").len(), 1, "{from} {to}");
        }
        let tdx = GOOD.replace("sev-snp", "tdx").replace("0x30000", "0x10000000");
        assert_eq!(of(&tdx, "tdx"), Vec::<String>::new());
        assert_eq!(of(&tdx.replace("0x10000000", "0x10000001"), "tdx").len(), 1);
    }
}

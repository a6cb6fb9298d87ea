//! The scripts that start QEMU: what they really hand over, and that it is what libvirt would.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::examined::Examined;
use super::libvirt;
use crate::process;

/// The TEEs that there are a script and a domain description for.
pub(super) const TEES: &[&str] = &["snp", "tdx"];

/// A command line that a shell would tear apart, were it not quoted.
const CMDLINE: &str = "init=/init a=\"b c\"  $HOME `id` * 'd' \\ e,f";

/// Prints its arguments, each ended by a NUL.
const STAND_IN: &str = "#!/bin/sh\nprintf '%s\\0' \"$@\"\n";

/// SEPT_VE_DISABLE, bit 28 of a trust domain's attributes.
const SEPT_VE_DISABLE: u64 = 1 << 28;

/// Runs each script with a stand-in for QEMU.
pub(super) fn check(folder: &Path) -> Result<Examined> {
    let mut problems = Vec::new();
    for tee in TEES {
        let launched = Launch::of(folder, tee)?;
        problems.extend(launched.handed_over().into_iter().map(|p| format!("{tee}.sh: {p}")));
        let domain = libvirt::measured(folder, tee)?;
        problems.extend(differences(&launched.measured(tee)?, &domain, tee));
    }
    Ok(Examined::checked("QEMU's command lines hand over the image, as libvirt would", problems))
}

fn differences(
    script: &BTreeMap<&str, String>,
    domain: &BTreeMap<&str, String>,
    tee: &str,
) -> Vec<String> {
    let names = script.keys().chain(domain.keys().filter(|name| !script.contains_key(*name)));
    names
        .filter(|name| script.get(*name) != domain.get(*name))
        .map(|name| {
            let said = |of: &BTreeMap<&str, String>| of.get(name).cloned().unwrap_or_default();
            format!("{name}: `{}` in {tee}.sh, `{}` in {tee}.xml", said(script), said(domain))
        })
        .collect()
}

/// The arguments that a script gave to QEMU.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) arguments: Vec<String>,
    image: String,
}

impl Launch {
    /// Runs the script of `tee` for an image that is made up.
    pub(super) fn of(folder: &Path, tee: &str) -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let stand_in = scratch.path().join("qemu");
        std::fs::write(&stand_in, STAND_IN)?;
        std::fs::set_permissions(&stand_in, std::fs::Permissions::from_mode(0o700))?;
        let image = scratch.path().join("image of one");
        std::fs::create_dir(&image)?;
        std::fs::write(image.join("cmdline"), CMDLINE)?;
        let mut command = Command::new(folder.join(format!("{tee}.sh")));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("QEMU", &stand_in);
        command.arg(&image).arg(image.join("node.toml"));
        let attempt = process::attempt(&mut command, "")?.context("the script cannot be run")?;
        if !attempt.succeeded {
            bail!("{tee}.sh: {}", attempt.text);
        }
        let arguments = attempt.text.split_terminator('\0').map(str::to_owned).collect();
        Ok(Self { arguments, image: image.to_str().context("not UTF-8")?.to_owned() })
    }

    /// What follows `flag`, where it stands first.
    fn after(&self, flag: &str) -> &str {
        let at = self.arguments.iter().position(|argument| argument == flag);
        let next = at.and_then(|at| self.arguments.get(at.saturating_add(1)));
        next.map_or("", String::as_str)
    }

    /// The object that the machine names as its TEE.
    pub(super) fn object(&self) -> Option<&str> {
        let objects = self.arguments.windows(2).filter_map(|pair| match pair {
            [flag, object] if flag == "-object" => Some(object.as_str()),
            _ => None,
        });
        objects.into_iter().find(|object| object.contains("-guest"))
    }

    fn handed_over(&self) -> Vec<String> {
        let image = &self.image;
        let node = format!("name=opt/org.cloister/node.toml,file={image}/node.toml");
        let expected = [
            ("-kernel", format!("{image}/kernel")),
            ("-initrd", format!("{image}/initrd")),
            ("-append", CMDLINE.to_owned()),
            ("-fw_cfg", node),
        ];
        let wrong = expected.iter().filter(|(flag, value)| self.after(flag) != value);
        wrong
            .map(|(flag, value)| format!("{flag} is `{}`, not `{value}`", self.after(flag)))
            .collect()
    }

    /// What a measurement depends on, by name.
    fn measured(&self, tee: &str) -> Result<BTreeMap<&'static str, String>> {
        let object = self.object().context("there is no object of a TEE")?;
        let mut facts = BTreeMap::from([
            ("memory", self.after("-m").trim_end_matches('M').to_owned()),
            ("vcpus", self.after("-smp").to_owned()),
            ("cpu", self.after("-cpu").to_owned()),
            ("firmware", self.after("-bios").to_owned()),
        ]);
        if tee == "snp" {
            let properties: BTreeMap<&str, &str> =
                object.split(',').filter_map(|property| property.split_once('=')).collect();
            let of = |name| properties.get(name).copied().unwrap_or_default();
            facts.insert("policy", of("policy").to_owned());
            facts.insert("cbitpos", of("cbitpos").to_owned());
            facts.insert("kernel hashes", (of("kernel-hashes") == "on").to_string());
        } else {
            let object: Value = serde_json::from_str(object).context("the object is no JSON")?;
            let disabled = object.get("sept-ve-disable") == Some(&Value::Bool(true));
            let attributes = if disabled { SEPT_VE_DISABLE } else { 0 };
            facts.insert("policy", format!("{attributes:#x}"));
            let path = object.pointer("/quote-generation-socket/path").and_then(Value::as_str);
            facts.insert("quotes", path.unwrap_or_default().to_owned());
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{CMDLINE, Launch, differences};

    fn launch(arguments: &[&str]) -> Launch {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Launch { arguments, image: "/i".to_owned() }
    }

    #[test]
    fn a_command_line_that_a_shell_tore_apart_is_noticed() {
        let node = "name=opt/org.cloister/node.toml,file=/i/node.toml";
        let whole =
            ["-kernel", "/i/kernel", "-initrd", "/i/initrd", "-append", CMDLINE, "-fw_cfg", node];
        assert_eq!(launch(&whole).handed_over(), Vec::<String>::new());
        let torn = whole.map(|word| if word == CMDLINE { "init=/init" } else { word });
        assert!(launch(&torn).handed_over()[0].starts_with("-append"));
    }

    #[test]
    fn a_policy_that_differs_is_noticed() {
        let object = "sev-snp-guest,id=tee,policy=0xb0000,cbitpos=51,kernel-hashes=on";
        let script = launch(&["-m", "64M", "-object", object]).measured("snp").unwrap();
        assert_eq!((script["policy"].as_str(), script["memory"].as_str()), ("0xb0000", "64"));
        let mut domain = script.clone();
        assert_eq!(differences(&script, &domain, "snp"), Vec::<String>::new());
        domain.insert("policy", "0x30000".to_owned());
        assert_eq!(differences(&script, &domain, "snp").len(), 1);
        assert_eq!(differences(&BTreeMap::new(), &domain, "snp").len(), domain.len());
    }
}

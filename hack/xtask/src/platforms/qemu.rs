//! What a QEMU says to the command lines, without a host that has the TEE.
//!
//! Two questions, since no QEMU starts a confidential guest without KVM: does it take every option
//! once the TEE is left out, and does it take the object of the TEE alone?

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::examined::Examined;
use super::launch::{Launch, TEES};
use crate::process::{self, Attempt};

/// How QEMU says that an object has no such property.
const REFUSALS: &[&str] =
    &["Invalid parameter", "is unexpected", "invalid class name", "not found"];

/// Flags whose values are looked at; those of others stay as they are.
const WITH_VALUE: &[&str] = &[
    "-kernel", "-initrd", "-append", "-bios", "-fw_cfg", "-object", "-machine", "-accel", "-cpu",
    "-netdev", "-chardev",
];

/// Checks both command lines.
pub(super) fn check(folder: &Path, qemu: &Path) -> Result<Examined> {
    let Some(version) = ask(qemu, &["--version"], "")? else {
        return Ok(Examined::skipped(format!(
            "QEMU's own word on the command lines: {} is not installed",
            qemu.display()
        )));
    };
    let version = version.text.lines().next().unwrap_or_default().to_owned();
    let mut examined = Examined::default();
    for tee in TEES {
        let launch = Launch::of(folder, tee)?;
        examined.add(options(tee, &launch, qemu, &version)?);
        examined.add(object(tee, &launch, qemu, &version)?);
    }
    Ok(examined)
}

/// Starts the machine without its TEE, paused, and lets it end at once.
fn options(tee: &str, launch: &Launch, qemu: &Path, version: &str) -> Result<Examined> {
    let mut arguments = without_tee(&launch.arguments);
    arguments.extend(["-S", "-monitor", "stdio"].map(str::to_owned));
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let attempt = ask(qemu, &words, "quit\n")?.context("QEMU is gone")?;
    let problem = (!attempt.succeeded).then(|| format!("{tee}.sh: {version}: {}", attempt.text));
    Ok(Examined::checked(
        format!("{tee}.sh: every option but the TEE's is taken by {version}"),
        problem.into_iter().collect(),
    ))
}

/// What takes hardware, files of a real image or a free port is replaced or left out; the rest
/// stays as the script has it.
fn without_tee(arguments: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if !WITH_VALUE.contains(&word.as_str()) {
            kept.push(word.clone());
        } else if let Some(value) = words.next().and_then(|value| replaced(word, value)) {
            kept.extend([word.clone(), value]);
        }
    }
    kept
}

fn replaced(flag: &str, value: &str) -> Option<String> {
    match flag {
        "-kernel" | "-initrd" | "-append" | "-bios" | "-fw_cfg" => None,
        "-object" if value.contains("-guest") => None,
        "-machine" => {
            let tee = |part: &&str| {
                !part.starts_with("confidential-guest-support=")
                    && !part.starts_with("kernel-irqchip=")
            };
            Some(value.split(',').filter(tee).collect::<Vec<_>>().join(","))
        }
        "-accel" => Some("tcg".to_owned()),
        "-cpu" => Some("max".to_owned()),
        "-netdev" => Some("user,id=net".to_owned()),
        "-chardev" => Some("null,id=console".to_owned()),
        _ => Some(value.to_owned()),
    }
}

/// Makes the TEE's object on a machine that is none, and once more with a property that no object
/// has: a QEMU that takes this too would take anything.
fn object(tee: &str, launch: &Launch, qemu: &Path, version: &str) -> Result<Examined> {
    let object = launch.object().context("there is no object of a TEE")?;
    let kind = format!("{tee}-guest");
    let known = ask(qemu, &["-object", "help"], "")?.context("QEMU is gone")?;
    if !known.text.contains(&kind) {
        return Ok(Examined::skipped(format!("{tee}.sh: {version} has no {kind}")));
    }
    let broken = if object.starts_with('{') {
        object.replacen('{', "{\"no-such-property\":true,", 1)
    } else {
        format!("{object},no-such-property=on")
    };
    let taken = refusal(qemu, object)?;
    let noticed = refusal(qemu, &broken)?;
    let problems = match (taken, noticed) {
        (None, Some(_)) => Vec::new(),
        (Some(said), _) => vec![format!("{tee}.sh: {version}: {said}")],
        (None, None) => vec![format!("{tee}.sh: {version} takes a property that does not exist")],
    };
    Ok(Examined::checked(
        format!("{tee}.sh: the object of the TEE is known to {version}"),
        problems,
    ))
}

/// What QEMU has against an object. That it has no KVM, or ends over that, is nothing against it.
fn refusal(qemu: &Path, object: &str) -> Result<Option<String>> {
    let words = [
        "-machine",
        "none",
        "-nodefaults",
        "-display",
        "none",
        "-monitor",
        "stdio",
        "-object",
        object,
    ];
    let Attempt { text, .. } = ask(qemu, &words, "quit\n")?.context("QEMU is gone")?;
    Ok(REFUSALS.iter().any(|words| text.contains(words)).then_some(text))
}

fn ask(qemu: &Path, arguments: &[&str], input: &str) -> Result<Option<Attempt>> {
    process::attempt(Command::new(qemu).args(arguments), input)
}

#[cfg(test)]
mod tests {
    use super::without_tee;

    #[test]
    fn only_what_takes_hardware_or_files_is_left_out() {
        let words = [
            "-accel",
            "kvm",
            "-machine",
            "q35,confidential-guest-support=tee,vmport=off",
            "-object",
            "memory-backend-memfd,id=ram",
            "-object",
            "sev-snp-guest,id=tee",
            "-kernel",
            "k",
            "-append",
            "-S",
            "-device",
            "virtio-net-pci,netdev=net",
            "-no-reboot",
        ];
        let kept = without_tee(&words.map(str::to_owned));
        let expected = [
            "-accel",
            "tcg",
            "-machine",
            "q35,vmport=off",
            "-object",
            "memory-backend-memfd,id=ram",
            "-device",
            "virtio-net-pci,netdev=net",
            "-no-reboot",
        ];
        assert_eq!(kept, expected);
    }
}

//! Running other programs.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The cargo that runs this program, or the one on the path.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Runs to the end and returns what was printed.
pub(crate) fn output(folder: &Path, program: &str, args: &[&str]) -> Result<String> {
    let done = Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    if !done.status.success() {
        bail!(
            "{program} {}: {}: {}",
            args.join(" "),
            done.status,
            String::from_utf8_lossy(&done.stderr).trim()
        );
    }
    String::from_utf8(done.stdout)
        .with_context(|| format!("{program} printed something that is not UTF-8"))
}

/// Runs to the end with everything printed going to `log`; whether it succeeded.
pub(crate) fn logged(command: &mut Command, log: &Path) -> Result<bool> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    Ok(status.success())
}

/// Runs to the end with progress going to the person who watches.
pub(crate) fn watched(command: &mut Command) -> Result<bool> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    Ok(status.success())
}

/// How a program ended that was only asked something.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) succeeded: bool,
    /// What it printed on either output.
    pub(crate) text: String,
}

/// How long a program that is only asked something may take.
const ATTEMPT_MAX: Duration = Duration::from_secs(60);

/// Runs to the end with `input`; `None` if there is no such program.
pub(crate) fn attempt(command: &mut Command, input: &str) -> Result<Option<Attempt>> {
    let mut printed = tempfile::tempfile()?;
    command.stdin(Stdio::piped()).stdout(printed.try_clone()?).stderr(printed.try_clone()?);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(format!("{}", command.get_program().display())),
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A program that reads nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes());
    }
    let deadline = Instant::now() + ATTEMPT_MAX;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
            None => {
                child.kill()?;
                break child.wait()?;
            }
        }
    };
    let mut bytes = Vec::new();
    printed.rewind()?;
    printed.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    Ok(Some(Attempt { succeeded: status.success(), text }))
}

/// Whether a cargo subcommand is installed.
pub(crate) fn has_cargo(folder: &Path, subcommand: &str) -> bool {
    output(folder, &cargo(), &[subcommand, "--version"]).is_ok()
}

//! `cloister image build`: an agent's folder in, a measured image out.

use core::fmt::Write as _;
use std::path::PathBuf;

use cloister_image::build::{Build, BuildError};
use cloister_image::folder::Description;
use cloister_image::packages::Cache;
use serde_json::json;

use super::lock;
use super::progress::Bars;
use crate::answer::{Answer, Exit};
use crate::arguments::BuildArguments;
use crate::text::table;

/// The runtime's name, where it is looked for beside this program.
const RUNTIME: &str = "cloisterd";
/// Digits of a digest that a table shows; `--json` and image.json have all of them.
const DIGITS_SHOWN: usize = 16;

pub(super) fn run(arguments: &BuildArguments) -> Answer {
    match built(arguments) {
        Ok(description) => answer(arguments, &description),
        Err(error) => Answer::error(Exit::Misuse, &error),
    }
}

fn built(arguments: &BuildArguments) -> Result<Description, BuildError> {
    let cache = Cache::new(lock::cache_folder(&arguments.from)?, lock::lock(&arguments.from)?);
    let runtime = arguments.runtime.clone().unwrap_or_else(beside);
    let bars = Bars::new();
    let mut build =
        Build::new(arguments.agent.clone(), arguments.out.clone(), runtime, &cache, &bars);
    build.disk = arguments.disk;
    build.run()
}

/// The runtime beside this program.
fn beside() -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|own| Some(own.parent()?.join(RUNTIME)))
        .unwrap_or_else(|| RUNTIME.into())
}

fn answer(arguments: &BuildArguments, description: &Description) -> Answer {
    let Description { name, version, agent, .. } = description;
    let rows = description.outputs.iter().map(|output| {
        let digest: String = output.sha256.to_string().chars().take(DIGITS_SHOWN).collect();
        [output.file.clone(), size(output.bytes), digest]
    });
    let mut text = format!("{name} {version}, agent {agent}\n\n");
    text.push_str(&table(["file", "size", "sha256"], rows));
    // Writing to a string does not fail.
    let _infallible = write!(
        text,
        "\nmanifest {}\nwritten to {}\n",
        description.manifest.sha384,
        arguments.out.display()
    );
    let json = json!({ "folder": arguments.out, "image": description });
    Answer { exit: Exit::Acceptable, text, json }
}

/// In units of 1,024 bytes, with one digit behind the point.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes.saturating_mul(10) / 1024;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = next;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_in_the_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1024 * 1024 - 1, "1023.9 KiB"),
            (11_614_144, "11.0 MiB"),
            (3 << 30, "3.0 GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}

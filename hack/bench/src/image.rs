//! What a measured image costs: its size, and the time to build it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cloister_image::build::Build;
use cloister_image::folder::{INITRD, ImageFolder, KERNEL};
use cloister_image::lz4;
use cloister_image::packages::{Cache, Lock};
use cloister_image::progress::Silent;

use crate::timing::{Effort, Measured, Turn, timed, turns_of};

/// What `cargo xtask guest` writes.
const RUNTIME: &str = "cloisterd";
const AGENT: &str = "cloister-small-agent";

/// A build takes seconds.
const EFFORT: Effort = Effort { warm_up: 1, pairs_min: 5 };

const AGENT_TOML: &str = r#"
trust_domain = "example.org"
policy = "policy.cedar"

[agent]
name = "sample"
principal = "example.org"

[image]
name = "sample"
version = "1.0.0"

[verifier]
trust_root_pem = """
-----BEGIN CERTIFICATE-----
MAA=
-----END CERTIFICATE-----
"""

[peers]
anchors = "vendor"

[workload]
command = ["/usr/bin/sample"]
a2a_port = 9000

[build]
kind = "static"
"#;

/// An agent's folder with the small agent, and what it is built with.
struct Sample {
    folder: tempfile::TempDir,
    cache: Cache,
    runtime: PathBuf,
}

impl Sample {
    fn make() -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir()?;
        let agent = folder.path().join("agent");
        fs::create_dir_all(agent.join("root/usr/bin"))?;
        fs::write(agent.join("agent.toml"), AGENT_TOML)?;
        fs::write(agent.join("policy.cedar"), "permit(principal, action, resource);\n")?;
        fs::copy(programs.join(AGENT), agent.join("root/usr/bin/sample"))
            .context("`cargo xtask guest` builds the small agent")?;
        let cache = Cache::new(Cache::default_folder()?, Lock::built_in()?);
        Ok(Self { folder, cache, runtime: programs.join(RUNTIME) })
    }

    fn build(&self) -> Result<PathBuf> {
        let out = self.folder.path().join("image");
        let agent = self.folder.path().join("agent");
        Build::new(agent, out.clone(), self.runtime.clone(), &self.cache, &Silent).run()?;
        Ok(out)
    }
}

/// Beside the folder of the build that this program belongs to.
fn programs() -> Result<PathBuf> {
    let own = env::current_exe()?;
    let target = own.ancestors().nth(2).context("this program is in no target folder")?;
    Ok(target.join("guest"))
}

/// Kernel and initrd with a static Rust agent.
pub(crate) fn size() -> Result<Measured> {
    let sample = Sample::make()?;
    let image = ImageFolder::open(&sample.build()?)?;
    let outputs = &image.description().outputs;
    let counted = outputs.iter().filter(|output| [KERNEL, INITRD].contains(&output.file.as_str()));
    let bytes = u32::try_from(counted.map(|output| output.bytes).sum::<u64>())?;
    Ok(Measured::size(
        f64::from(bytes),
        1024.0 * 1024.0,
        "kernel and initrd, small agent".to_owned(),
    ))
}

/// A build with all packages in the cache, over what it cannot do without: copying the kernel twice
/// and the initrd twice, which the unified image has once more, and compressing the same archive.
pub(crate) fn build() -> Result<Measured> {
    let sample = Sample::make()?;
    let image = ImageFolder::open(&sample.build()?)?;
    let archive = lz4::decompress(&image.read(INITRD)?)?;
    let kernel = image.path(KERNEL)?;
    let copies = sample.folder.path().join("copies");
    fs::create_dir_all(&copies)?;
    let input = "small agent, packages cached".to_owned();
    turns_of(EFFORT, Turn::ratio, input, || {
        let own = timed(&mut || sample.build().map(drop))?;
        let reference = timed(&mut || reference(&kernel, &archive, &copies))?;
        Ok(Turn { own, reference })
    })
}

fn reference(kernel: &Path, archive: &[u8], copies: &Path) -> Result<()> {
    let initrd = lz4::compress(archive, &Silent);
    for copy in ["1", "2"] {
        fs::copy(kernel, copies.join(format!("kernel.{copy}")))?;
        fs::write(copies.join(format!("initrd.{copy}")), &initrd)?;
    }
    Ok(())
}

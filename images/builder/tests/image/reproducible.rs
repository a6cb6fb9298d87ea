//! Whole builds, from packages of the lock file: the same bytes, and the right ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cloister_image::build::{Build, BuildError};
use cloister_image::folder::{Description, ImageFolder};
use cloister_image::lz4;
use cloister_image::packages::{Cache, Lock};
use cloister_image::pe::Pe;
use cloister_image::progress::Silent;

use crate::agents::{FILES, write};
use crate::packages::unpacked;

/// Answers as the runtime does, and refuses where the policy is not there to be read. It is linked
/// statically, as a runtime has to be; the sample agent of these tests is the same program.
const PROGRAM: &str = r#"
#include <stdio.h>
#include <string.h>
int main(int count, char **words) {
    char path[4096];
    if (count != 3 || strcmp(words[1], "--declare")) return 1;
    snprintf(path, sizeof path, "%s/etc/cloister/policy.cedar", words[2]);
    if (!fopen(path, "r")) { fprintf(stderr, "error: no %s\n", path); return 1; }
    puts("{\"format\":\"cloister/declared/1\",\"name\":\"translator\",\"version\":\"1.0.0\","
         "\"agent\":\"translator\",\"manifest\":\"a0\",\"manifest_sha384\":\"DIGEST\"}");
    return 0;
}
"#;

/// The program, compiled; a printed line, if this machine cannot.
fn program(folder: &Path) -> Option<PathBuf> {
    let digest = cloister_attestation::bytes::Digest48::sha384(&[0xa0]).to_string();
    let (source, program) = (folder.join("program.c"), folder.join("program"));
    fs::write(&source, PROGRAM.replace("DIGEST", &digest)).unwrap();
    let compiled = Command::new("cc").arg("-static").arg(&source).arg("-o").arg(&program).output();
    if compiled.is_ok_and(|compiled| compiled.status.success()) {
        return Some(program);
    }
    eprintln!("skipped: no static program can be compiled here");
    None
}

struct Bench {
    folder: tempfile::TempDir,
    program: PathBuf,
    cache: Cache,
}

impl Bench {
    fn new() -> Option<Self> {
        unpacked("kernel").and_then(|_| unpacked("stub"))?;
        let folder = tempfile::tempdir().unwrap();
        let program = program(folder.path())?;
        let cache = Cache::new(Cache::default_folder().unwrap(), Lock::built_in().unwrap());
        Some(Self { folder, program, cache })
    }

    /// An agent's folder with this name, its files written in this order.
    fn agent(&self, name: &str, files: &[&str]) -> PathBuf {
        let agent = self.folder.path().join(name);
        write(&agent, files);
        fs::copy(&self.program, agent.join("root/usr/bin/agent")).unwrap();
        agent
    }

    fn build(&self, agent: &Path, out: &str) -> Result<(PathBuf, Description), BuildError> {
        let out = self.folder.path().join(out);
        let runtime = self.program.clone();
        let mut build = Build::new(agent.to_owned(), out.clone(), runtime, &self.cache, &Silent);
        build.disk = true;
        build.run().map(|description| (out, description))
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn two_builds_from_folders_that_differ_in_all_but_content_are_the_same_in_every_byte() {
    let Some(bench) = Bench::new() else { return };
    let mut reversed = FILES;
    reversed.reverse();
    let (one, two) = (bench.agent("one", &FILES), bench.agent("two/below", &reversed));
    let (first, description) = bench.build(&one, "first").unwrap();
    let (second, _) = bench.build(&two, "another name").unwrap();
    let (first_files, second_files) = (files(&first), files(&second));
    let names: Vec<_> = first_files.keys().map(String::as_str).collect();
    let expected = [
        "cmdline",
        "disk.img",
        "image.efi",
        "image.json",
        "initrd",
        "kernel",
        "manifest.cbor",
        "provenance.intoto.json",
        "sbom.spdx.json",
    ];
    assert_eq!(names, expected);
    for (name, bytes) in &first_files {
        assert!(second_files[name] == *bytes, "{name} differs");
    }
    assert_eq!(description.outputs.len(), names.len() - 1);
    let own = bench.folder.path().to_str().unwrap();
    for name in ["image.json", "sbom.spdx.json", "provenance.intoto.json"] {
        assert!(!String::from_utf8_lossy(&first_files[name]).contains(own), "{name}");
    }
}

#[test]
fn the_unified_image_carries_what_lies_beside_it_and_modules_come_with_what_they_need() {
    let Some(bench) = Bench::new() else { return };
    let (out, _) = bench.build(&bench.agent("agent", &FILES), "image").unwrap();
    let image = ImageFolder::open(&out).unwrap();
    let uki = image.read("image.efi").unwrap();
    let pe = Pe::parse(&uki).unwrap();
    let section = |name: &str| pe.section(name).unwrap().data(&uki).unwrap();
    assert!(section(".linux") == image.read("kernel").unwrap());
    assert!(section(".initrd") == image.read("initrd").unwrap());
    assert_eq!(section(".cmdline"), image.cmdline().unwrap().as_bytes());
    assert_eq!(image.read("manifest.cbor").unwrap(), [0xa0]);

    let archive = lz4::decompress(&image.read("initrd").unwrap()).unwrap();
    let text = String::from_utf8_lossy(&archive);
    let at = |module: &str| text.find(&format!("/lib/modules/{module}.ko\n")).unwrap();
    assert!(at("failover") < at("net_failover") && at("net_failover") < at("virtio_net"));
    assert!(
        at("configfs") < at("tsm") && at("tsm") < at("sev_guest") && at("tsm") < at("tdx_guest")
    );
}

#[test]
fn what_the_runtime_refuses_is_not_built_and_nothing_else_is_replaced() {
    let Some(bench) = Bench::new() else { return };
    let agent = bench.agent("agent", &FILES);
    let (out, _) = bench.build(&agent, "image").unwrap();
    // Over an image another is written; over anything else none.
    bench.build(&agent, "image").unwrap();
    let mine = bench.folder.path().join("mine");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("thesis"), "x").unwrap();
    assert!(matches!(bench.build(&agent, "mine"), Err(BuildError::Occupied(_))));

    let toml = fs::read_to_string(agent.join("agent.toml")).unwrap();
    fs::write(agent.join("agent.toml"), toml.replace("policy = \"policy.cedar\"", "")).unwrap();
    let error = bench.build(&agent, "image").unwrap_err();
    assert!(error.to_string().contains("/etc/cloister/policy.cedar"), "{error}");
    assert!(!error.to_string().contains(out.to_str().unwrap()), "{error}");
    assert!(ImageFolder::open(&out).is_err());
}

//! `cloister image build` and `lock`, as far as they need no package.

use std::fs;

use crate::program::cloister;

#[test]
fn the_lock_lists_its_groups_within_eighty_columns() {
    let run = cloister(["image", "lock"]);
    assert_eq!(run.exit, 0, "{}", run.stderr);
    for group in ["kernel", "stub", "python", "qemu-system-x86"] {
        assert!(
            run.stdout.lines().any(|line| line.trim_start().starts_with(group)),
            "{group}: {}",
            run.stdout
        );
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    let json = cloister(["image", "lock", "--json"]).json();
    let packages = json["lock"]["package"].as_array().unwrap();
    assert!(packages.iter().all(|package| package["sha256"].as_str().unwrap().len() == 64));
}

#[test]
fn what_stands_in_the_way_of_a_build_is_told_with_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let build = |agent: &str| {
        let run = cloister([
            "image",
            "build",
            &at(agent),
            "--out",
            &at("out"),
            "--cache",
            &at("cache"),
            "--json",
        ]);
        assert_eq!(run.exit, 1, "{}", run.stdout);
        run.json()["error"]["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(build("nowhere"), "image.file.read");
    fs::create_dir(at("agent")).unwrap();
    fs::write(at("agent/agent.toml"), "[workload]\ncommand = [\"/agent\"]\n").unwrap();
    assert_eq!(build("agent"), "image.agent");
    // The runtime beside the program is not linked statically, as tests are built.
    fs::write(
        at("agent/agent.toml"),
        "build = { kind = \"static\" }\nworkload = { command = [\"/agent\"] }\n",
    )
    .unwrap();
    let id = build("agent");
    assert!(["image.runtime", "image.file.read"].contains(&id.as_str()), "{id}");
    assert!(!folder.path().join("out").exists() && !folder.path().join("cache").exists());

    fs::write(at("lock"), "format = \"cloister/packages-lock/9\"\n").unwrap();
    let run = cloister(["image", "lock", "--lock", &at("lock")]);
    assert_eq!(run.exit, 1);
    assert!(run.stderr.contains("image.packages.malformed"), "{}", run.stderr);
}

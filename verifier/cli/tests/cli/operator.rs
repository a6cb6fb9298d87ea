//! Operator commands against a stand-in Verifier.

use std::path::PathBuf;

use cloister_attestation::policy::Policy;
use serde_json::json;
use tempfile::TempDir;

use crate::program::{Run, cloister, command, finish};
use crate::simulated::{image, references};
use crate::verifier::{StandIn, TOKEN};

/// A stand-in, and the files that an operator has for it.
pub(crate) struct Desk {
    folder: TempDir,
    pub(crate) verifier: StandIn,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let verifier = StandIn::start(&folder.path().join("trust.pem"));
        std::fs::write(folder.path().join("operator.token"), TOKEN).unwrap();
        let values = serde_json::to_vec(&references(&image())).unwrap();
        std::fs::write(folder.path().join("image.json"), values).unwrap();
        Self { folder, verifier }
    }

    /// A policy file.
    fn policy(&self) -> PathBuf {
        let path = self.path("policy.toml");
        std::fs::write(&path, Policy::strict().to_toml().unwrap()).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let (ca, token) = (self.path("trust.pem"), self.path("operator.token"));
        let connection =
            ["--verifier", &self.verifier.address, "--ca", ca.to_str().unwrap(), "--token-file"];
        cloister(words.iter().chain(&connection).chain(&[token.to_str().unwrap()]))
    }

    pub(crate) fn asked(&self) -> Vec<&'static str> {
        self.verifier.asked.lock().unwrap().iter().map(|(method, _)| *method).collect()
    }
}

#[test]
fn every_command_calls_its_method_with_the_token() {
    let desk = Desk::new();
    let file = desk.path("image.json");
    let policy = desk.policy();
    for (words, methods) in [
        (vec!["image", "admit", file.to_str().unwrap()], vec!["admit_image"]),
        (vec!["image", "list"], vec!["list_images"]),
        (vec!["image", "retire", "abab"], vec!["list_images", "retire_image"]),
        (vec!["agents", "list"], vec!["list_agents"]),
        (vec!["agents", "quarantine", "translator", "--reason", "test"], vec!["quarantine_agent"]),
        (vec!["agents", "lift", "translator"], vec!["lift_quarantine"]),
        (vec!["agents", "retire", "translator"], vec!["retire_agent"]),
        (vec!["keys", "list"], vec!["list_keys"]),
        (vec!["policy", "history"], vec!["list_policies"]),
        (vec!["policy", "apply", policy.to_str().unwrap()], vec!["apply_policy"]),
        (vec!["fleet", "checkpoints"], vec!["list_checkpoints"]),
        (vec!["fleet", "reattest"], vec!["reattest"]),
        (vec!["fleet", "reattest", "--all"], vec!["reattest"]),
    ] {
        desk.verifier.asked.lock().unwrap().clear();
        let run = desk.run(&words);
        assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{words:?}");
        assert!(!run.stdout.is_empty() && !run.stdout.contains(TOKEN));
        assert_eq!(desk.asked(), methods, "{words:?}");
    }
    let run = desk.run(&["image", "list", "--json"]);
    assert_eq!(run.json()["images"][0]["state"], "admitted");
    let run = desk.run(&["agents", "quarantine", "translator", "--reason", "test", "--json"]);
    assert_eq!(run.json()["revoked_instances"], 2);
}

#[test]
fn what_the_verifier_refuses_is_two_with_its_own_words() {
    let desk = Desk::new();
    let run = desk.run(&["agents", "show", "nobody", "--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &json!("cli.verifier.refused")));
    assert!(run.stdout.contains("no agent is called nobody"));
    std::fs::write(desk.path("operator.token"), "another-token").unwrap();
    let run = desk.run(&["agents", "list"]);
    assert_eq!(run.exit, 2);
    assert!(!run.stdout.contains("another-token") && !run.stderr.contains("another-token"));
}

#[test]
fn the_token_is_not_sent_to_a_verifier_whose_authority_is_not_the_pinned_one() {
    let (desk, other) = (Desk::new(), Desk::new());
    std::fs::copy(other.path("trust.pem"), desk.path("trust.pem")).unwrap();
    let run = desk.run(&["agents", "list", "--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (3, &json!("cli.verifier.unreachable")));
    assert!(run.stdout.contains("invalid peer certificate"), "{}", run.stdout);
    assert_eq!(desk.asked(), Vec::<&str>::new());
}

#[test]
fn a_verifier_that_is_not_there_is_no_conclusion() {
    let mut desk = Desk::new();
    // Bound and dropped: nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    desk.verifier.address = format!("https://{free}");
    assert_eq!(desk.run(&["image", "list"]).exit, 3);
}

#[test]
fn settings_that_cannot_be_used_are_misuse_before_anything_is_sent() {
    let desk = Desk::new();
    let run = cloister(["image", "list", "--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("cli.settings")));
    std::fs::write(desk.path("trust.pem"), "no certificate").unwrap();
    let run = desk.run(&["image", "list", "--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("cli.trust")));
    assert_eq!(desk.asked(), Vec::<&str>::new());
}

#[test]
fn reference_values_that_do_not_read_are_refused_here() {
    let desk = Desk::new();
    std::fs::write(desk.path("image.json"), "{\"image\": \"a\"}").unwrap();
    let run = desk.run(&["image", "admit", desk.path("image.json").to_str().unwrap(), "--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("reference.malformed")));
    assert_eq!(desk.asked(), Vec::<&str>::new());
}

#[test]
fn the_settings_file_of_the_user_is_found() {
    let desk = Desk::new();
    let folder = desk.path("cloister");
    std::fs::create_dir(&folder).unwrap();
    let text = format!(
        "verifier = \"{}\"\nca = \"../trust.pem\"\ntoken_file = \"../operator.token\"\n",
        desk.verifier.address
    );
    std::fs::write(folder.join("config.toml"), text).unwrap();
    let run = finish(command().args(["agents", "list"]).env("XDG_CONFIG_HOME", desk.folder.path()));
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""));
    assert_eq!(desk.asked(), ["list_agents"]);
}

#[test]
fn keys_are_listed_with_what_each_is_for() {
    let desk = Desk::new();
    let run = desk.run(&["keys", "list"]);
    for part in ["aa", "current", "signs since 2027-01-15", "bb", "next", "listed since"] {
        assert!(run.stdout.contains(part), "{part} in {}", run.stdout);
    }
    let run = desk.run(&["keys", "rotate"]);
    assert_eq!(run.exit, 2);
    assert!(run.stdout.contains("too new"), "{}", run.stdout);
    let run = desk.run(&["keys", "revoke", "aa"]);
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""));
    assert_eq!(desk.run(&["keys", "revoke", "bb"]).exit, 2);
    assert_eq!(desk.asked(), ["list_keys", "rotate_keys", "revoke_key", "revoke_key"]);
}

#[test]
fn a_policy_that_does_not_read_is_not_sent_and_one_that_does_is_sent_whole() {
    let desk = Desk::new();
    let path = desk.policy();
    let run = desk.run(&["policy", "apply", path.to_str().unwrap(), "--json"]);
    let told: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(told["policy"]["digest"], Policy::strict().digest().to_string());
    desk.verifier.asked.lock().unwrap().clear();
    std::fs::write(&path, "anchors = 1").unwrap();
    let run = desk.run(&["policy", "apply", path.to_str().unwrap()]);
    assert_eq!((run.exit, desk.asked()), (1, vec![]));
}

#[test]
fn a_policy_is_published_if_it_loads_and_is_listed() {
    let desk = Desk::new();
    let path = desk.path("agent.cedar");
    std::fs::write(&path, "permit(principal, action, resource);").unwrap();
    let file = path.to_str().unwrap();
    let run = desk.run(&["policy", "publish", file, "--agent", "translator"]);
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("number 3, for translator"), "{}", run.stdout);
    assert_eq!(desk.run(&["policy", "publish", file, "--agent", "stubborn"]).exit, 2);
    let run = desk.run(&["policy", "published"]);
    assert!(run.stdout.contains("every agent") && run.stdout.contains("cdcdcd"), "{}", run.stdout);
    assert_eq!(desk.asked(), ["publish_policy", "publish_policy", "list_publications"]);
    desk.verifier.asked.lock().unwrap().clear();
    std::fs::write(&path, "permit(principal, action == Action::\"sned\", resource);").unwrap();
    let run = desk.run(&["policy", "publish", file, "--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("policy.bundle.invalid")));
    assert_eq!(desk.asked(), Vec::<&str>::new(), "nothing was sent");
}

#[test]
fn reattesting_says_how_many_runtimes_have_to_renew() {
    let desk = Desk::new();
    let run = desk.run(&["fleet", "reattest"]);
    assert_eq!(run.stdout, "leases below policy epoch 2 ended: 1 runtime has to renew\n");
    let run = desk.run(&["fleet", "reattest", "--all", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(told, json!({ "epoch_floor": 2, "leases_ended": 5 }));
}

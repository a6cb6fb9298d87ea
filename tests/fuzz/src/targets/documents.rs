//! The documents that operators write.

use std::path::Path;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::forecast::Minimums;
use cloister_attestation::policy::Policy;
use cloister_attestation::snp::Product;
use cloister_node::{AgentConfig, NodeConfig};
use cloister_policy::PolicyBundle;

use super::{QUICK, outcome};
use crate::{Outcome, Target};

pub(super) const POLICY: Target = Target {
    name: "policy",
    run: policy,
    seeds: policies,
    bytes_max: 16 * 1024,
    quick_inputs: QUICK_LONG,
};

pub(super) const MINIMUMS: Target = Target {
    name: "minimums",
    run: minimums,
    seeds: || vec![MINIMUMS_EXAMPLE.as_bytes().to_vec()],
    bytes_max: 4 * 1024,
    quick_inputs: QUICK,
};

pub(super) const AGENT_CONFIG: Target = Target {
    name: "agent-config",
    run: agent_config,
    seeds: || vec![agent_example().into_bytes()],
    bytes_max: 8 * 1024,
    quick_inputs: QUICK_LONG,
};

pub(super) const NODE_CONFIG: Target = Target {
    name: "node-config",
    run: node_config,
    seeds: || vec![NODE_EXAMPLE.as_bytes().to_vec()],
    bytes_max: 8 * 1024,
    quick_inputs: QUICK_LONG,
};

pub(super) const POLICY_BUNDLE: Target = Target {
    name: "policy-bundle",
    run: policy_bundle,
    seeds: || vec![CEDAR_EXAMPLE.as_bytes().to_vec(), Vec::new()],
    bytes_max: 4 * 1024,
    // Each that parses is validated against the whole schema.
    quick_inputs: QUICK_LONG / 5,
};

/// For documents of some hundred lines, with words between the values.
const QUICK_LONG: u32 = 2_000;

/// A policy that reads is written as it was meant.
fn policy(data: &[u8]) -> Outcome {
    let parsed = text(data, |text| Policy::from_toml(text).ok());
    if let Some(policy) = &parsed {
        let again = policy.to_toml().expect("it was read from TOML");
        assert_eq!(&Policy::from_toml(&again).expect("it was written"), policy);
    }
    outcome(&parsed)
}

/// A minimum has the components that its product has.
fn minimums(data: &[u8]) -> Outcome {
    let parsed = text(data, |text| Minimums::from_toml(text).ok());
    for least in parsed.iter().flat_map(|minimums| &minimums.minimum) {
        assert_eq!(least.tcb.fmc.is_some(), least.product == Product::Turin);
    }
    outcome(&parsed)
}

/// What is measured into an image names an agent, a Verifier's root and a program.
fn agent_config(data: &[u8]) -> Outcome {
    // A trust root or keys in a file would be read from the machine that runs this.
    let Ok(document) = core::str::from_utf8(data) else { return Outcome::Refused };
    let roots_in_files =
        document.matches("trust_root").count() != document.matches("trust_root_pem").count();
    if roots_in_files || document.contains("keys") {
        return Outcome::Refused;
    }
    let parsed = AgentConfig::parse(Path::new("/image/agent.toml"), document).ok();
    if let Some(config) = &parsed {
        assert!(cloister_attestation::manifest::is_agent_name(&config.agent.name));
        assert!(!config.verifier.roots.is_empty());
        assert!(config.workload.command.first().is_some_and(|program| !program.is_empty()));
    }
    outcome(&parsed)
}

/// Whatever the host writes, what speaks for the agent is served to this machine only.
fn node_config(data: &[u8]) -> Outcome {
    let Ok(document) = core::str::from_utf8(data) else { return Outcome::Refused };
    let parsed = NodeConfig::parse(Path::new("/host/node.toml"), document).ok();
    if let Some(config) = &parsed {
        assert!(config.surface.ip().is_loopback() && config.operator.ip().is_loopback());
        assert!(config.limits.channels_max > 0 && config.limits.handshakes_max > 0);
    }
    outcome(&parsed)
}

/// A bundle that is valid is so again, and knows what it was read from.
fn policy_bundle(data: &[u8]) -> Outcome {
    let parsed = PolicyBundle::parse(data).ok();
    if let Some(bundle) = &parsed {
        assert_eq!(bundle.digest(), &Digest48::sha384(data));
        let again = PolicyBundle::parse(data).expect("it was accepted once");
        assert_eq!(again.policies(), bundle.policies());
    }
    outcome(&parsed)
}

/// Parses text twice, and requires the same answer.
fn text<T: PartialEq>(data: &[u8], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    let text = core::str::from_utf8(data).ok()?;
    let first = parse(text);
    assert!(first == parse(text), "two answers to the same text");
    first
}

const NODE_EXAMPLE: &str = include_str!("../../../../runtime/node/node.example.toml");
const AGENT_EXAMPLE: &str = include_str!("../../../../runtime/node/agent.example.toml");

/// With its trust root in line, and no keys for its card.
fn agent_example() -> String {
    let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let lines = AGENT_EXAMPLE.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.map(|line| match line.split(' ').next() {
        Some("trust_root") => format!("trust_root_pem = \"\"\"{pem}\"\"\""),
        Some("keys") => String::new(),
        Some("signature") => "signature = \"off\"".to_owned(),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn policies() -> Vec<Vec<u8>> {
    let strict = [Policy::strict(), Policy::strict_for_simulator(Digest48::sha384(b"simulator"))];
    strict.iter().map(|policy| policy.to_toml().expect("a policy").into_bytes()).collect()
}

const MINIMUMS_EXAMPLE: &str = r#"
[[minimum]]
product = "milan"
effective = "2026-09-01T00:00:00Z"
bulletin = "AMD-SB-3020"
tcb = { boot_loader = 4, tee = 0, snp = 27, microcode = 222 }

[[minimum]]
product = "turin"
effective = "2026-10-01T00:00:00Z"
bulletin = "AMD-SB-3030"
tcb = { fmc = 1, boot_loader = 1, tee = 1, snp = 4, microcode = 82 }
"#;

const CEDAR_EXAMPLE: &str = r#"
@id("planner-may-call-translator")
permit(principal == Agent::"planner", action in [Action::"connect", Action::"a2a"],
       resource == Agent::"translator")
when { context.tee == Tee::"snp" && !context.simulated };
@id("never-simulated")
forbid(principal, action, resource) when { context.simulated };
"#;

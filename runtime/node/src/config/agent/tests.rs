use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::manifest::PolicySource;

use cloister_gateway::{SignatureRule, ToolDigest, ToolPins, Unpinned, WebhookPorts};
use std::collections::BTreeMap;

use super::{AgentConfig, Visitors};
use crate::config::{Applies, ConfigError, Position, SYNTAX, VALUE};

const EXAMPLE: &str = include_str!("../../../agent.example.toml");

/// The shape of a certificate as far as this file looks at it.
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

fn load(text: &str) -> Result<AgentConfig, ConfigError> {
    AgentConfig::parse("/image/agent.toml".as_ref(), text)
}

/// The example with its trust root in line and no keys for its card, so that no file is needed.
fn example() -> String {
    let text = EXAMPLE
        .replace("trust_root = \"trust.pem\"", &format!("trust_root_pem = \"\"\"{PEM}\"\"\""));
    text.replace("signature = \"require\"", "signature = \"off\"")
        .replace("keys = \"card-keys.json\"", "")
}

fn refused(from: &str, to: &str) -> ConfigError {
    let text = example();
    assert!(text.contains(from), "{from}");
    load(&text.replace(from, to)).unwrap_err()
}

#[test]
fn the_example_parses_and_means_what_it_says() {
    let config = load(&example()).unwrap();
    assert_eq!(config.agent.name, "translator");
    assert_eq!(config.policy.to_str(), Some("/image/policy.cedar"));
    assert_eq!(config.verifier.roots.len(), 1);
    assert_eq!(config.verifier.server_name.unwrap().to_str(), "verifier.example.org");
    assert_eq!(config.workload.command, ["/usr/bin/translator", "--quiet"]);
    assert_eq!(config.workload.grpc_port, Some(9001));
    assert_eq!(config.workload.stop_grace.as_secs(), 10);
    let names: Vec<_> = config.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["calculator", "dictionary", "search"]);
    let measured = config.workload.files.iter().map(|file| file.to_str().unwrap());
    assert!(measured.eq(["/usr/share/translator/model.bin", "/usr/bin/calculator"]));
}

#[test]
fn refuses_tool_servers_that_are_elsewhere_or_nowhere() {
    let url = "url = \"http://127.0.0.1:9100/mcp\"";
    for to in [
        "",
        "url = \"http://10.0.0.1:9100/mcp\"",
        "url = \"http://localhost:9100/mcp\"",
        "url = \"https://127.0.0.1:9100/mcp\"",
        "url = \"http://127.0.0.1/mcp\"",
        "url = \"http://user@127.0.0.1:9100/mcp\"",
        "url = \"http://127.0.0.1:9100/mcp?x=1\"",
        "url = \"http://127.0.0.1:9100/a/../mcp\"",
        "url = \"http://127.0.0.1:9100/mcp\"\nagent = \"b\"",
        "url = \"http://127.0.0.1:9100/mcp\"\nserver = \"b\"",
    ] {
        assert_eq!(refused(url, to).code(), &VALUE, "{to}");
    }
    assert_eq!(refused("agent = \"retriever\"", "agent = \"Retriever\"").code(), &VALUE);
    assert_eq!(refused("server = \"index\"", "server = \"in/dex\"").code(), &VALUE);
    assert_eq!(refused("server = \"index\"", "exposed = true").code(), &VALUE);
    assert_eq!(refused("[tools.search]", "[tools.Search]").code(), &VALUE);
}

#[test]
fn refuses_programs_of_tool_servers_that_are_none() {
    let command = "command = [\"/usr/bin/calculator\", \"--stdio\"]";
    for to in [
        "command = []",
        "command = [\"\"]",
        "command = [\"/usr/bin/calculator\"]\nserver = \"b\"",
        "command = [\"/usr/bin/calculator\"]\nagent = \"b\"",
        "url = \"http://127.0.0.1:9100/mcp\"",
        "",
    ] {
        assert_eq!(refused(command, to).code(), &VALUE, "{to}");
    }
    let environment = "environment = { LANG = \"C.UTF-8\" }";
    for to in ["A2A_PORT = \"1\"", "\"\" = \"1\"", "\"A=B\" = \"1\""] {
        let to = format!("environment = {{ {to} }}");
        assert_eq!(refused(environment, &to).code(), &VALUE, "{to}");
    }
}

#[test]
fn a_pin_is_one_digest_or_several_and_says_what_becomes_of_other_tools() {
    let unpinned = |from: &str, to: &str| {
        let config = load(&example().replace(from, to)).unwrap();
        config.tools.iter().find(|tool| tool.name.as_str() == "dictionary").unwrap().pins.clone()
    };
    let digest = format!("sha256:{}", "0".repeat(64));
    let pin = vec![digest.parse::<ToolDigest>().unwrap()];
    let pins = BTreeMap::from([("define".to_owned(), pin)]);
    let section = "[tools.dictionary.pins]";
    let refuse = ToolPins::new(pins.clone(), Unpinned::Refuse).unwrap();
    assert_eq!(unpinned("", ""), refuse);
    let first_seen = unpinned("exposed = true", "exposed = true\nunpinned = \"first_seen\"");
    assert_eq!(first_seen, ToolPins::new(pins.clone(), Unpinned::FirstSeen).unwrap());
    let several = unpinned(&format!("\"{digest}\""), &format!("[\"{digest}\", \"{digest}\"]"));
    assert_ne!(several, refuse);
    let none = unpinned(&format!("{section}\ndefine = \"{digest}\""), "");
    assert_eq!(none, ToolPins::first_seen());
    for to in ["define = []", "define = \"sha256:00\"", "define = [\"x\"]"] {
        assert_eq!(refused(&format!("define = \"{digest}\""), to).code(), &VALUE, "{to}");
    }
    let unknown = refused("exposed = true", "exposed = true\nunpinned = \"maybe\"");
    assert_eq!(unknown.code(), &SYNTAX);
}

#[test]
fn optional_keys_have_the_documented_defaults() {
    let text = example();
    let kept = [
        "server_name",
        "files",
        "directory",
        "stop_grace_secs",
        "grpc_port",
        "output",
        "require_post",
        "visitors",
        "scope",
        "region",
        "LANG",
    ];
    let without: Vec<_> =
        text.lines().filter(|line| !kept.iter().any(|key| line.starts_with(key))).collect();
    let config = load(&without.join("\n")).unwrap();
    assert_eq!(config.verifier.server_name, None);
    assert_eq!(config.workload.directory.to_str(), Some("/image/"));
    assert_eq!(config.workload.stop_grace.as_secs(), 10);
    assert_eq!(config.workload.grpc_port, None);
    assert_eq!(config.agent.region, None);
    assert!(config.peers.require_post_quantum);
    assert_eq!(config.peers.visitors, Visitors::Refuse);
}

#[test]
fn visitors_are_allowed_by_one_word_and_no_other() {
    let allowed = example().replace("visitors = \"refuse\"", "visitors = \"allow\"");
    assert_eq!(load(&allowed).unwrap().peers.visitors, Visitors::Allow);
    for to in ["visitors = \"Allow\"", "visitors = true", "visitors = \"\"", "visitor = \"allow\""]
    {
        assert_eq!(refused("visitors = \"refuse\"", to).code(), &SYNTAX, "{to}");
    }
}

#[test]
fn refuses_an_unknown_key_and_names_its_line() {
    let error = refused("a2a_port = 9000", "a2a_prot = 9000");
    assert_eq!(error.code(), &SYNTAX);
    let line = example().lines().position(|line| line.starts_with("a2a_port")).unwrap() + 1;
    assert_eq!(error.position().map(|at| at.line), Some(line), "{error}");
}

#[test]
fn refuses_names_that_no_manifest_could_carry() {
    for (from, to) in [
        ("name = \"translator\"\n# Who", "name = \"Translator\"\n# Who"),
        ("principal = \"example.org\"", "principal = \"\""),
        ("region = \"eu-central\"", "region = \"eu\\u0007\""),
        ("version = \"1.0.0\"", "version = \"\""),
        ("trust_domain = \"example.org\"", "trust_domain = \"example.org/x\""),
    ] {
        assert_eq!(refused(from, to).code(), &VALUE, "{to}");
    }
}

#[test]
fn refuses_a_pin_that_pins_nothing() {
    let key = format!("trust_root_pem = \"\"\"{PEM}\"\"\"");
    for to in ["", "trust_root_pem = \"\"", &format!("{key}\ntrust_root = \"trust.pem\"")] {
        assert_eq!(refused(&key, to).code(), &VALUE, "{to}");
    }
}

#[test]
fn refuses_variables_that_the_runtime_sets_itself() {
    for name in ["A2A_PORT", "A2A_GRPC_PORT", "CLOISTER_SURFACE", "CLOISTER_AGENT"] {
        assert_eq!(refused("LANG =", &format!("{name} =")).code(), &VALUE, "{name}");
    }
}

#[test]
fn a_refused_value_is_reported_where_it_stands() {
    let error = refused("command = [\"/usr/bin/translator\", \"--quiet\"]", "command = []");
    let line = example().lines().position(|line| line.starts_with("command")).unwrap() + 1;
    assert_eq!(error.position(), Some(Position { line, column: 11 }), "{error}");
}

#[test]
fn a_root_is_of_one_kind_and_has_to_be_named() {
    let simulator = format!("anchors = {{ simulator = \"{}\" }}", "00".repeat(48));
    let config = load(&example().replace("anchors = \"vendor\"", &simulator)).unwrap();
    assert!(matches!(config.peers.anchors, super::AnchorPolicy::Simulator(_)));
    for to in ["", "anchors = \"any\"", "anchors = { simulator = \"00\" }"] {
        assert_eq!(refused("anchors = \"vendor\"", to).code(), &SYNTAX, "{to}");
    }
}

#[test]
fn a_card_signature_that_nobody_asked_about_is_looked_at() {
    assert_eq!(load(&example()).unwrap().card.rule, SignatureRule::Off);
    let without = example().replace("[card]", "").replace("signature = \"off\"", "");
    assert_eq!(load(&without).unwrap().card.rule, SignatureRule::IfPresent);
}

#[test]
fn card_keys_are_there_where_they_are_needed_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    let set = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
    std::fs::write(folder.path().join("good.json"), set).unwrap();
    std::fs::write(folder.path().join("bad.json"), set.replace("P-256", "P-384")).unwrap();
    let parse = |section: &str| {
        AgentConfig::parse(&path, example().replace("signature = \"off\"", section))
    };
    let card = parse("signature = \"require\"\nkeys = \"good.json\"").unwrap().card;
    assert_eq!(card.rule, SignatureRule::Require);
    assert!(card.keys.find("1").is_some());
    assert!(parse("signature = \"if_present\"").is_ok());
    for section in [
        "signature = \"require\"",
        "signature = \"off\"\nkeys = \"good.json\"",
        "signature = \"require\"\nkeys = \"bad.json\"",
        "signature = \"require\"\nkeys = \"absent.json\"",
        "signature = \"sometimes\"",
        "keys = \"good.json\"",
    ] {
        assert!(parse(section).is_err(), "{section}");
    }
}

#[test]
fn webhooks_are_where_the_file_says_or_at_the_agents_own_ports() {
    let ports = "ports = [9000]";
    assert_eq!(load(&example()).unwrap().webhooks, Some([9000].into_iter().collect()));
    let none = load(&example().replace(ports, "ports = []")).unwrap();
    assert_eq!(none.webhooks, Some(WebhookPorts::default()));
    let without = example().replace("[push]", "").replace(ports, "");
    assert_eq!(load(&without).unwrap().webhooks, None);
    let many = format!("ports = {:?}", (1..=65).collect::<Vec<u16>>());
    for to in ["ports = [0]", many.as_str()] {
        assert_eq!(refused(ports, to).code(), &VALUE, "{to}");
    }
    for to in ["", "ports = [65536]", "ports = [9000]\nhosts = []"] {
        assert_eq!(refused(ports, to).code(), &SYNTAX, "{to}");
    }
}

#[test]
fn the_images_policy_is_all_that_counts_unless_the_file_says_otherwise() {
    assert_eq!(load(&example()).unwrap().policy_source, PolicySource::Image);
    let line = example().lines().find(|line| line.starts_with("policy = ")).unwrap().to_owned();
    for (source, counts) in [("image", PolicySource::Image), ("verifier", PolicySource::Verifier)] {
        let table = format!("policy = {{ file = \"other.cedar\", source = \"{source}\" }}");
        let config = load(&example().replace(&line, &table)).unwrap();
        assert_eq!(config.policy_source, counts);
        assert_eq!(config.policy.to_str(), Some("/image/other.cedar"));
    }
    for table in [
        "policy = { file = \"x\" }",
        "policy = { file = \"x\", source = \"anybody\" }",
        "policy = { file = \"x\", source = \"image\", more = 1 }",
    ] {
        assert!(load(&example().replace(&line, table)).is_err(), "{table}");
    }
}

#[test]
fn the_fence_is_read_and_what_would_open_it_is_refused() {
    let fence = load(&example()).unwrap().fence;
    assert_eq!(fence.applies, Applies::Guest);
    assert_eq!(fence.scratch[0].bytes, 16 << 20);
    assert_eq!((fence.resources.memory, fence.resources.processes), (256 << 20, 64));
    assert_eq!(fence.egress[0].host, "api.example.org");
    for (from, to) in [
        ("read = [\"/usr/lib/translator\"]", "read = [\"/\"]"),
        ("read = [\"/usr/lib/translator\"]", "read = [\"/usr/../etc\"]"),
        ("\"/tmp\" = 16", "\"/tmp\" = 0"),
        ("\"/tmp\" = 16", "\"tmp\" = 16"),
        ("\"/tmp\" = 16", "\"/proc\" = 16"),
        ("processes = 64", "processes = 0"),
        ("\"api.example.org:443\"", "\"api.example.org\""),
        ("\"api.example.org:443\"", "\"*:443\""),
        ("LANG = \"C.UTF-8\"\n", "HTTPS_PROXY = \"http://192.0.2.1\"\n"),
    ] {
        assert_eq!(refused(from, to).code(), &VALUE, "{to}");
    }
}

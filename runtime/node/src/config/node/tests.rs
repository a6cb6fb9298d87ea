use cloister_attestation::code::Diagnostic as _;
use cloister_guest::network::Network;

use super::{NodeConfig, OnRefusal, TeeKind};
use crate::config::{ConfigError, EXPOSED, LogFormat, SYNTAX, VALUE};

const EXAMPLE: &str = include_str!("../../../node.example.toml");

const LEAST: &str = "listen = \"127.0.0.1:0\"\nverifier = \"localhost:8443\"\n";

fn load(text: &str) -> Result<NodeConfig, ConfigError> {
    NodeConfig::parse("/host/node.toml".as_ref(), text)
}

fn refused(from: &str, to: &str) -> ConfigError {
    assert!(EXAMPLE.contains(from), "{from}");
    load(&EXAMPLE.replace(from, to)).unwrap_err()
}

#[test]
fn the_example_parses_and_shows_the_defaults() {
    let example = load(EXAMPLE).unwrap();
    let least = load(LEAST).unwrap();
    assert_eq!(example.limits, least.limits);
    assert_eq!(example.log, least.log);
    assert_eq!((example.surface, example.operator), (least.surface, least.operator));
    assert_eq!(example.worker_threads, least.worker_threads);
    assert_eq!((least.on_refusal, least.tee.kind), (OnRefusal::Exit, TeeKind::Auto));
    assert_eq!(least.log.format, LogFormat::Text);
    assert_eq!(example.state.unwrap().to_str(), Some("/host/state"));
}

#[test]
fn refuses_to_expose_the_surface_or_the_operator_port() {
    for key in ["surface = \"127.0.0.1", "operator = \"127.0.0.1"] {
        let error = refused(key, &key.replace("127.0.0.1", "0.0.0.0"));
        assert_eq!(error.code(), &EXPOSED, "{error}");
        assert!(error.position().is_some());
    }
}

#[test]
fn refuses_keys_of_the_measured_file() {
    for line in [
        "trust_domain = \"x\"",
        "policy = \"p\"",
        "command = [\"sh\"]",
        "trust_root = \"t\"",
        "visitors = \"allow\"",
        "peers = { visitors = \"allow\" }",
    ] {
        assert_eq!(load(&format!("{line}\n{LEAST}")).unwrap_err().code(), &SYNTAX, "{line}");
    }
}

#[test]
fn the_simulator_is_named_with_its_socket_or_not_at_all() {
    assert_eq!(refused("kind = \"auto\"", "kind = \"simulator\"").code(), &VALUE);
    assert_eq!(refused("# simulator_socket", "simulator_socket").code(), &VALUE);
    let both = EXAMPLE
        .replace("kind = \"auto\"", "kind = \"simulator\"")
        .replace("# simulator_socket", "simulator_socket");
    assert_eq!(
        load(&both).unwrap().tee.simulator_socket.unwrap().to_str(),
        Some("/host/simulator.sock")
    );
}

#[test]
fn a_paravisors_tpm_is_chosen_by_name_and_is_no_simulator() {
    let named = EXAMPLE.replace("kind = \"auto\"", "kind = \"azure_vtpm\"");
    assert_eq!(load(&named).unwrap().tee.kind, TeeKind::AzureVtpm);
    let both = named.replace("# simulator_socket", "simulator_socket");
    assert_eq!(load(&both).unwrap_err().code(), &VALUE);
}

#[test]
fn refuses_limits_of_zero_and_addresses_without_port() {
    for (from, to) in [
        ("channels_max = 1024", "channels_max = 0"),
        ("handshakes_max = 64", "handshakes_max = 0"),
        ("handshake_timeout_ms = 10000", "handshake_timeout_ms = 0"),
        ("keepalive_ms = 20000", "keepalive_ms = 0"),
        ("waiting_per_peer_max = 128", "waiting_per_peer_max = 0"),
        ("waiting_max = 512", "waiting_max = 0"),
        ("worker_threads = 2", "worker_threads = 0"),
        ("verifier.example.org:8443", "verifier.example.org"),
        ("translator.example.org:4443", "user@translator.example.org:4443"),
    ] {
        assert_eq!(refused(from, to).code(), &VALUE, "{to}");
    }
}

#[test]
fn the_verifiers_host_is_what_its_certificate_has_to_name() {
    for (address, name) in
        [("localhost:1", "localhost"), ("127.0.0.1:1", "127.0.0.1"), ("[::1]:1", "::1")]
    {
        let config = load(&LEAST.replace("localhost:8443", address)).unwrap();
        assert_eq!(config.verifier_name.to_str(), name);
    }
    let error = load(&LEAST.replace("localhost:8443", "a..b:1")).unwrap_err();
    assert_eq!(error.code(), &VALUE);
}

#[test]
fn a_guests_address_is_given_or_asked_for() {
    let with = |section: &str| load(&format!("{LEAST}[network]\n{section}\n"));
    assert_eq!(load(LEAST).unwrap().network, None);
    assert_eq!(with("dhcp = true").unwrap().network, Some(Network::Dhcp));
    let given = with("address = \"10.0.2.15/24\"\nresolvers = [\"10.0.2.3\"]").unwrap().network;
    assert!(matches!(given, Some(Network::Given(given)) if given.resolvers.len() == 1));
    for (section, why) in [
        ("", "write either address or dhcp = true"),
        ("dhcp = true\naddress = \"10.0.2.15/24\"", "write either address or dhcp = true"),
        ("dhcp = true\nresolvers = [\"10.0.2.3\"]", "leave them out"),
    ] {
        let error = with(section).unwrap_err();
        assert_eq!(error.code(), &SYNTAX, "{section}");
        assert!(error.to_string().contains(why), "{section}: {error}");
        assert!(error.position().is_some(), "{section}");
    }
}

#[test]
fn the_examples_ways_to_an_address_are_ways_to_one() {
    let (head, network) = EXAMPLE.split_once("# [network]\n").unwrap();
    let (given, dhcp) = network.split_once("# In place of all three").unwrap();
    let uncommented = |text: &str| {
        let keys = text.lines().filter_map(|line| line.strip_prefix("# "));
        let keys: Vec<_> = keys.filter(|key| key.contains(" = ") && !key.contains('`')).collect();
        load(&format!("{head}[network]\n{}\n", keys.join("\n"))).unwrap().network
    };
    assert!(matches!(uncommented(given), Some(Network::Given(given)) if given.gateway.is_some()));
    assert_eq!(uncommented(dhcp), Some(Network::Dhcp));
}

//! `cloister connect`, where it does not come to a connection.

use std::net::TcpListener;

use crate::program::{Run, cloister};
use crate::runtime::{Answer, Runtime};

/// `cloister connect` to the stand-in, with JSON; `@name` stands for a file.
fn connect(runtime: &Runtime, agent: &str, more: &[&str]) -> Run {
    let address = runtime.address.to_string();
    let words = ["--json", "connect", agent, "--address", &address];
    cloister(words.iter().chain(more).map(|word| match word.strip_prefix('@') {
        Some(name) => runtime.path(name).into_os_string(),
        None => word.into(),
    }))
}

const TRUST: [&str; 4] = ["--trust", "@bundle.json", "--simulator-anchor", "@anchor.json"];

fn code(run: &Run) -> String {
    run.json()["error"]["id"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_runtime_that_takes_no_visitors_is_told_from_one_that_does_not_answer() {
    let runtime = Runtime::telling(Answer::Document(|_| {}));
    let words = [&["--listen", "127.0.0.1:0"], &TRUST[..]].concat();
    let run = connect(&runtime, "translator", &words);
    assert_eq!((run.exit, code(&run).as_str()), (3, "cli.connect.no_visitors"), "{run:?}");

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let words = [&["connect", "translator", "--json", "--address", &nobody], &words[..]].concat();
    let run = cloister(words.iter().map(|word| match word.strip_prefix('@') {
        Some(name) => runtime.path(name).into_os_string(),
        None => word.into(),
    }));
    assert_eq!((run.exit, code(&run).as_str()), (3, "cli.remote.unreachable"), "{run:?}");
}

#[test]
fn a_port_beyond_loopback_is_opened_only_when_that_is_said() {
    let runtime = Runtime::honest();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let words = [&["--listen", listen], &TRUST[..]].concat();
        let run = connect(&runtime, "translator", &words);
        assert_eq!((run.exit, code(&run).as_str()), (1, "cli.connect.exposed"), "{run:?}");
    }
    let words = [&["--listen", "0.0.0.0:0", "--beyond-loopback"], &TRUST[..]].concat();
    assert_eq!(code(&connect(&runtime, "translator", &words)), "cli.connect.no_visitors");
}

#[test]
fn a_port_that_is_taken_is_no_port() {
    let (runtime, taken) = (Runtime::honest(), TcpListener::bind("127.0.0.1:0").unwrap());
    let listen = taken.local_addr().unwrap().to_string();
    let words = [&["--listen", listen.as_str()], &TRUST[..]].concat();
    let run = connect(&runtime, "translator", &words);
    assert_eq!((run.exit, code(&run).as_str()), (1, "cli.connect.listen"), "{run:?}");
}

#[test]
fn trust_has_to_say_who_signs_leases() {
    let runtime = Runtime::honest();
    for (trust, verifier) in [("@trust.pem", None), ("@bundle.json", Some("https://127.0.0.1:9"))] {
        let mut words = vec!["--listen", "127.0.0.1:0", "--trust", trust];
        words.extend(verifier.iter().flat_map(|url| ["--verifier", *url]));
        let run = connect(&runtime, "translator", &words);
        assert_eq!((run.exit, code(&run).as_str()), (1, "cli.remote.trust"), "{run:?}");
    }
}

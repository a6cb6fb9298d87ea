//! Two runtimes with a hostile network between them: what it may do is delay and end connections;
//! what it must not do is open one, or reach an agent.

use std::time::Duration;

use cloister_devnet::ask::Asker;
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Hardware, Host};
use cloister_devnet::verifier::Verifier;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::relay::{Behaviour, Relay};

const TEXT: &str = "carried all the same";

/// Longer than every deadline of a runtime that plays a part here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Two admitted runtimes and the network between them.
struct Between {
    devnet: Devnet,
    caller: Enclave,
    callee: Enclave,
    relay: Relay,
}

impl Between {
    async fn new(behaviour: Behaviour) -> Self {
        Self::over(Devnet::start(Agents::Rust).await.unwrap(), behaviour).await
    }

    async fn over(devnet: Devnet, behaviour: Behaviour) -> Self {
        let relay = Relay::start(behaviour).await;
        let caller = devnet.admitted_image("assistant", &[]).await.unwrap();
        let callee = devnet.admitted_image("translator", &["assistant"]).await.unwrap();
        let (host, verifier) = (&devnet.host, &devnet.verifier);
        let callee = Enclave::boot_behind(host, verifier, &callee, Hardware::Tdx, relay.address());
        let callee = callee.await.unwrap();
        relay.lead_to(callee.listen());
        let caller = Enclave::boot(host, verifier, &caller, Hardware::SnpMilan).await.unwrap();
        Self { devnet, caller, callee, relay }
    }

    /// Whether a call arrives and is answered.
    async fn answers(&self) -> bool {
        let called = async {
            let asker = Asker::connect(&self.caller.agent_url("translator")).await?;
            asker.unary(TEXT).await
        };
        let answered = tokio::time::timeout(PATIENCE, called).await;
        let answered = answered.expect("a call has to end, one way or the other");
        answered.is_ok_and(|(text, _)| text.contains("CARRIED"))
    }

    /// Calls until one is answered: a runtime may wait before it dials again.
    async fn recovers(&self) {
        let recovered = async {
            while !self.answers().await {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(PATIENCE, recovered).await.expect("no call is answered any more");
    }

    async fn channels(&self) -> [usize; 2] {
        [self.caller.channels().await.unwrap().len(), self.callee.channels().await.unwrap().len()]
    }
}

#[tokio::test]
async fn calls_pass_a_slow_network_that_cuts_everything_into_pieces() {
    let between = Between::new(Behaviour::Slow(97, Duration::from_millis(2))).await;
    assert!(between.answers().await);
    assert!(!between.relay.recorded().is_empty(), "the call went another way");
}

#[tokio::test]
async fn altered_bytes_open_no_channel() {
    let between = Between::new(Behaviour::Carry).await;
    // In the first record's length, in the key share, and in what is encrypted already. The version
    // in a record's header means nothing (RFC 8446 section 5.1), so nothing notices it either.
    for at in [4, 700, 2_000] {
        between.relay.behave(Behaviour::FlipAt(at));
        assert!(!between.answers().await, "byte {at}");
        assert_eq!(between.channels().await, [0, 0], "byte {at}");
    }
    between.relay.behave(Behaviour::Carry);
    between.recovers().await;
}

#[tokio::test]
async fn doubled_bytes_open_no_channel() {
    let between = Between::new(Behaviour::Double).await;
    assert!(!between.answers().await);
    assert_eq!(between.channels().await, [0, 0]);
    between.relay.behave(Behaviour::Carry);
    between.recovers().await;
}

#[tokio::test]
async fn a_connection_cut_in_its_handshake_is_dialled_again() {
    let between = Between::new(Behaviour::CutAt(2_000)).await;
    assert!(!between.answers().await);
    assert_eq!(between.channels().await, [0, 0]);
    between.relay.behave(Behaviour::Carry);
    between.recovers().await;
}

#[tokio::test]
async fn a_network_that_swallows_everything_ends_in_an_answer() {
    let between = Between::new(Behaviour::Swallow).await;
    assert!(!between.answers().await);
    assert_eq!(between.channels().await, [0, 0]);
    between.relay.behave(Behaviour::Carry);
    between.recovers().await;
}

#[tokio::test]
async fn a_recorded_connection_played_again_reaches_nobody() {
    let between = Between::new(Behaviour::Carry).await;
    assert!(between.answers().await);
    let open = between.channels().await;
    let recorded = between.relay.recorded();
    assert!(recorded.iter().any(|bytes| bytes.len() > 2_000), "nothing was recorded");
    for bytes in recorded {
        let mut stream = TcpStream::connect(between.callee.listen()).await.unwrap();
        // The runtime may close before it was sent everything.
        drop(stream.write_all(&bytes).await);
        let mut heard = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
        drop(read.expect("the runtime keeps a replayed connection open"));
    }
    assert_eq!(between.channels().await, open);
}

#[tokio::test]
async fn a_runtime_cut_off_from_its_verifier_loses_its_peers_when_its_lease_ends() {
    let host = Host::start(Agents::Rust).await.unwrap();
    let verifier = Verifier::with_lease(&host, Duration::from_secs(4)).await.unwrap();
    let between = Between::over(Devnet { host, verifier }, Behaviour::Carry).await;
    between.recovers().await;
    let Between { devnet: Devnet { host, verifier }, caller, callee, relay } = between;
    let halted = verifier.halt().await.unwrap();
    let lost = async {
        while !caller.channels().await.unwrap().is_empty()
            || !callee.channels().await.unwrap().is_empty()
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, lost).await.expect("a channel outlives its leases");
    let verifier = halted.resume(&host).await.unwrap();
    let between = Between { devnet: Devnet { host, verifier }, caller, callee, relay };
    between.recovers().await;
}

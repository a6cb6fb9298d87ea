//! Two runtimes with a hostile network between them: what it may do is delay and end connections;
//! what it must not do is open one, or reach an agent.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use cloister_devnet::ask::Asker;
use cloister_devnet::demo::Devnet;
use cloister_devnet::enclave::{Agents, Enclave, Front, Hardware, Host};
use cloister_devnet::verifier::Verifier;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::namespace::Namespace;
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
        let devnet = Devnet::start(Agents::Rust).await.unwrap();
        Self::over(devnet, Relay::start(behaviour).await, Ipv4Addr::LOCALHOST.into()).await
    }

    /// With `relay` between the caller and the callee, which listens on `listen`.
    async fn over(devnet: Devnet, relay: Relay, listen: IpAddr) -> Self {
        let caller = devnet.admitted_image("assistant", &[]).await.unwrap();
        let callee = devnet.admitted_image("translator", &["assistant"]).await.unwrap();
        let (host, verifier) = (&devnet.host, &devnet.verifier);
        let front = Front { listen, advertised: Some(relay.address()) };
        let callee = Enclave::boot_behind(host, verifier, &callee, Hardware::Tdx, front);
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

    /// Opens no channel while the network does this, and one when it stops.
    async fn withstands(&self, behaviour: Behaviour) {
        self.relay.behave(behaviour);
        assert!(!self.answers().await, "{behaviour:?}");
        assert_eq!(self.channels().await, [0, 0], "{behaviour:?}");
    }

    /// Plays every recorded connection again: whatever comes of it, it is no channel.
    async fn withstands_a_replay(&self) {
        let open = self.channels().await;
        let recorded = self.relay.recorded();
        assert!(recorded.iter().any(|bytes| bytes.len() > 2_000), "nothing was recorded");
        for bytes in recorded {
            let mut stream = TcpStream::connect(self.callee.listen()).await.unwrap();
            // The runtime may close before it was sent everything.
            drop(stream.write_all(&bytes).await);
            let mut heard = Vec::new();
            let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
            drop(read.expect("the runtime keeps a replayed connection open"));
        }
        assert_eq!(self.channels().await, open);
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
        between.withstands(Behaviour::FlipAt(at)).await;
    }
    between.relay.behave(Behaviour::Carry);
    between.recovers().await;
}

#[tokio::test]
async fn doubled_bytes_open_no_channel() {
    let between = Between::new(Behaviour::Double).await;
    between.withstands(Behaviour::Double).await;
    between.relay.behave(Behaviour::Carry);
    between.recovers().await;
}

#[tokio::test]
async fn a_connection_cut_in_its_handshake_is_dialled_again() {
    let between = Between::new(Behaviour::CutAt(2_000)).await;
    between.withstands(Behaviour::CutAt(2_000)).await;
    between.relay.behave(Behaviour::Carry);
    between.recovers().await;
}

#[tokio::test]
async fn a_network_that_swallows_everything_ends_in_an_answer() {
    let between = Between::new(Behaviour::Swallow).await;
    between.withstands(Behaviour::Swallow).await;
    between.relay.behave(Behaviour::Carry);
    between.recovers().await;
}

#[tokio::test]
async fn a_recorded_connection_played_again_reaches_nobody() {
    let between = Between::new(Behaviour::Carry).await;
    assert!(between.answers().await);
    between.withstands_a_replay().await;
}

#[tokio::test]
async fn a_hostile_network_namespace_between_two_runtimes_opens_no_channel_and_loses_none() {
    let Some(namespace) = Namespace::new().map(Arc::new) else { return };
    let relay = Relay::start_in(&namespace, Behaviour::Swallow);
    let devnet = Devnet::start(Agents::Rust).await.unwrap();
    let between = Between::over(devnet, relay, namespace.near).await;
    for behaviour in [
        Behaviour::Swallow,
        Behaviour::FlipAt(700),
        Behaviour::FlipAt(2_000),
        Behaviour::Double,
        Behaviour::CutAt(2_000),
    ] {
        between.withstands(behaviour).await;
    }
    between.relay.behave(Behaviour::Slow(97, Duration::from_millis(2)));
    between.recovers().await;
    between.withstands_a_replay().await;
    assert!(between.answers().await, "the channel that was there is there");
}

#[tokio::test]
async fn a_runtime_cut_off_from_its_verifier_loses_its_peers_when_its_lease_ends() {
    let host = Host::start(Agents::Rust).await.unwrap();
    let verifier = Verifier::with_lease(&host, Duration::from_secs(4)).await.unwrap();
    let relay = Relay::start(Behaviour::Carry).await;
    let devnet = Devnet { host, verifier };
    let between = Between::over(devnet, relay, Ipv4Addr::LOCALHOST.into()).await;
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

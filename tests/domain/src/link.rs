//! Two rustls connections back to back, in memory, and sessions over them.

use core::ops::DerefMut;
use std::sync::Arc;

use cloister_channel::session::{Misuse, PeerProven, SessionError};
use cloister_channel::tls::HandshakeError;
use cloister_channel::{
    AgentName, Credentials, Decision, Established, Event, Handshake, KeyExchange, Session,
    TrustBundle, client_config, server_config, server_name,
};
use rustls::pki_types::UnixTime as TlsTime;
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, ServerConfig, ServerConnection, SideData,
};

use crate::world::{NOW, World};

/// A clock that stands still at the tests' present.
#[derive(Debug)]
pub struct Still;

impl TimeProvider for Still {
    fn current_time(&self) -> Option<TlsTime> {
        Some(TlsTime::since_unix_epoch(core::time::Duration::from_secs(NOW.as_secs())))
    }
}

/// A genuine dialler's configuration.
pub fn dialler(world: &World, local: &Credentials) -> Arc<ClientConfig> {
    client_config(local, &world.trust(), KeyExchange::PostQuantum, Arc::new(Still)).unwrap()
}

/// A genuine listener's configuration.
pub fn listener(world: &World, local: &Credentials) -> Arc<ServerConfig> {
    server_config(local, &world.trust(), KeyExchange::PostQuantum, Arc::new(Still)).unwrap()
}

/// One TLS connection, both ends.
#[derive(Debug)]
pub struct Link {
    /// The end that dialled.
    pub client: ClientConnection,
    /// The end that accepted.
    pub server: ServerConnection,
    carried: usize,
}

impl Link {
    /// Runs a handshake to its end.
    pub fn new(
        world: &World,
        client: Arc<ClientConfig>,
        server: Arc<ServerConfig>,
    ) -> Result<Self, rustls::Error> {
        let client = ClientConnection::new(client, server_name(&world.domain)).unwrap();
        Self::over(client, ServerConnection::new(server).unwrap())
    }

    /// Between two given ends, which need not be runtimes.
    pub fn over(client: ClientConnection, server: ServerConnection) -> Result<Self, rustls::Error> {
        let mut link = Self { client, server, carried: 0 };
        link.run()?;
        assert!(!link.client.is_handshaking() && !link.server.is_handshaking());
        Ok(link)
    }

    /// Between two genuine runtimes.
    pub fn genuine(world: &World, client: &Credentials, server: &Credentials) -> Self {
        Self::new(world, dialler(world, client), listener(world, server)).unwrap()
    }

    /// Both ends' verdicts on this connection between the genuine runtimes `a` and `b`.
    pub fn established(
        &self,
        a: &Arc<Credentials>,
        b: &Arc<Credentials>,
        trust: &Arc<TrustBundle>,
    ) -> (Established, Established) {
        let mut initiator = self.initiator(a, trust, b.agent().clone());
        let mut responder = self.responder(b, trust);
        proven(&mut responder, &sent(&mut initiator)).unwrap();
        accept(&mut responder);
        proven(&mut initiator, &sent(&mut responder)).unwrap();
        accept(&mut initiator);
        responder.handle_bytes(b"P", NOW).unwrap();
        (established(&mut initiator), established(&mut responder))
    }

    /// Carries TLS records both ways until neither side has any left.
    pub fn run(&mut self) -> Result<(), rustls::Error> {
        while self.client.wants_write() || self.server.wants_write() {
            self.carried += carry(&mut self.client, &mut self.server)?;
            self.carried += carry(&mut self.server, &mut self.client)?;
        }
        Ok(())
    }

    /// Bytes of TLS records that were carried, both ways together.
    pub const fn carried(&self) -> usize {
        self.carried
    }

    /// The facts of the handshake at the end that dialled.
    pub fn client_handshake(&self) -> Result<Handshake, HandshakeError> {
        Handshake::client(&self.client, KeyExchange::PostQuantum)
    }

    /// The facts of the handshake at the end that accepted.
    pub fn server_handshake(&self) -> Result<Handshake, HandshakeError> {
        Handshake::server(&self.server, KeyExchange::PostQuantum)
    }

    /// A genuine initiator on this connection.
    pub fn initiator(
        &self,
        local: &Arc<Credentials>,
        trust: &Arc<TrustBundle>,
        intended: AgentName,
    ) -> Session {
        let handshake = self.client_handshake().unwrap();
        Session::initiator(Arc::clone(local), Arc::clone(trust), handshake, intended, NOW).unwrap()
    }

    /// A genuine responder on this connection.
    pub fn responder(&self, local: &Arc<Credentials>, trust: &Arc<TrustBundle>) -> Session {
        let handshake = self.server_handshake().unwrap();
        Session::responder(Arc::clone(local), Arc::clone(trust), handshake, NOW).unwrap()
    }
}

/// Carries everything that one end has to say to the other.
fn carry<A, B>(
    from: &mut impl DerefMut<Target = ConnectionCommon<A>>,
    to: &mut impl DerefMut<Target = ConnectionCommon<B>>,
) -> Result<usize, rustls::Error>
where
    A: SideData,
    B: SideData,
{
    let mut records = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut records).unwrap();
    }
    let mut input = records.as_slice();
    while !input.is_empty() {
        to.read_tls(&mut input).unwrap();
        to.process_new_packets()?;
    }
    Ok(records.len())
}

/// What a session wants to send, all of it.
pub fn sent(session: &mut Session) -> Vec<u8> {
    std::iter::from_fn(|| session.poll_transmit()).flatten().collect()
}

/// Gives bytes to a session at the present and expects it to say that the peer is proven.
pub fn proven(session: &mut Session, bytes: &[u8]) -> Result<PeerProven, SessionError> {
    session.handle_bytes(bytes, NOW).unwrap();
    match session.poll_event() {
        Some(Event::PeerProven(proven)) => Ok(*proven),
        Some(Event::Refused(error)) => Err(error),
        other => panic!("expected a proof's outcome, got {other:?}"),
    }
}

/// Gives bytes to a session and expects nothing to come of them yet.
pub fn quiet(session: &mut Session, bytes: &[u8]) {
    session.handle_bytes(bytes, NOW).unwrap();
    assert!(session.poll_event().is_none() && session.poll_transmit().is_none());
}

/// The refusal that a session ended with.
pub fn refusal(session: &mut Session) -> SessionError {
    let Some(Event::Refused(error)) = session.poll_event() else { panic!("not refused") };
    assert!(session.poll_transmit().is_none(), "a refusal says nothing to the peer");
    assert!(session.poll_event().is_none() && session.deadline().is_none());
    assert_eq!(session.handle_bytes(b"more", NOW), Err(Misuse::Over));
    error
}

/// The verdict that a session reached.
pub fn established(session: &mut Session) -> Established {
    match session.poll_event() {
        Some(Event::Established(verdict)) => *verdict,
        other => panic!("expected a verdict, got {other:?}"),
    }
}

/// Accepts, now.
pub fn accept(session: &mut Session) {
    session.decide(Decision::Accept, NOW).unwrap();
}

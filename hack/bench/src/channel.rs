//! A new channel against a plain TLS connection: both are mutual TLS 1.3 with P-256 certificates
//! and X25519MLKEM768, both ends of each run in one thread and in memory.

mod idle;
mod plain;

use std::io::{ErrorKind, Read, Write as _};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use cloister_channel::{Credentials, Established, TrustBundle};
use cloister_domain::link::{Link, accept, dialler, established, listener, proven, sent};
use cloister_domain::world::{NOW, World};
use rustls::{ClientConfig, ServerConfig};

pub(crate) use idle::memory;
use plain::Plain;

use crate::timing::{Measured, pairs};

const INPUT: &str = "P-256, X25519MLKEM768";

/// Two runtimes of one trust domain, with everything that outlives a channel: their leases, what
/// they trust, and their TLS configurations.
pub(crate) struct Pair {
    pub(crate) world: World,
    pub(crate) a: Arc<Credentials>,
    pub(crate) b: Arc<Credentials>,
    pub(crate) trust: Arc<TrustBundle>,
    pub(crate) dialler: Arc<ClientConfig>,
    pub(crate) listener: Arc<ServerConfig>,
}

/// A channel with both ends' verdicts.
struct Channel {
    link: Link,
    _verdicts: (Established, Established),
}

impl Pair {
    pub(crate) fn new() -> Self {
        let world = World::new();
        let (a, b) = (world.runtime("a"), world.runtime("b"));
        let (dialler, listener) = (dialler(&world, &a), listener(&world, &b));
        Self { trust: Arc::new(world.trust()), dialler, listener, a, b, world }
    }

    /// A whole channel: TLS, both proofs over it, both verdicts, and the first application byte.
    fn open(&self) -> Result<Channel> {
        let (dialler, listener) = (Arc::clone(&self.dialler), Arc::clone(&self.listener));
        let mut link = Link::new(&self.world, dialler, listener)?;
        let mut initiator = link.initiator(&self.a, &self.trust, self.b.agent().clone());
        let mut responder = link.responder(&self.b, &self.trust);
        let proof = to_server(&mut link, &sent(&mut initiator))?;
        proven(&mut responder, &proof)?;
        accept(&mut responder);
        let proof = to_client(&mut link, &sent(&mut responder))?;
        proven(&mut initiator, &proof)?;
        accept(&mut initiator);
        let first = to_server(&mut link, b"P")?;
        responder.handle_bytes(&first, NOW)?;
        let _verdicts = (established(&mut initiator), established(&mut responder));
        Ok(Channel { link, _verdicts })
    }
}

/// CPU time of a new channel over that of a plain connection.
pub(crate) fn handshake() -> Result<Measured> {
    let pair = Pair::new();
    let plain = Plain::new(&pair.world)?;
    pairs(INPUT.to_owned(), || pair.open().map(drop), || plain.connect().map(drop))
}

/// How many more bytes travel, both ways together, until application bytes may.
pub(crate) fn bytes() -> Result<Measured> {
    let pair = Pair::new();
    let (own, plain) = (pair.open()?, Plain::new(&pair.world)?.connect()?);
    let (own, plain) = (own.link.carried(), plain.carried());
    let added = own.checked_sub(plain).context("a channel takes fewer bytes than plain TLS")?;
    let input = format!("{own} bytes over {plain}");
    Ok(Measured::size(u32::try_from(added)?.into(), KIB, input))
}

const KIB: f64 = 1024.0;
const GIB: usize = 1 << 30;
/// What is written at a time: two TLS records.
const PIECE: usize = 32 * 1024;

/// Time for 1 GiB from one end to the other over that of a plain connection.
pub(crate) fn throughput() -> Result<Measured> {
    let pair = Pair::new();
    let mut own = pair.open()?.link;
    let mut plain = Plain::new(&pair.world)?.connect()?;
    let suite = own.client.negotiated_cipher_suite().context("a finished handshake")?;
    let input = format!("1 GiB, {:?}", suite.suite());
    pairs(input, || stream(&mut own), || stream(&mut plain))
}

fn stream(link: &mut Link) -> Result<()> {
    let piece = vec![0x5a; PIECE];
    let mut received = vec![0; PIECE];
    for _ in 0..GIB / PIECE {
        link.client.writer().write_all(&piece)?;
        link.run()?;
        link.server.reader().read_exact(&mut received)?;
    }
    ensure!(received == piece, "other bytes arrived");
    Ok(())
}

fn to_server(link: &mut Link, bytes: &[u8]) -> Result<Vec<u8>> {
    link.client.writer().write_all(bytes)?;
    link.run()?;
    arrived(&mut link.server.reader())
}

fn to_client(link: &mut Link, bytes: &[u8]) -> Result<Vec<u8>> {
    link.server.writer().write_all(bytes)?;
    link.run()?;
    arrived(&mut link.client.reader())
}

/// What is there to be read.
fn arrived(reader: &mut impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match reader.read_to_end(&mut bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(bytes),
        Err(error) => Err(error.into()),
        Ok(_) => anyhow::bail!("the connection ended"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Pair, Plain};

    #[test]
    fn a_channel_takes_more_bytes_than_plain_tls_and_both_carry_data() {
        let pair = Pair::new();
        let plain = Plain::new(&pair.world).unwrap().connect().unwrap();
        let channel = pair.open().unwrap();
        assert!(channel.link.carried() > plain.carried());
        for mut link in [channel.link, plain] {
            assert_eq!(super::to_server(&mut link, b"data").unwrap(), b"data");
            assert_eq!(super::to_client(&mut link, b"data").unwrap(), b"data");
        }
    }
}

//! A network between two runtimes that does what a test tells it to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::namespace::Namespace;

/// What becomes of the connections that are made from now on. Offsets are in what the dialling side
/// sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    Carry,
    /// Carries so many bytes at a time, both ways, with a pause before each.
    Slow(usize, Duration),
    /// Takes everything and carries nothing.
    Swallow,
    /// Ends the connection before this byte.
    CutAt(usize),
    /// Flips a bit of this byte.
    FlipAt(usize),
    /// Carries everything twice.
    Double,
}

/// A TCP relay on a port of its own.
#[derive(Debug)]
pub(crate) struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    behaviour: Mutex<Behaviour>,
    /// Where connections go; nowhere before it is known.
    target: Mutex<Option<SocketAddr>>,
    /// What each dialling side sent, connection by connection.
    recorded: Mutex<Vec<Vec<u8>>>,
}

impl Relay {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared::new(behaviour);
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared }
    }

    /// In a network namespace of its own, on a thread that stays there.
    pub(crate) fn start_in(namespace: &Arc<Namespace>, behaviour: Behaviour) -> Self {
        let (shared, namespace) = (Shared::new(behaviour), Arc::clone(namespace));
        let (bound, address) = std::sync::mpsc::channel();
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            namespace.enter();
            let far = namespace.far;
            // The thread stays; whoever made the namespace removes it.
            drop(namespace);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let listener = TcpListener::bind((far, 0)).await.unwrap();
                bound.send(listener.local_addr().unwrap()).unwrap();
                accept(listener, own).await;
            });
        });
        Self { address: address.recv().unwrap(), shared }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn lead_to(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap() = Some(target);
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().unwrap() = behaviour;
    }

    /// What the dialling side of each connection has sent so far.
    pub(crate) fn recorded(&self) -> Vec<Vec<u8>> {
        self.shared.recorded.lock().unwrap().clone()
    }
}

impl Shared {
    fn new(behaviour: Behaviour) -> Arc<Self> {
        Arc::new(Self {
            behaviour: Mutex::new(behaviour),
            target: Mutex::new(None),
            recorded: Mutex::new(Vec::new()),
        })
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((near, _)) = listener.accept().await {
        let behaviour = *shared.behaviour.lock().unwrap();
        let target = *shared.target.lock().unwrap();
        let number = {
            let mut recorded = shared.recorded.lock().unwrap();
            recorded.push(Vec::new());
            recorded.len() - 1
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A connection that breaks is what many tests are about.
            let Some(target) = target else { return };
            let Ok(far) = TcpStream::connect(target).await else { return };
            let (near_in, near_out) = near.into_split();
            let (far_in, far_out) = far.into_split();
            let there = there(near_in, far_out, behaviour, &shared, number);
            let back = back(far_in, near_out, behaviour);
            tokio::select! {
                () = there => {}
                () = back => {}
            }
        });
    }
}

/// From the dialling side to the other.
async fn there(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    behaviour: Behaviour,
    shared: &Shared,
    number: usize,
) {
    let (mut buffer, mut offset) = (vec![0; 64 * 1024], 0);
    while let Ok(len @ 1..) = from.read(&mut buffer).await {
        let bytes = &mut buffer[..len];
        shared.recorded.lock().unwrap()[number].extend_from_slice(bytes);
        let (start, end) = (offset, offset + len);
        offset = end;
        let sent = match behaviour {
            Behaviour::Carry => to.write_all(bytes).await,
            Behaviour::Slow(piece, pause) => slowly(&mut to, bytes, piece, pause).await,
            Behaviour::Swallow => Ok(()),
            Behaviour::CutAt(at) if at < end => {
                drop(to.write_all(&bytes[..at.saturating_sub(start)]).await);
                return;
            }
            Behaviour::CutAt(_) => to.write_all(bytes).await,
            Behaviour::FlipAt(at) => {
                if (start..end).contains(&at) {
                    bytes[at - start] ^= 1;
                }
                to.write_all(bytes).await
            }
            Behaviour::Double => to.write_all(&[&*bytes, &*bytes].concat()).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, behaviour: Behaviour) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(len @ 1..) = from.read(&mut buffer).await {
        let bytes = &buffer[..len];
        let sent = match behaviour {
            Behaviour::Slow(piece, pause) => slowly(&mut to, bytes, piece, pause).await,
            Behaviour::Swallow => Ok(()),
            Behaviour::Carry | Behaviour::CutAt(_) | Behaviour::FlipAt(_) | Behaviour::Double => {
                to.write_all(bytes).await
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn slowly(
    to: &mut OwnedWriteHalf,
    bytes: &[u8],
    piece: usize,
    pause: Duration,
) -> std::io::Result<()> {
    for piece in bytes.chunks(piece) {
        tokio::time::sleep(pause).await;
        to.write_all(piece).await?;
        to.flush().await?;
    }
    Ok(())
}

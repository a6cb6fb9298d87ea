//! A network in the middle: passes bytes on until it is told to lose them.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Relays connections to wherever it is pointed.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    target: watch::Sender<Option<SocketAddr>>,
    silent: watch::Sender<bool>,
}

impl Relay {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (target, silent) = (watch::Sender::new(None), watch::Sender::new(false));
        tokio::spawn(accept(listener, target.subscribe(), silent.subscribe()));
        Self { address, target, silent }
    }

    /// Where connections lead from now on.
    pub(crate) fn point(&self, target: SocketAddr) {
        self.target.send_replace(Some(target));
    }

    /// Loses every byte from now on, without closing anything.
    pub(crate) fn fall_silent(&self) {
        self.silent.send_replace(true);
    }
}

async fn accept(
    listener: TcpListener,
    mut target: watch::Receiver<Option<SocketAddr>>,
    silent: watch::Receiver<bool>,
) {
    while let Ok((near, _)) = listener.accept().await {
        let target = target.wait_for(Option::is_some).await.unwrap().unwrap();
        let (near_read, near_write) = near.into_split();
        let (far_read, far_write) = TcpStream::connect(target).await.unwrap().into_split();
        tokio::spawn(pass(near_read, far_write, silent.clone()));
        tokio::spawn(pass(far_read, near_write, silent.clone()));
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, silent: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let lost = *silent.borrow();
        if !lost && to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    // Losing bytes includes losing the end.
    if *silent.borrow() {
        core::future::pending::<()>().await;
    }
}

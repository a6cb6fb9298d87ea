//! The one port: TLS 1.3, HTTP/1.1 and HTTP/2, gRPC and JSON.

mod connection;
mod listener;
mod requests;
mod tls;

pub(crate) use connection::PeerCertificate;
pub(crate) use listener::Listener;
pub(crate) use requests::router;
pub(crate) use tls::config;

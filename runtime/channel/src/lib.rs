//! The attested channel: before one application byte moves, both ends know which measured image,
//! on which hardware, under which policy, holds the other end of this very TLS connection.
//!
//! ```text
//!   lease request --Verifier--> lease + certificate + trust bundle
//!                                   |
//!   TLS 1.3, mutual, post-quantum   |  tls: chain, dates, SVID, handshake signature
//!                                   v
//!   session proof, both ways  ------+  session: lease, keys, exporter, intended agent
//!                                   v
//!   PeerProven --decide--> Established     and only then HTTP
//!                                   |
//!   renewal, either way  -----------+  life: new lease, same runtime, this very channel
//!
//!   TLS 1.3, no client certificate --> greeting, proof --> visit: one side proves itself
//! ```
//!
//! Everything here is a function of bytes, given time and decisions: no socket, no clock, no task,
//! no environment. [`session::Session`] and [`life::Life`] are driven by their caller; [`tls`]
//! configures rustls, which is driven by its caller as well.
//!
//! What this crate deliberately does not do: decide who may connect (that is policy's answer to
//! [`session::Event::PeerProven`] and [`life::Event::PeerRenewed`]), appraise Evidence (a Verifier
//! did, and its lease says so), carry HTTP, or tell a peer why it was refused.
//!
//! Read first: [`session::Session`], [`life::Life`] and [`lease::VerifiedLease`].
#![forbid(unsafe_code)]

pub mod card;
mod cbor;
mod code;
pub mod credentials;
pub mod delegation;
pub mod document;
mod frame;
pub mod identity;
pub mod lease;
pub mod life;
pub mod limits;
pub mod name;
pub mod peer;
pub mod publication;
mod remembered;
pub mod request;
pub mod session;
pub mod spiffe;
pub mod svid;
pub mod tls;
pub mod trust;
pub mod visit;

pub use card::{CardSigner, Voucher};
pub use code::codes;
pub use credentials::Credentials;
pub use document::Document;
pub use identity::{ChannelKey, IdentityKey, PublicKey, Signature};
pub use lease::{LeaseClaims, LeaseSigner, VerifiedLease};
pub use life::Life;
pub use name::{AgentName, InstanceId, TrustDomain};
pub use peer::Peer;
pub use request::{LeaseProofs, LeaseRequest};
pub use session::{Decision, Established, Event, Role, Session};
pub use spiffe::SpiffeId;
pub use svid::Svid;
pub use tls::{
    Demands, Freshness, Handshake, KeyExchange, client_config, server_config, server_name,
};
pub use trust::TrustBundle;

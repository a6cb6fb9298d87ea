//! Fetches what AMD and Intel publish about their processors, verifies it, and keeps it.
//!
//! ```text
//!  Need --> memory --> ContentStore --> one request a key --> Publication::verify --> kept
//!             |             |            host open? not          signed, current,
//!             '--- fresh ---'            just refused?           what was asked for
//! ```
//!
//! Nothing on the way is trusted: not the network, not a mirror, not the store. What comes out was
//! verified by [`cloister_attestation::publication`] up to a pinned root in this process, and a
//! document that is kept is never replaced by one that is not, or that is older.
//!
//! What this crate deliberately does not do: follow a redirect or an address inside a certificate,
//! retry on its own, read a clock (the time is an argument), or decide whether Evidence is good.
//!
//! Read first: [`Fetcher`] and [`Settings`].
#![forbid(unsafe_code)]

mod absent;
mod client;
mod code;
mod completion;
mod counts;
mod error;
mod fetcher;
mod flight;
mod host;
pub mod limits;
mod memory;
mod origin;
mod retry_after;
mod settings;
mod store;

pub use code::codes;
pub use completion::{Completion, Failure};
pub use counts::{Counts, Tally};
pub use error::FetchError;
pub use fetcher::Fetcher;
pub use origin::{Origin, OriginError};
pub use settings::{Endpoint, Settings};
pub use store::{ContentStore, Entry, FolderStore, MemoryStore, StoreError};

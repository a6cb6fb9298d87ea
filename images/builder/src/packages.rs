//! Packages of the distribution: pinned by a lock file, fetched by the machine's own package
//! client, kept in a cache, and never installed.
//!
//! ```text
//!  packages.toml --refresh--> packages.lock.toml --Cache::fetch--> CACHE/packages/SHA256.deb
//!  (what is wanted)           (name, version, SHA-256)             CACHE/trees/SHA256/  (unpacked)
//! ```
//!
//! Where packages come from, the machine's own sources say; what they are, the lock file says. A
//! package with another digest than the lock file's is never used, wherever it came from. What was
//! unpacked is compared with what it was then each time it is used, and unpacked anew if it differs.

mod apt;
mod cache;
mod contents;
mod error;
mod lock;
mod refresh;
mod sources;
mod wanted;

pub use cache::Cache;
pub use error::{CODES, PackageError};
pub use lock::{Lock, Package};
pub use refresh::refresh;
pub use wanted::{Group, Needs, Wanted};

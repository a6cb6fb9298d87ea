//! A small TPM 2.0 client: as many commands as collecting Evidence takes.
//!
//! ```text
//!  Tpm::quote, nv_read, .. --Command--> bytes --Transport--> bytes --Response--> parsed exactly
//! ```
//!
//! What a TPM answers is hostile input like any other: the host can be the one who answers. Every
//! response is bounded before it is read, has to be as long as it says, of the kind that was asked
//! for, and without a byte more than its fields.
//!
//! What this module deliberately does not do: sessions with secrets (everything here is authorized
//! by the empty password), objects, policies, or judging what was read.
//!
//! SPEC: TCG, Trusted Platform Module Library, revision 1.59, Part 1 (architecture), Part 2
//! (structures) and Part 3 (commands).

mod client;
mod command;
mod error;
mod nv;
mod pcr;
mod rc;
mod response;
mod transport;

pub use client::{SignedAttest, Tpm};
pub use command::Command;
pub use error::TpmError;
pub use nv::NvPublic;
pub use pcr::Selection;
pub use rc::ResponseCode;
pub use response::Response;
pub use transport::{Connect, Device, Transport};

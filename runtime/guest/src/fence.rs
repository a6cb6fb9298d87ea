//! The fence around the agent: what it may see, run, write to and speak with.
//!
//! ```text
//!  runtime --> OUTSIDE: control group, network and other new namespaces
//!                 |
//!                 '--> INSIDE (process 1 of the agent's namespace): root of its own, no privileges,
//!                         |      Landlock, system calls; reaps
//!                         '--> the agent
//! ```
//!
//! Both steps are the runtime's own program, started again: a process that has one thread and has
//! not begun anything can restrict itself without a race. What holds the agent is not one of these
//! means but each of them: a file that is not declared does not exist in its root, and may not be
//! opened if it did.
//!
//! # Security
//! Denied and visible: system calls of [`syscalls`] that no agent needs end the process that makes
//! them, and the kernel logs it ([`kernel_log`]); connections without a route, refused processes and
//! memory are counted by the kernel ([`Namespace::unrouted`], [`group::Group::refusals`]). Denied and
//! not visible: files that do not exist in the agent's root or that Landlock refuses, ports that it
//! may not bind, and system calls that are merely unknown, which answer `ENOSYS`.

mod error;
mod files;
pub mod group;
mod inside;
pub mod kernel_log;
mod namespace;
mod outside;
mod plan;
mod privileges;
mod root;
pub mod syscalls;
mod table;

pub use error::{CODES, FenceError};
pub use inside::inside;
pub use namespace::Namespace;
pub use outside::outside;
pub use plan::{Plan, Scratch};

/// The first argument by which the runtime's program knows that it is the step outside.
pub const OUTSIDE: &str = "__fence-outside";

/// The first argument by which it knows that it is the step inside.
pub const INSIDE: &str = "__fence-inside";

/// A variable by which the allocator of the step inside reserves nothing beforehand: the gigabyte
/// that it would otherwise have counts against the agent's memory where there is no control group.
const RESERVE: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "0");

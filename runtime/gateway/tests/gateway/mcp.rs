//! Tool servers: what is carried, what is refused, and who finds out what.

mod classes;
mod heard;
mod lists;
mod parameters;
mod pins;
pub(crate) mod server;
mod streams;

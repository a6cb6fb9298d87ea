//! Tool servers: what is carried, what is refused, and who finds out what.

mod classes;
mod lists;
pub(crate) mod server;

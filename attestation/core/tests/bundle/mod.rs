//! Bundles: what is accepted, and everything that is refused.

mod contents;
mod evidence;
mod fleet;
mod hostile;
mod recorded;
mod signature;

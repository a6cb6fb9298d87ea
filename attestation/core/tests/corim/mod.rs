//! CoRIM: one image round and round, forged and foreign ones, and recorded samples.

pub(crate) mod world;

mod profile;
mod properties;
mod recorded;
mod rim_validity;
mod signature;

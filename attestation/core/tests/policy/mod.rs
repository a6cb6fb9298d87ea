//! Policies as documents: what reads, what a template says, and that asking for more never gives
//! more.

mod document;
mod machines;
mod monotone;
mod template;
mod tree;

//! Documents as the vendors' services publish them.

mod foreseen;
mod recorded;
mod simulated;

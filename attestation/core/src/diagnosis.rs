//! Diagnosis: which measured component differs, and which part of a TCB is short.
//!
//! ```text
//!  Evidence ------> Measured --+
//!  Evidence, or                +--compare--> Difference, explained event by event
//!  Reference Value -> Measured-+
//!
//!  TCB, floor or collateral ---------------> Shortfall: component, have, need, what carries it
//! ```
//!
//! For people who have to mend something. Nothing here admits or refuses anything, and Evidence
//! is compared as received: whether it is genuine is for [`crate::verify`].
//!
//! Read first: [`Measured`] and [`compare`].

mod comparison;
mod events;
mod measured;
mod shortfall;

pub use comparison::{Difference, Explanation, compare, compare_with_nearest};
pub use events::{Change, EventChange};
pub use measured::{Field, Measured};
pub use shortfall::{Component, Label, Shortfall, SnpComponent, TcbGap};

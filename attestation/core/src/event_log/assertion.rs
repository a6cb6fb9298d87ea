//! What a register vouches for, event by event.

use core::fmt;
use core::ops::Range;

/// What is known about one event of a log whose replay gives the registers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Assertion {
    /// The digest is in the register, and these bytes of the payload are what it is the hash of.
    /// What lies outside of them (a terminator, a prefix) is vouched for by nobody.
    Payload(Range<usize>),
    /// The digest is in the register. It is of something that the log does not hold: the payload
    /// is a name that whoever wrote the log gave it.
    DigestOnly,
    /// Nothing: the event was never extended.
    NotExtended,
    /// Nothing: no quote vouches for the event's register, or any software can reset it.
    Unquoted,
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Payload(_) => "payload",
            Self::DigestOnly => "digest only",
            Self::NotExtended => "not extended",
            Self::Unquoted => "not quoted",
        })
    }
}

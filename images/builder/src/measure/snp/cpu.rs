//! Types of virtual processors, as far as a launch digest depends on them: their signature.

use core::fmt;

use serde::{Deserialize, Deserializer};

/// `CPUID Fn0000_0001_EAX` of a family, model and stepping.
// SPEC: AMD 24594, Appendix E.3.2.
const fn signature(family: u32, model: u32, stepping: u32) -> u32 {
    let (base, extended) = if family > 0xf { (0xf, family - 0xf) } else { (family, 0) };
    extended << 20 | (model >> 4) << 16 | base << 8 | (model & 0xf) << 4 | stepping
}

/// QEMU's names of AMD processors, without the number of a revision.
// SPEC: QEMU, target/i386/cpu.c, `builtin_x86_defs`.
const FAMILIES: [(&str, u32); 6] = [
    ("EPYC", signature(23, 1, 2)),
    ("EPYC-IBPB", signature(23, 1, 2)),
    ("EPYC-Rome", signature(23, 49, 0)),
    ("EPYC-Milan", signature(25, 1, 1)),
    ("EPYC-Genoa", signature(25, 17, 0)),
    ("EPYC-Turin", signature(26, 0, 0)),
];

/// A type of virtual processor: QEMU's name of it. Revisions of one type have one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu {
    name: &'static str,
    revision: Option<u8>,
    signature: u32,
}

impl Cpu {
    /// By QEMU's name, with or without a revision: `EPYC-v4`, `EPYC-Genoa`. `None` for another.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let (family, revision) = match name.rsplit_once("-v") {
            Some((family, revision)) => (family, Some(digit(revision)?)),
            None => (name, None),
        };
        let (name, signature) = FAMILIES.iter().copied().find(|(it, _)| *it == family)?;
        Some(Self { name, revision, signature })
    }

    /// What it says of itself: family, model and stepping.
    #[must_use]
    pub const fn signature(self) -> u32 {
        self.signature
    }
}

fn digit(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [digit @ b'1'..=b'9'] => Some(digit - b'0'),
        _ => None,
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.revision.map_or(Ok(()), |revision| write!(f, "-v{revision}"))
    }
}

impl<'de> Deserialize<'de> for Cpu {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{name}` is not one of QEMU's EPYC processors, as EPYC-v4 or EPYC-Genoa is"
            ))
        })
    }
}

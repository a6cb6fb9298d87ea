//! Processor generations, as AMD's key distribution names them.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::firmware::Cpuid;

/// A generation of EPYC processors with its own root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Third generation.
    Milan,
    /// Fourth generation, with Bergamo and Siena.
    Genoa,
    /// Fifth generation.
    Turin,
}

impl Product {
    /// Every product.
    pub const ALL: [Self; 3] = [Self::Milan, Self::Genoa, Self::Turin];

    /// The name in AMD's certificates and URLs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Milan => "Milan",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
        }
    }

    /// By the name in AMD's certificates.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.name() == name)
    }

    /// By the CPUID that the report carries; `None` for a generation without a pinned root.
    ///
    /// SPEC: AMD 57230 section 1.2: Siena and Bergamo (models A0h to AFh) use Genoa's keys.
    #[must_use]
    pub const fn from_cpuid(cpuid: Cpuid) -> Option<Self> {
        match (cpuid.family, cpuid.model) {
            (0x19, 0x00..=0x0f) => Some(Self::Milan),
            (0x19, 0x10..=0x1f | 0xa0..=0xaf) => Some(Self::Genoa),
            (0x1a, 0x00..=0x11) => Some(Self::Turin),
            _ => None,
        }
    }

    /// The name of a generation whose models are known and whose root is not pinned here.
    ///
    /// Once its root is: a variant above, the key and certificates in [`super::roots`], and these
    /// models in [`Self::from_cpuid`]; the compiler asks for the rest.
    pub(super) const fn name_without_root(cpuid: Cpuid) -> Option<&'static str> {
        match (cpuid.family, cpuid.model) {
            (0x1a, 0x50..=0x57 | 0x90..=0xaf | 0xc0..=0xc7) => Some("Venice"),
            _ => None,
        }
    }

    /// How many bytes of `CHIP_ID` and `hwID` identify the chip; the rest of `CHIP_ID` is zero.
    ///
    /// SPEC: AMD 57230 table 11.
    #[must_use]
    pub const fn hwid_len(self) -> usize {
        match self {
            Self::Milan | Self::Genoa => 64,
            Self::Turin => 8,
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Product;
    use crate::snp::Cpuid;

    fn of(family: u8, model: u8) -> Option<Product> {
        Product::from_cpuid(Cpuid { family, model, stepping: 1 })
    }

    #[test]
    fn models_map_to_the_generation_whose_keys_sign_for_them() {
        for (family, model, product) in [
            (0x19, 0x00, Product::Milan),
            (0x19, 0x0f, Product::Milan),
            (0x19, 0x10, Product::Genoa),
            (0x19, 0x1f, Product::Genoa),
            (0x19, 0xa0, Product::Genoa),
            (0x19, 0xaf, Product::Genoa),
            (0x1a, 0x00, Product::Turin),
            (0x1a, 0x11, Product::Turin),
        ] {
            assert_eq!(of(family, model), Some(product), "{family:#x} {model:#x}");
        }
    }

    #[test]
    fn venice_is_known_by_name_and_has_no_root() {
        let named = |family, model| {
            Product::name_without_root(Cpuid { family, model, stepping: 0 }).is_some()
        };
        for (first, last) in [(0x50, 0x57), (0x90, 0xaf), (0xc0, 0xc7)] {
            for model in [first, last] {
                assert!(named(0x1a, model) && of(0x1a, model).is_none(), "{model:#x}");
            }
            for (family, model) in [(0x1a, first - 1), (0x1a, last + 1), (0x19, first)] {
                assert!(!named(family, model), "{family:#x} {model:#x}");
            }
        }
    }

    #[test]
    fn unknown_models_map_to_nothing() {
        for (family, model) in
            [(0x17, 0x31), (0x19, 0x20), (0x19, 0x9f), (0x19, 0xb0), (0x1a, 0x12), (0, 0)]
        {
            assert_eq!(of(family, model), None, "{family:#x} {model:#x}");
        }
    }
}

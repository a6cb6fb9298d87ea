//! Predicted and measured, side by side.

use core::fmt;

use anyhow::{Context as _, Result};
use cloister_attestation::bytes::Digest48;
use serde::Serialize;

use crate::component::{Component, explain};
use crate::handed::Handed;
use crate::tee::Measured;

/// A register's name and value.
pub type Register = (&'static str, Digest48);

/// One register on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The specification's name.
    pub register: &'static str,
    /// What the calculators say of the image.
    pub predicted: Digest48,
    /// What the software TEE measured of what it was handed.
    pub measured: Digest48,
}

/// Every register that was predicted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The registers.
    pub registers: Vec<Row>,
    /// The components that the difference comes from: empty where there is none, `None` where they
    /// do not explain it.
    pub components: Option<Vec<Component>>,
}

impl Comparison {
    /// Compares what `predict` says of `image` with what was `measured` of `handed`.
    pub fn of(
        image: &Handed,
        handed: &Handed,
        measured: &Measured,
        predict: impl Fn(&Handed) -> Result<Vec<Register>>,
    ) -> Result<Self> {
        let measured = measured.registers();
        let beside = |(register, predicted): Register| {
            let found = measured.iter().find(|(name, _)| *name == register);
            found.map(|(_, measured)| Row { register, predicted, measured: *measured })
        };
        let registers: Option<Vec<Row>> = predict(image)?.into_iter().map(beside).collect();
        let registers =
            registers.context("a register was predicted that the software TEE does not have")?;
        let observed: Vec<Register> =
            registers.iter().map(|row| (row.register, row.measured)).collect();
        let components = explain(image, handed, &observed, |mixed| predict(mixed).ok());
        Ok(Self { registers, components })
    }

    /// Whether every register is as predicted.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.registers.iter().all(|row| row.predicted == row.measured)
    }
}

/// How much of a digest is shown: what tells two apart.
const SHOWN: usize = 26;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        heading(f)?;
        for Row { register, predicted, measured } in &self.registers {
            side_by_side(f, register, &predicted.to_string(), &measured.to_string())?;
        }
        named(f, self.components.as_deref())
    }
}

/// The first line of a table.
pub(crate) fn heading(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "{:12} {:27} {:27}", "register", "predicted", "measured")
}

/// The line of one register, with its values as hex.
pub(crate) fn side_by_side(
    f: &mut fmt::Formatter<'_>,
    register: &str,
    predicted: &str,
    measured: &str,
) -> fmt::Result {
    let same = if predicted == measured { "same" } else { "DIFFERS" };
    let [predicted, measured] = [predicted, measured].map(shortened);
    writeln!(f, "{register:12} {predicted} {measured} {same}")
}

/// What the difference comes from, as a line behind the table.
pub(crate) fn named<C: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    components: Option<&[C]>,
) -> fmt::Result {
    match components {
        Some([]) => Ok(()),
        Some(components) => {
            let names: Vec<_> = components.iter().map(ToString::to_string).collect();
            writeln!(f, "handed over changed: {}", names.join(", "))
        }
        None => writeln!(f, "no component explains the difference"),
    }
}

fn shortened(hex: &str) -> String {
    format!("{}…", hex.get(..SHOWN).unwrap_or(hex))
}

#[cfg(test)]
mod tests {
    use anyhow::Result;
    use cloister_attestation::bytes::Digest48;

    use super::{Comparison, Register};
    use crate::component::Component;
    use crate::handed::Handed;
    use crate::tee::Measured;

    fn image() -> Handed {
        let cmdline = "quiet".to_owned();
        Handed { firmware: vec![1], kernel: vec![2], initrd: vec![3], cmdline }
    }

    fn digest(of: &Handed) -> Digest48 {
        let parts = [&of.firmware, &of.kernel, &of.initrd, of.cmdline.as_bytes()];
        Digest48::sha384(&parts.map(<[u8]>::to_vec).concat())
    }

    fn predict(of: &Handed) -> Result<Vec<Register>> {
        Ok(vec![("MEASUREMENT", digest(of))])
    }

    fn compared(handed: &Handed) -> Comparison {
        let measured = Measured::Snp(digest(handed));
        Comparison::of(&image(), handed, &measured, predict).unwrap()
    }

    #[test]
    fn what_was_handed_over_unchanged_is_the_same_on_both_sides() {
        let comparison = compared(&image());
        assert!(comparison.agrees());
        assert_eq!(comparison.components, Some(Vec::new()));
        assert!(comparison.to_string().contains(" same\n"), "{comparison}");
    }

    #[test]
    fn a_changed_component_differs_and_is_named() {
        let comparison = compared(&Handed { initrd: vec![4], ..image() });
        assert!(!comparison.agrees());
        assert_eq!(comparison.components, Some(vec![Component::Initrd]));
        let text = comparison.to_string();
        assert!(text.contains(" DIFFERS\n") && text.contains("changed: initrd"), "{text}");
    }

    #[test]
    fn what_no_component_explains_is_said_to_be_unexplained() {
        let measured = Measured::Snp(Digest48::new([7; 48]));
        let comparison = Comparison::of(&image(), &image(), &measured, predict).unwrap();
        assert_eq!(comparison.components, None);
        assert!(comparison.to_string().contains("no component explains"));
    }

    #[test]
    fn the_table_is_at_most_80_columns_wide() {
        for line in compared(&Handed { kernel: Vec::new(), ..image() }).to_string().lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

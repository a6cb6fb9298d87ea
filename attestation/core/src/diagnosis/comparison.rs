//! Two sides, component by component.

use serde::Serialize;

use crate::diagnosis::events::{EventChange, changes};
use crate::diagnosis::measured::Measured;
use crate::event_log::{EventLog, Register, Registers};
use crate::reference::ReferenceTuple;

/// One component that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The specification's name: `MEASUREMENT`, `RTMR1`, `PCR4`.
    pub component: String,
    /// What it stands for.
    pub meaning: String,
    /// The first side's value.
    pub first: String,
    /// The second side's value.
    pub second: String,
    /// What is known about why.
    pub explanation: Explanation,
}

/// Why a component differs, as far as logs say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Explanation {
    /// One value, which no event makes up.
    Value,
    /// These events, and no others.
    Events(Vec<EventChange>),
    /// One side's log alone: at least one of these is not what the other side expects.
    OneOf(Vec<String>),
    /// Nothing; why there is no explanation.
    None(String),
}

/// Every component that both sides have and that differs. Empty means that they agree in
/// everything that both say.
#[must_use]
pub fn compare(first: &Measured<'_>, second: &Measured<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    for field in &first.fields {
        let other = second.fields.iter().find(|other| other.name == field.name);
        if let Some(other) = other.filter(|other| other.value != field.value) {
            found.push(Difference {
                component: field.name.clone(),
                meaning: field.meaning.to_owned(),
                first: field.value.clone(),
                second: other.value.clone(),
                explanation: Explanation::Value,
            });
        }
    }
    let shared = |name: &str| second.fields.iter().any(|other| other.name == name);
    let comparable = first.fields.iter().any(|field| shared(&field.name));
    if !comparable && !first.fields.is_empty() && !second.fields.is_empty() {
        found.push(incomparable(first, second));
    }
    if let (Some(a), Some(b)) = (&first.registers, &second.registers) {
        found.extend(registers((first, a), (second, b)));
    }
    found
}

/// The Reference Value with the fewest differences, and those; `None` without Reference Values.
#[must_use]
pub fn compare_with_nearest<'t>(
    observed: &Measured<'_>,
    tuples: &'t [ReferenceTuple],
) -> Option<(&'t ReferenceTuple, Vec<Difference>)> {
    let compared =
        tuples.iter().map(|tuple| (tuple, compare(observed, &Measured::expected(tuple))));
    // Another kind of launch has fewer fields to differ in, and is farther than any of the same.
    compared.min_by_key(|(tuple, found)| (!same_kind(observed, tuple), found.len()))
}

fn same_kind(observed: &Measured<'_>, tuple: &ReferenceTuple) -> bool {
    let expected = Measured::expected(tuple);
    observed.fields.first().map(|field| &field.name)
        == expected.fields.first().map(|field| &field.name)
}

fn incomparable(first: &Measured<'_>, second: &Measured<'_>) -> Difference {
    let name = |side: &Measured<'_>| {
        side.fields.first().map(|field| format!("has {}", field.name)).unwrap_or_default()
    };
    Difference {
        component: "TEE".to_owned(),
        meaning: "the kind of hardware".to_owned(),
        first: name(first),
        second: name(second),
        explanation: Explanation::Value,
    }
}

fn registers(
    (first, a): (&Measured<'_>, &Registers),
    (second, b): (&Measured<'_>, &Registers),
) -> Vec<Difference> {
    let differing = a.iter().filter_map(|(register, value)| {
        let other = b.value(register).filter(|other| *other != value)?;
        Some((register, value.to_string(), other.to_string()))
    });
    differing
        .map(|(register, own, other)| Difference {
            component: register.to_string(),
            meaning: meaning(register).to_owned(),
            first: own,
            second: other,
            explanation: explain(register, (first, a), (second, b)),
        })
        .collect()
}

fn explain(
    register: Register,
    (first, a): (&Measured<'_>, &Registers),
    (second, b): (&Measured<'_>, &Registers),
) -> Explanation {
    let explains = |log: &EventLog, values: &Registers| {
        let replayed = log.replay(values.bank());
        replayed.is_some_and(|replayed| {
            let untouched = || values.value(register).is_some_and(|value| value.is_zero());
            replayed
                .value(register)
                .map_or_else(untouched, |own| values.value(register) == Some(own))
        })
    };
    match (first.log, second.log) {
        (Some(log), _) if !explains(log, a) => {
            Explanation::None("the first log does not give the first register".to_owned())
        }
        (_, Some(log)) if !explains(log, b) => {
            Explanation::None("the second log does not give the second register".to_owned())
        }
        (Some(one), Some(two)) if a.bank() == b.bank() => {
            Explanation::Events(changes(one, two, register, a.bank()))
        }
        (Some(log), None) | (None, Some(log)) => Explanation::OneOf(labels(log, register)),
        (Some(_), Some(_)) => Explanation::None("the banks differ".to_owned()),
        (None, None) => Explanation::None("no event log on either side".to_owned()),
    }
}

fn labels(log: &EventLog, register: Register) -> Vec<String> {
    let events = log.events().iter().filter(|event| event.register() == Some(register));
    let mut labels = Vec::new();
    for label in events.map(|event| event.label()) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
}

// SPEC: UEFI 2.10 section 38.4.1; TCG PC Client Platform Firmware Profile 1.06, section 3.3.4.
const fn meaning(register: Register) -> &'static str {
    match register {
        Register::Rtmr(0) => "firmware configuration: TD hand-off, secure boot, ACPI, boot order",
        Register::Rtmr(1) => "boot loader or kernel image, partition table",
        Register::Rtmr(2) => "kernel command line, initrd, boot loader files",
        Register::Rtmr(_) => "what the runtime measured",
        Register::Pcr(0) => "firmware code",
        Register::Pcr(1) => "firmware configuration: ACPI, boot order",
        Register::Pcr(2) => "option ROMs and drivers",
        Register::Pcr(3) => "configuration of option ROMs",
        Register::Pcr(4) => "boot loader and boot attempts",
        Register::Pcr(5) => "partition table and configuration of the boot loader",
        Register::Pcr(7) => "secure boot policy",
        Register::Pcr(8) => "boot loader commands and kernel command line",
        Register::Pcr(9) => "files that the boot loader read, initrd",
        Register::Pcr(11) => "unified kernel image",
        Register::Pcr(14) => "shim's machine owner keys",
        Register::Pcr(_) => "what software measured",
    }
}

//! Predicted and measured PCRs, side by side.

use core::fmt;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use cloister_attestation::tpm::{Digest, HashAlgorithm};
use cloister_image::measure::event::{Event, Pcr};
use cloister_image::measure::vtpm::Events;
use serde::Serialize;

use super::Vtpm;
use super::bootable::Bootable;
use super::quote::Quoted;
use super::trace::Trace;
use crate::comparison::{heading, named, side_by_side};

/// A part of a unified kernel image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The kernel.
    Kernel,
    /// The initial RAM disk.
    Initrd,
    /// The kernel's command line.
    Cmdline,
    /// What is around them: the stub, and what the image says of itself.
    Stub,
}

impl Part {
    /// What differs where an event does; `None` for what differs with any part, and for what is
    /// the same in every image.
    fn of(event: &Event<'_>) -> Option<Self> {
        match event.name() {
            "kernel" | "section .linux" => Some(Self::Kernel),
            "initrd" | "section .initrd" => Some(Self::Initrd),
            "command line" | "section .cmdline" => Some(Self::Cmdline),
            name if name.starts_with("section ") => Some(Self::Stub),
            _ => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
            Self::Cmdline => "cmdline",
            Self::Stub => "stub",
        })
    }
}

/// One PCR on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PcrRow {
    /// The specification's name.
    pub register: &'static str,
    /// What the calculators say of the image.
    pub predicted: Digest,
    /// What the TPM quoted.
    pub measured: Digest,
    /// The events that it differs by.
    pub events: Vec<String>,
}

/// PCR 4, 9 and 11.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BootComparison {
    /// The PCRs.
    pub registers: Vec<PcrRow>,
    /// The parts that the difference comes from: empty where there is none, `None` where other
    /// events were measured than a boot from any such image has.
    pub components: Option<Vec<Part>>,
}

impl BootComparison {
    /// Compares what is predicted of `published` with what the machine in front of `vtpm` has
    /// measured so far.
    pub async fn of_machine(published: &Bootable, vtpm: &Arc<Vtpm>) -> Result<Self> {
        let trace = vtpm.tpm().trace();
        let quoting = Arc::clone(vtpm);
        let quoted = tokio::task::spawn_blocking(move || quoting.quoted()).await??;
        Self::of(&Events::of(&published.uki)?, &quoted, &trace)
    }

    /// Compares what is `predicted` with what was `quoted`, and looks in the `trace` for what
    /// explains a difference.
    pub fn of(predicted: &Events<'_>, quoted: &Quoted, trace: &Trace) -> Result<Self> {
        let Events { pcr4, pcr9, pcr11 } = predicted;
        let mut differing = Some(Vec::new());
        let mut registers = Vec::new();
        for (register, index, events) in
            [("PCR4", 4, pcr4), ("PCR9", 9, pcr9), ("PCR11", 11, pcr11)]
        {
            let predicted = *Pcr::after(HashAlgorithm::Sha256, events).value();
            let measured = quoted.0.get(&index).copied();
            let measured = measured.with_context(|| format!("{register} was not quoted"))?;
            let found = explained(events, index, &measured, trace);
            let names = found.iter().flatten().map(|event| event.name().to_owned()).collect();
            registers.push(PcrRow { register, predicted, measured, events: names });
            differing = differing.zip(found).map(|(all, found)| [all, found].concat());
        }
        Ok(Self { registers, components: differing.map(|events| parts(&events)) })
    }

    /// Whether every PCR is as predicted.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.registers.iter().all(|row| row.predicted == row.measured)
    }
}

/// The events that were measured otherwise; `None` if the trace does not explain the value, or has
/// another number of events.
fn explained<'e, 'a>(
    events: &'e [Event<'a>],
    index: u8,
    measured: &Digest,
    trace: &Trace,
) -> Option<Vec<&'e Event<'a>>> {
    let told = trace.of(index);
    if told.len() != events.len() || !trace.explains(index, measured) {
        return None;
    }
    let differ = |(event, told): &(&Event<'_>, &Digest)| event.digest(told.algorithm()) != **told;
    Some(events.iter().zip(&told).filter(differ).map(|(event, _)| event).collect())
}

/// The parts whose events differ. The digest of the whole image differs with each of them: what
/// is around them is named where none of them is.
fn parts(differing: &[&Event<'_>]) -> Vec<Part> {
    let mut parts: Vec<Part> = differing.iter().copied().filter_map(Part::of).collect();
    if parts.is_empty() && !differing.is_empty() {
        parts.push(Part::Stub);
    }
    parts.sort_unstable();
    parts.dedup();
    parts
}

impl fmt::Display for BootComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        heading(f)?;
        for PcrRow { register, predicted, measured, .. } in &self.registers {
            side_by_side(f, register, &predicted.to_string(), &measured.to_string())?;
        }
        for PcrRow { register, events, .. } in &self.registers {
            events.iter().try_for_each(|event| writeln!(f, "{register} differs by: {event}"))?;
        }
        named(f, self.components.as_deref())
    }
}

#[cfg(test)]
mod tests;

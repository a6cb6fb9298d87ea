//! What a demo run found, as one object for machines.

use serde::Serialize;

/// The last line of `cargo demo --json`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Enclaves that were given a lease.
    pub admitted: u32,
    /// Enclaves that were refused one.
    pub refused: u32,
    /// Why, as stable codes.
    pub refusal_codes: Vec<String>,
    /// One unary A2A message through both enclaves, warm, in milliseconds.
    pub unary_ms: f64,
    /// Events of the streaming A2A message.
    pub stream_events: usize,
    /// From the streaming call to its first event, in milliseconds.
    pub first_event_ms: f64,
    /// From the start of an enclave's process to its admission, in milliseconds, the slower of two.
    pub admission_ms: f64,
    /// From the operator's command to the end of the running stream, in milliseconds.
    pub quarantine_ms: f64,
    /// Whether a new call was refused after the quarantine.
    pub refused_after_quarantine: bool,
    /// Always true: there was no confidential hardware in this run.
    pub simulated: bool,
}

//! Replay: which register values a log would give.

use crate::event_log::algorithm::{HashAlgorithm, TaggedDigest};
use crate::event_log::log::EventLog;
use crate::event_log::registers::{Register, Registers};

impl EventLog {
    /// The value of each register that the log has events for, in `bank`; `None` if the log does
    /// not have the bank, or its algorithm is not known.
    ///
    /// # Security
    /// This is what the log claims. [`EventLog::verify`] compares it with what was signed.
    #[must_use]
    pub fn replay(&self, bank: HashAlgorithm) -> Option<Registers> {
        if !self.banks.contains(&bank) {
            return None;
        }
        let mut registers = Registers::new(bank);
        for event in &self.events {
            let Some(register) = event.register else { continue };
            let value = match registers.value(register) {
                Some(value) => value.clone(),
                None => self.initial(register, bank)?,
            };
            let extended = bank.digest(&[value.as_bytes(), event.digest(bank)?.as_bytes()])?;
            registers.set(register, extended.as_bytes());
        }
        Some(registers)
    }

    /// What a register holds before anything is extended.
    // SPEC: TCG PC Client Platform Firmware Profile 1.06, section 3.3.4.1: PCR 0 starts with the
    // locality of TPM2_Startup in its last byte; every other starts with zero.
    pub(super) fn initial(&self, register: Register, bank: HashAlgorithm) -> Option<TaggedDigest> {
        let mut value = vec![0; bank.digest_len()?];
        if let (Register::Pcr(0), Some(last)) = (register, value.last_mut()) {
            *last = self.startup_locality;
        }
        TaggedDigest::new(bank, &value)
    }
}

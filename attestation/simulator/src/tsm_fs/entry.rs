//! One report entry: the kernel's state machine, without the files around it.

use cloister_attestation::bytes::ReportData;
use fuser::Errno;

use crate::guest::Guest;

/// SPEC: Linux `include/linux/tsm.h`, `TSM_INBLOB_MAX`.
pub const INBLOB_MAX: usize = 64;

/// SPEC: Linux `include/linux/tsm.h`, `TSM_PRIVLEVEL_MAX`.
const PRIVILEGE_LEVEL_MAX: u32 = 3;

/// Inputs and cached outputs of one entry.
#[derive(Debug, Default)]
pub(super) struct Entry {
    write_generation: u64,
    read_generation: u64,
    privilege_level: Option<u32>,
    inblob: Vec<u8>,
    outputs: Option<Outputs>,
}

#[derive(Debug)]
struct Outputs {
    report: Vec<u8>,
    auxiliary: Vec<u8>,
}

/// Which output to read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Output {
    Report,
    Auxiliary,
}

impl Entry {
    pub(super) const fn generation(&self) -> u64 {
        self.write_generation
    }

    pub(super) fn store_inblob(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        self.advance()?;
        self.inblob = bytes.to_vec();
        Ok(())
    }

    pub(super) fn store_privilege_level(&mut self, text: &[u8], floor: u32) -> Result<(), Errno> {
        let text = core::str::from_utf8(text).map_err(|_| Errno::EINVAL)?;
        let level: u32 = text.trim_end_matches('\n').parse().map_err(|_| Errno::EINVAL)?;
        if !(floor..=PRIVILEGE_LEVEL_MAX).contains(&level) {
            return Err(Errno::EINVAL);
        }
        self.advance()?;
        self.privilege_level = Some(level);
        Ok(())
    }

    /// Makes a report if there is none for the current inputs.
    pub(super) fn read(&mut self, output: Output, guest: &Guest) -> Result<Vec<u8>, Errno> {
        let current = self.read_generation == self.write_generation;
        let outputs = match self.outputs.take().filter(|_| current) {
            Some(outputs) => outputs,
            None => self.make(guest)?,
        };
        self.read_generation = self.write_generation;
        let outputs = self.outputs.insert(outputs);
        Ok(match output {
            Output::Report => outputs.report.clone(),
            Output::Auxiliary => outputs.auxiliary.clone(),
        })
    }

    /// Both providers demand exactly 64 bytes.
    fn make(&self, guest: &Guest) -> Result<Outputs, Errno> {
        let report_data = ReportData::from_slice(&self.inblob).ok_or(Errno::EINVAL)?;
        let report = match (guest, self.privilege_level) {
            (Guest::Snp(snp), Some(level)) => {
                snp.clone().with_fields(move |fields| fields.vmpl = level).report(&report_data)
            }
            (Guest::Snp(_) | Guest::Tdx(_), _) => guest.evidence(&report_data),
        };
        Ok(Outputs { report, auxiliary: guest.certificates().unwrap_or_default() })
    }

    /// Refuses the write that would make old outputs look current after 2^64 writes.
    fn advance(&mut self) -> Result<(), Errno> {
        if self.write_generation == self.read_generation.wrapping_sub(1) {
            return Err(Errno::EBUSY);
        }
        self.write_generation = self.write_generation.wrapping_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use cloister_attestation::snp::Product;
    use cloister_attestation::time::UnixTime;
    use fuser::Errno;

    use super::{Entry, Output};
    use crate::{Guest, Pki, SnpGuest};

    fn guest() -> Guest {
        SnpGuest::new(&Pki::from_seed("entry", UnixTime::from_secs(0)), Product::Milan).into()
    }

    #[test]
    fn generation_counts_every_accepted_write_and_no_refused_one() {
        let mut entry = Entry::default();
        entry.store_inblob(&[1; 64]).unwrap();
        entry.store_privilege_level(b"2\n", 0).unwrap();
        assert_eq!(entry.generation(), 2);
        for refused in ["4", "-1", "", "x"] {
            assert!(entry.store_privilege_level(refused.as_bytes(), 0).is_err(), "{refused}");
        }
        assert!(entry.store_privilege_level(b"0", 1).is_err());
        assert_eq!(entry.generation(), 2);
    }

    #[test]
    fn writing_is_refused_when_the_counter_would_meet_the_last_read() {
        let mut entry = Entry { write_generation: u64::MAX, ..Entry::default() };
        assert_eq!(entry.store_inblob(&[1; 64]).unwrap_err().code(), Errno::EBUSY.code());
    }

    #[test]
    fn a_report_needs_exactly_64_bytes() {
        for length in [0, 1, 63] {
            let mut entry = Entry::default();
            entry.store_inblob(&vec![1; length]).unwrap();
            let error = entry.read(Output::Report, &guest()).unwrap_err();
            assert_eq!(error.code(), Errno::EINVAL.code(), "{length}");
        }
    }

    #[test]
    fn reports_are_kept_until_an_input_changes() {
        let guest = guest();
        let mut entry = Entry::default();
        entry.store_inblob(&[1; 64]).unwrap();
        let first = entry.make(&guest).unwrap();
        entry.outputs = Some(first);
        entry.read_generation = entry.write_generation;
        let kept = entry.read(Output::Report, &guest).unwrap();
        assert_eq!(entry.read(Output::Report, &guest).unwrap(), kept);
        entry.store_inblob(&[2; 64]).unwrap();
        assert_ne!(entry.read(Output::Report, &guest).unwrap(), kept);
    }
}

//! What a TPM was told to extend, command by command.
//!
//! Nobody vouches for a trace. It explains a PCR that was quoted, if replaying it gives the PCR's
//! value; what was extended in a way that is not read here shows as a trace that does not.

use cloister_attestation::bytes::Reader;
use cloister_attestation::tpm::{Digest, HashAlgorithm};

/// The bank that quotes are of.
const BANK: HashAlgorithm = HashAlgorithm::Sha256;

/// More than any boot extends; a guest can go on.
const EXTENSIONS_MAX: usize = 4096;

// SPEC: TPM 2.0 Part 2, section 6.5.2, TPM_CC.
const STARTUP: u32 = 0x144;
const PCR_EXTEND: u32 = 0x182;

/// `TPM_SU_CLEAR`: PCRs are reset.
const CLEAR: u16 = 0;

/// Of each hash algorithm that a bank may have: `TPM_ALG_ID` and bytes of a digest.
// SPEC: TCG Algorithm Registry 1.34, table 3; SHA-1, SHA-256, SHA-384, SHA-512, SM3.
const ALGORITHMS: [(u16, usize); 5] = [(4, 20), (SHA256, 32), (12, 48), (13, 64), (18, 32)];
const SHA256: u16 = 11;

/// One extension of a PCR in the SHA-256 bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extension {
    pcr: u32,
    digest: Digest,
}

/// Every extension since the TPM started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace(Vec<Extension>);

impl Trace {
    /// Takes note of a command that was answered so.
    pub(super) fn record(&mut self, command: &[u8], response: &[u8]) {
        if !succeeded(response).unwrap_or(false) {
            return;
        }
        match Told::by(command) {
            Some(Told::Reset) => self.0.clear(),
            Some(Told::Extend(extension)) if self.0.len() < EXTENSIONS_MAX => {
                self.0.push(extension);
            }
            Some(Told::Extend(_)) | None => {}
        }
    }

    /// The digests that were extended into a PCR, in order.
    #[must_use]
    pub fn of(&self, pcr: u8) -> Vec<Digest> {
        let of_pcr = self.0.iter().filter(|extension| extension.pcr == u32::from(pcr));
        of_pcr.map(|extension| extension.digest).collect()
    }

    /// Whether these extensions of a PCR, and no others, make it `value`.
    #[must_use]
    pub fn explains(&self, pcr: u8, value: &Digest) -> bool {
        let extend = |it: Digest, digest: &Digest| {
            Digest::of_parts(BANK, [it.as_bytes(), digest.as_bytes()])
        };
        self.of(pcr).iter().fold(Digest::zero(BANK), extend) == *value
    }
}

/// What of a command changes PCRs.
enum Told {
    Reset,
    Extend(Extension),
}

impl Told {
    // SPEC: TPM 2.0 Part 1, section 18; Part 3, section 9.3, TPM2_Startup.
    fn by(command: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(command);
        let (_tag, _size, code) = (reader.u16_be()?, reader.u32_be()?, reader.u32_be()?);
        match code {
            STARTUP if reader.u16_be()? == CLEAR => Some(Self::Reset),
            PCR_EXTEND => Self::extend(&mut reader),
            _ => None,
        }
    }

    // SPEC: TPM 2.0 Part 3, section 22.2, TPM2_PCR_Extend; Part 2, section 10.9.7,
    // TPML_DIGEST_VALUES.
    fn extend(reader: &mut Reader<'_>) -> Option<Self> {
        let (pcr, authorization) = (reader.u32_be()?, reader.u32_be()?);
        reader.take(usize::try_from(authorization).ok()?)?;
        for _ in 0..reader.u32_be()? {
            let algorithm = reader.u16_be()?;
            let (_, bytes) = ALGORITHMS.into_iter().find(|(id, _)| *id == algorithm)?;
            let digest = reader.take(bytes)?;
            if algorithm == SHA256 {
                let digest = Digest::from_slice(BANK, digest)?;
                return Some(Self::Extend(Extension { pcr, digest }));
            }
        }
        None
    }
}

fn succeeded(response: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(response);
    let (_tag, _size, code) = (reader.u16_be()?, reader.u32_be()?, reader.u32_be()?);
    Some(code == 0)
}

#[cfg(test)]
mod tests {
    use cloister_attestation::tpm::{Digest, HashAlgorithm};
    use cloister_attester::tpm::Command;

    use super::Trace;

    const DONE: [u8; 10] = [0x80, 1, 0, 0, 0, 10, 0, 0, 0, 0];
    const REFUSED: [u8; 10] = [0x80, 1, 0, 0, 0, 10, 0, 0, 1, 1];

    /// With SHA-1 before and SHA-384 behind, as firmware does for all banks at once.
    fn extend(pcr: u32, digest: [u8; 32]) -> Vec<u8> {
        let command = Command::new("TPM2_PCR_Extend", 0x182).authorized(pcr).u32(3);
        let command = command.u16(4).bytes(&[9; 20]).u16(11).bytes(&digest);
        command.u16(12).bytes(&[9; 48]).encode().unwrap()
    }

    fn sha256(bytes: &[u8]) -> Digest {
        Digest::of(HashAlgorithm::Sha256, bytes)
    }

    #[test]
    fn extensions_are_kept_in_order_for_each_pcr_and_explain_it() {
        let mut trace = Trace::default();
        for (pcr, digest) in [(4, [1; 32]), (9, [2; 32]), (4, [3; 32])] {
            trace.record(&extend(pcr, digest), &DONE);
        }
        assert_eq!(trace.of(4), [Digest::Sha256([1; 32]), Digest::Sha256([3; 32])]);
        let first = sha256(&[[0; 32], [1; 32]].concat());
        let second = sha256(&[first.as_bytes(), &[3; 32]].concat());
        assert!(trace.explains(4, &second) && !trace.explains(4, &first));
        assert!(trace.explains(11, &Digest::Sha256([0; 32])));
    }

    #[test]
    fn what_the_tpm_refused_did_not_happen_and_a_start_forgets_what_was_before() {
        let mut trace = Trace::default();
        trace.record(&extend(4, [1; 32]), &REFUSED);
        trace.record(&extend(4, [1; 32]), &DONE[..9]);
        assert_eq!(trace, Trace::default());
        trace.record(&extend(4, [1; 32]), &DONE);
        let startup = |kind| Command::new("TPM2_Startup", 0x144).u16(kind).encode().unwrap();
        for (start, answer) in [(startup(1), &DONE), (startup(0), &REFUSED)] {
            trace.record(&start, answer);
            assert_eq!(trace.of(4).len(), 1);
        }
        trace.record(&startup(0), &DONE);
        assert_eq!(trace, Trace::default());
    }

    #[test]
    fn a_command_that_is_cut_or_has_no_digest_of_the_bank_is_not_taken_for_one() {
        let mut trace = Trace::default();
        let whole = extend(4, [1; 32]);
        for length in 0..whole.len() - 50 {
            trace.record(&whole[..length], &DONE);
        }
        let other = Command::new("TPM2_PCR_Extend", 0x182).authorized(4).u32(1).u16(4);
        trace.record(&other.bytes(&[9; 20]).encode().unwrap(), &DONE);
        assert_eq!(trace, Trace::default());
    }
}

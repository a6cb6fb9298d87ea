//! The commands.

use std::thread;

use super::command::Command;
use super::error::TpmError;
use super::nv::NvPublic;
use super::pcr::{Selection, Some256};
use super::response::Response;
use super::transport::Transport;
use crate::limits::{ATTEMPTS_MAX, BACKOFF, NV_PIECE_BYTES_MAX};

// SPEC: TPM 2.0 Part 2, section 6.5.2, TPM_CC.
const NV_READ: u32 = 0x014e;
const NV_READ_PUBLIC: u32 = 0x0169;
const READ_PUBLIC: u32 = 0x0173;
const QUOTE: u32 = 0x0158;
const PCR_READ: u32 = 0x017e;

/// The key's own scheme.
// SPEC: TPM 2.0 Part 2, section 6.3, TPM_ALG_NULL.
const ALG_NULL: u16 = 0x0010;

/// A TPM at the end of a connection.
#[derive(Debug)]
pub struct Tpm<T> {
    transport: T,
}

/// An attestation structure with its signature. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAttest {
    /// `TPMS_ATTEST`.
    pub attest: Vec<u8>,
    /// `TPMT_SIGNATURE`.
    pub signature: Vec<u8>,
}

impl<T: Transport> Tpm<T> {
    /// Speaks through `transport`.
    #[must_use]
    pub const fn new(transport: T) -> Self {
        Self { transport }
    }

    /// Runs one command, and again while the TPM says that it is busy, so many times.
    ///
    /// # Errors
    /// [`TpmError`].
    pub fn run(&mut self, command: &Command) -> Result<Response, TpmError> {
        let bytes = command.encode()?;
        let mut attempt = 1;
        loop {
            let answer = self
                .transport
                .exchange(&bytes)
                .map_err(|source| TpmError::Transport { command: command.name(), source })?;
            match Response::parse(command, &answer) {
                Err(TpmError::Refused { code, .. })
                    if code.is_passing() && attempt < ATTEMPTS_MAX =>
                {
                    thread::sleep(BACKOFF.saturating_mul(attempt));
                    attempt = attempt.saturating_add(1);
                }
                decided => return decided,
            }
        }
    }

    /// The `TPMT_PUBLIC` of a loaded or persistent key.
    ///
    /// # Errors
    /// [`TpmError`]; one that [`TpmError::is_absence`] if there is no key.
    // SPEC: TPM 2.0 Part 3, section 12.4, TPM2_ReadPublic.
    pub fn read_public(&mut self, key: u32) -> Result<Vec<u8>, TpmError> {
        let response = self.run(&Command::new("TPM2_ReadPublic", READ_PUBLIC).handle(key))?;
        response.parameters(|reader| {
            let public = reader.sized_be()?.to_vec();
            let (_name, _qualified_name) = (reader.sized_be()?, reader.sized_be()?);
            Some(public)
        })
    }

    /// What an NV index is.
    ///
    /// # Errors
    /// [`TpmError`]; one that [`TpmError::is_absence`] if it is not defined.
    // SPEC: TPM 2.0 Part 3, section 31.6, TPM2_NV_ReadPublic.
    pub fn nv_read_public(&mut self, index: u32) -> Result<NvPublic, TpmError> {
        let command = Command::new("TPM2_NV_ReadPublic", NV_READ_PUBLIC).handle(index);
        let response = self.run(&command)?;
        let public = response.parameters(NvPublic::read)?;
        if public.index() == index { Ok(public) } else { Err(response.malformed("another index")) }
    }

    /// The whole content of an NV index of at most `max` bytes, in pieces.
    ///
    /// # Security
    /// Somebody else can write between two pieces: what was read has to prove itself whole.
    ///
    /// # Errors
    /// [`TpmError`]; one that [`TpmError::is_absence`] if the index is not defined.
    pub fn nv_read(&mut self, index: u32, max: usize) -> Result<Vec<u8>, TpmError> {
        let public = self.nv_read_public(index)?;
        let refused = |reason: &str| TpmError::Malformed {
            command: "TPM2_NV_ReadPublic",
            reason: reason.to_owned(),
        };
        if public.data_size() > max {
            return Err(refused("an index longer than what it should hold"));
        }
        let Some(authority) = public.reader() else {
            return Err(refused("an index that nobody may read with an empty password"));
        };
        let mut content = Vec::with_capacity(public.data_size());
        while content.len() < public.data_size() {
            let left = public.data_size().saturating_sub(content.len());
            let piece = left.min(NV_PIECE_BYTES_MAX);
            content.extend_from_slice(&self.nv_piece((authority, index), content.len(), piece)?);
        }
        Ok(content)
    }

    /// Exactly `length` bytes.
    // SPEC: TPM 2.0 Part 3, section 31.13, TPM2_NV_Read.
    fn nv_piece(
        &mut self,
        (authority, index): (u32, u32),
        offset: usize,
        length: usize,
    ) -> Result<Vec<u8>, TpmError> {
        let command = Command::new("TPM2_NV_Read", NV_READ).authorized(authority).handle(index);
        let (Ok(size), Ok(at)) = (u16::try_from(length), u16::try_from(offset)) else {
            return Err(TpmError::TooLong { command: command.name() });
        };
        let response = self.run(&command.u16(size).u16(at))?;
        response.parameters(|reader| {
            let piece = reader.sized_be().filter(|piece| piece.len() == length)?;
            Some(piece.to_vec())
        })
    }

    /// Has `key` sign the selected PCRs together with `qualifying` data, by the key's own scheme.
    ///
    /// # Errors
    /// [`TpmError`]; one that [`TpmError::is_absence`] if there is no key.
    // SPEC: TPM 2.0 Part 3, section 18.4, TPM2_Quote.
    pub fn quote(
        &mut self,
        key: u32,
        qualifying: &[u8],
        pcrs: Selection,
    ) -> Result<SignedAttest, TpmError> {
        let command = Command::new("TPM2_Quote", QUOTE).authorized(key).sized(qualifying)?;
        let response = self.run(&command.u16(ALG_NULL).bytes(&pcrs.encode()))?;
        response.parameters(|reader| {
            let attest = reader.sized_be()?.to_vec();
            let signature = reader.take(reader.rest().len())?.to_vec();
            Some(SignedAttest { attest, signature })
        })
    }

    /// The values of the selected PCRs, concatenated in ascending order. A TPM returns a few at a
    /// time; that they belong together is shown by a quote over them.
    ///
    /// # Errors
    /// [`TpmError`]; [`TpmError::Malformed`] also where the TPM has no SHA-256 bank.
    // SPEC: TPM 2.0 Part 3, section 22.4, TPM2_PCR_Read.
    pub fn pcr_read(&mut self, pcrs: Selection) -> Result<Vec<u8>, TpmError> {
        let (mut left, mut values) = (pcrs, Vec::new());
        while !left.is_empty() {
            let command = Command::new("TPM2_PCR_Read", PCR_READ).bytes(&left.encode());
            let response = self.run(&command)?;
            let some = response.parameters(Some256::read)?;
            let rest = left.without(some.selection).filter(|rest| {
                // Each turn takes at least one, and those that are left come after it.
                !some.selection.is_empty() && some.selection.is_below(*rest)
            });
            left = rest.ok_or_else(|| response.malformed("other PCRs than asked for"))?;
            values.extend_from_slice(&some.values);
        }
        Ok(values)
    }
}

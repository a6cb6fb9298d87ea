//! A quote as received: `TPMS_ATTEST` of type `TPM_ST_ATTEST_QUOTE`.

use core::fmt;

use super::digest::HashAlgorithm;
use super::error::{ParseError, finished, truncated};
use super::pcr::PcrSelection;
use crate::bytes::{Reader, hex};

const WHAT: &str = "TPMS_ATTEST";
// SPEC: TPM 2.0 Part 2, sections 6.2 (TPM_GENERATED) and 6.9 (TPM_ST).
const TPM_GENERATED_VALUE: u32 = 0xff54_4347;
const TPM_ST_ATTEST_QUOTE: u16 = 0x8018;

/// A parsed quote with the bytes that it was parsed from.
///
/// # Security
/// Nothing in here is authenticated. [`super::SignedQuote::verify`] authenticates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    bytes: Vec<u8>,
    qualified_signer: Vec<u8>,
    extra_data: Vec<u8>,
    clock_info: ClockInfo,
    firmware_version: u64,
    selection: PcrSelection,
    pcr_digest: Vec<u8>,
}

/// `TPMS_CLOCK_INFO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockInfo {
    /// Milliseconds that the TPM was powered.
    pub clock: u64,
    /// How often the TPM was reset.
    pub reset_count: u32,
    /// How often the TPM was restarted or resumed since.
    pub restart_count: u32,
    /// Whether `clock` was never reported higher than now.
    pub safe: bool,
}

impl Quote {
    /// Parses exactly one `TPMS_ATTEST`.
    ///
    /// # Errors
    /// [`ParseError`] with the field and what was there.
    // SPEC: TPM 2.0 Part 2, sections 10.12.8 (TPMS_ATTEST) and 10.12.1 (TPMS_QUOTE_INFO).
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let truncated = truncated(WHAT);
        let mut reader = Reader::new(bytes);
        let observed = reader.u32_be().ok_or_else(&truncated)?;
        if observed != TPM_GENERATED_VALUE {
            return Err(ParseError::Magic { observed });
        }
        let observed = reader.u16_be().ok_or_else(&truncated)?;
        if observed != TPM_ST_ATTEST_QUOTE {
            return Err(ParseError::Type { observed });
        }
        let qualified_signer = qualified_signer(&mut reader)?;
        let extra_data = extra_data(&mut reader)?;
        let clock_info = ClockInfo::read(&mut reader)?;
        let firmware_version = reader.u64_be().ok_or_else(&truncated)?;
        let selection = PcrSelection::read(&mut reader, WHAT)?;
        let pcr_digest = reader.sized_be().ok_or_else(&truncated)?.to_vec();
        finished(&reader, WHAT)?;
        Ok(Self {
            bytes: bytes.to_vec(),
            qualified_signer,
            extra_data,
            clock_info,
            firmware_version,
            selection,
            pcr_digest,
        })
    }

    /// The received bytes: what the attestation key signed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `qualifiedSigner`: the name of the key and its parents, as hash algorithm and digest.
    #[must_use]
    pub fn qualified_signer(&self) -> &[u8] {
        &self.qualified_signer
    }

    /// `extraData`: the qualifying data that the guest asked to have signed.
    #[must_use]
    pub fn extra_data(&self) -> &[u8] {
        &self.extra_data
    }

    /// `clockInfo`.
    #[must_use]
    pub const fn clock_info(&self) -> &ClockInfo {
        &self.clock_info
    }

    /// `firmwareVersion`: the vendor's own number.
    #[must_use]
    pub const fn firmware_version(&self) -> u64 {
        self.firmware_version
    }

    /// `pcrSelect`.
    #[must_use]
    pub const fn selection(&self) -> &PcrSelection {
        &self.selection
    }

    /// `pcrDigest`.
    #[must_use]
    pub fn pcr_digest(&self) -> &[u8] {
        &self.pcr_digest
    }
}

/// A name is a hash algorithm and its digest. A bare handle, as under the null key, is none.
// SPEC: TPM 2.0 Part 1, section 16; Part 2, section 10.5.3 (TPM2B_NAME).
fn qualified_signer(reader: &mut Reader<'_>) -> Result<Vec<u8>, ParseError> {
    let name = reader.sized_be().ok_or_else(truncated(WHAT))?;
    let mut parts = Reader::new(name);
    let algorithm = parts.u16_be().and_then(HashAlgorithm::from_id);
    if algorithm.is_some_and(|algorithm| parts.rest().len() == algorithm.digest_bytes()) {
        return Ok(name.to_vec());
    }
    Err(ParseError::Field {
        field: "qualifiedSigner",
        observed: hex::encode(name),
        expected: "a hash algorithm and its digest",
    })
}

/// The largest qualifying data that any TPM takes: a hash algorithm and a SHA-512 digest.
// SPEC: TPM 2.0 Part 2, section 10.4.3 (TPM2B_DATA).
const EXTRA_DATA_BYTES_MAX: usize = 66;

fn extra_data(reader: &mut Reader<'_>) -> Result<Vec<u8>, ParseError> {
    let data = reader.sized_be().ok_or_else(truncated(WHAT))?;
    if data.len() > EXTRA_DATA_BYTES_MAX {
        return Err(ParseError::Field {
            field: "extraData",
            observed: format!("{} bytes", data.len()),
            expected: "at most 66 bytes",
        });
    }
    Ok(data.to_vec())
}

impl ClockInfo {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let truncated = truncated(WHAT);
        Ok(Self {
            clock: reader.u64_be().ok_or_else(&truncated)?,
            reset_count: reader.u32_be().ok_or_else(&truncated)?,
            restart_count: reader.u32_be().ok_or_else(&truncated)?,
            // SPEC: TPM 2.0 Part 2, section 9.2, TPMI_YES_NO: 0 or 1.
            safe: match reader.u8().ok_or_else(&truncated)? {
                0 => false,
                1 => true,
                other => {
                    return Err(ParseError::Field {
                        field: "safe",
                        observed: other.to_string(),
                        expected: "0 or 1",
                    });
                }
            },
        })
    }
}

impl fmt::Display for ClockInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clock, reset_count, restart_count, safe } = self;
        let safe = if *safe { "safe" } else { "not safe" };
        write!(f, "{clock} ms ({safe}), {reset_count} resets, {restart_count} restarts")
    }
}

//! Responses, as far as they are the same for every command.

use cloister_attestation::bytes::Reader;

use super::command::{Command, HEADER_BYTES, ST_NO_SESSIONS};
use super::error::TpmError;
use super::rc::ResponseCode;
use crate::limits::TPM_RESPONSE_BYTES_MAX;

/// What acknowledges an empty password: no nonce, `continueSession`, no HMAC.
// SPEC: TPM 2.0 Part 1, section 19.4; Part 2, section 10.13.3, TPMS_AUTH_RESPONSE.
const ACKNOWLEDGED: [u8; 5] = [0, 0, 1, 0, 0];

/// A response that reports success: its handle, where the command has one, and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    command: &'static str,
    handle: Option<u32>,
    parameters: Vec<u8>,
}

impl Response {
    /// Parses exactly one response to `command`.
    ///
    /// # Errors
    /// [`TpmError::Malformed`] if it is none, and [`TpmError::Refused`] with what the TPM says
    /// instead of an answer.
    // SPEC: TPM 2.0 Part 1, section 18.
    pub fn parse(command: &Command, bytes: &[u8]) -> Result<Self, TpmError> {
        let malformed = |reason: String| TpmError::Malformed { command: command.name(), reason };
        if bytes.len() > TPM_RESPONSE_BYTES_MAX {
            return Err(malformed(format!("more than {TPM_RESPONSE_BYTES_MAX} bytes")));
        }
        let mut reader = Reader::new(bytes);
        let (Some(tag), Some(size), Some(code)) =
            (reader.u16_be(), reader.u32_be(), reader.u32_be())
        else {
            return Err(malformed(format!("{} bytes, less than a header", bytes.len())));
        };
        if usize::try_from(size) != Ok(bytes.len()) {
            return Err(malformed(format!("{} bytes, declared as {size}", bytes.len())));
        }
        if code != 0 {
            return Err(refusal(command, tag, bytes, ResponseCode::new(code)));
        }
        if tag != command.tag() {
            return Err(malformed(format!("tag {tag:#06x}, expected {:#06x}", command.tag())));
        }
        Self::body(command, reader).ok_or_else(|| malformed("sizes do not add up".to_owned()))
    }

    fn body(command: &Command, mut reader: Reader<'_>) -> Option<Self> {
        let handle = if command.returns_handle() { Some(reader.u32_be()?) } else { None };
        let parameters = if command.is_authorized() {
            let size = usize::try_from(reader.u32_be()?).ok()?;
            let parameters = reader.take(size)?;
            for _ in 0..command.authorization_count() {
                reader.array().filter(|acknowledged| *acknowledged == ACKNOWLEDGED)?;
            }
            parameters
        } else {
            reader.take(reader.rest().len())?
        };
        let response = Self { command: command.name(), handle, parameters: parameters.to_vec() };
        reader.is_empty().then_some(response)
    }

    /// The handle that the TPM assigned, where the command has one.
    #[must_use]
    pub const fn handle(&self) -> Option<u32> {
        self.handle
    }

    /// The parameters, as `read` takes them: all of them, to the last byte.
    ///
    /// # Errors
    /// [`TpmError::Malformed`] if `read` finds something wrong, or leaves something.
    pub fn parameters<T>(
        &self,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Result<T, TpmError> {
        let mut reader = Reader::new(&self.parameters);
        let value = read(&mut reader).filter(|_| reader.is_empty());
        value.ok_or_else(|| self.malformed("parameters are not those of this command"))
    }

    pub(super) fn malformed(&self, reason: &str) -> TpmError {
        TpmError::Malformed { command: self.command, reason: reason.to_owned() }
    }
}

/// An error is a header and nothing else.
// SPEC: TPM 2.0 Part 1, section 18.4: no handles, sessions or parameters.
fn refusal(command: &Command, tag: u16, bytes: &[u8], code: ResponseCode) -> TpmError {
    if tag == ST_NO_SESSIONS && bytes.len() == HEADER_BYTES {
        return TpmError::Refused { command: command.name(), code };
    }
    let reason = format!("{code}, with tag {tag:#06x} and {} bytes", bytes.len());
    TpmError::Malformed { command: command.name(), reason }
}

#[cfg(test)]
mod tests;

//! Commands, marshalled.

use super::error::TpmError;

// SPEC: TPM 2.0 Part 2, section 6.9, TPM_ST.
pub(super) const ST_NO_SESSIONS: u16 = 0x8001;
pub(super) const ST_SESSIONS: u16 = 0x8002;

/// Tag, size, and command or response code.
pub(super) const HEADER_BYTES: usize = 10;

/// The authorization area of one handle with an empty password: `TPM_RS_PW`, no nonce, no
/// attributes, no password.
// SPEC: TPM 2.0 Part 2, section 10.13.2, TPMS_AUTH_COMMAND; Part 1, section 19.4.
const EMPTY_PASSWORD: [u8; 9] = [0x40, 0, 0, 0x09, 0, 0, 0, 0, 0];

/// One command: its code, its handles and its parameters, in the specification's order.
///
/// ```
/// # use cloister_attester::tpm::Command;
/// // TPM2_Startup(TPM_SU_CLEAR)
/// let startup = Command::new("TPM2_Startup", 0x144).u16(0);
/// assert_eq!(startup.encode().unwrap(), [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    name: &'static str,
    code: u32,
    handles: Vec<u8>,
    authorizations: Vec<u8>,
    parameters: Vec<u8>,
    returns_handle: bool,
}

impl Command {
    /// A command without handles or parameters yet. `name` is what errors call it.
    #[must_use]
    pub const fn new(name: &'static str, code: u32) -> Self {
        Self {
            name,
            code,
            handles: Vec::new(),
            authorizations: Vec::new(),
            parameters: Vec::new(),
            returns_handle: false,
        }
    }

    /// A handle that the empty password authorizes. These come before all others.
    #[must_use]
    pub fn authorized(mut self, handle: u32) -> Self {
        self.authorizations.extend_from_slice(&EMPTY_PASSWORD);
        self.handle(handle)
    }

    /// A handle that needs no authorization.
    #[must_use]
    pub fn handle(mut self, handle: u32) -> Self {
        self.handles.extend_from_slice(&handle.to_be_bytes());
        self
    }

    /// The response begins with a handle.
    #[must_use]
    pub const fn returning_handle(mut self) -> Self {
        self.returns_handle = true;
        self
    }

    /// A parameter of 16 bits.
    #[must_use]
    pub fn u16(self, value: u16) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// A parameter of 32 bits.
    #[must_use]
    pub fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// A parameter that is marshalled already.
    #[must_use]
    pub fn bytes(mut self, value: &[u8]) -> Self {
        self.parameters.extend_from_slice(value);
        self
    }

    /// A parameter with its size before it: a `TPM2B`.
    ///
    /// # Errors
    /// [`TpmError::TooLong`] if the size does not fit 16 bits.
    pub fn sized(self, value: &[u8]) -> Result<Self, TpmError> {
        let size = u16::try_from(value.len()).map_err(|_| self.too_long())?;
        Ok(self.u16(size).bytes(value))
    }

    /// The bytes that a TPM takes.
    ///
    /// # Errors
    /// [`TpmError::TooLong`] if the command's size does not fit 32 bits.
    // SPEC: TPM 2.0 Part 1, section 18: header, handles, authorizations, parameters.
    pub fn encode(&self) -> Result<Vec<u8>, TpmError> {
        let mut body = self.handles.clone();
        if self.is_authorized() {
            let size = u32::try_from(self.authorizations.len()).map_err(|_| self.too_long())?;
            body.extend_from_slice(&size.to_be_bytes());
            body.extend_from_slice(&self.authorizations);
        }
        body.extend_from_slice(&self.parameters);
        let size = u32::try_from(body.len().saturating_add(HEADER_BYTES));
        let size = size.map_err(|_| self.too_long())?;
        let mut bytes = self.tag().to_be_bytes().to_vec();
        bytes.extend_from_slice(&size.to_be_bytes());
        bytes.extend_from_slice(&self.code.to_be_bytes());
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// By the specification.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn tag(&self) -> u16 {
        if self.is_authorized() { ST_SESSIONS } else { ST_NO_SESSIONS }
    }

    pub(super) fn is_authorized(&self) -> bool {
        !self.authorizations.is_empty()
    }

    /// How many authorizations the response acknowledges.
    pub(super) fn authorization_count(&self) -> usize {
        self.authorizations.len() / EMPTY_PASSWORD.len()
    }

    pub(super) const fn returns_handle(&self) -> bool {
        self.returns_handle
    }

    const fn too_long(&self) -> TpmError {
        TpmError::TooLong { command: self.name }
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn an_authorized_command_has_its_password_between_handles_and_parameters() {
        let command =
            Command::new("TPM2_NV_Read", 0x14e).authorized(0x4000_0001).handle(0x0140_0001);
        let bytes = command.u16(8).u16(2).encode().unwrap();
        let expected = [
            [0x80, 2, 0, 0, 0, 35, 0, 0, 1, 0x4e].as_slice(),
            &[0x40, 0, 0, 1, 0x01, 0x40, 0, 1],
            &[0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0],
            &[0, 8, 0, 2],
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn a_parameter_too_long_for_its_size_is_refused() {
        let command = || Command::new("TPM2_Quote", 0x158);
        assert!(command().sized(&vec![0; 65_535]).is_ok());
        assert!(command().sized(&vec![0; 65_536]).is_err());
    }
}

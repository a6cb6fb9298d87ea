//! Response codes, by their names.

use core::fmt;

/// What a TPM says instead of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResponseCode(u32);

// SPEC: TPM 2.0 Part 2, section 6.6, TPM_RC.
const FORMAT_ONE: u32 = 1 << 7;
const PARAMETER: u32 = 1 << 6;
const SESSION: u32 = 1 << 11;
const ERROR_NUMBER: u32 = 0x3f;
const HANDLE: u32 = 0x0b;

/// Codes of format 1, without the number of what they are about.
const ABOUT_SOMETHING: [(u32, &str); 9] = [
    (0x04, "TPM_RC_VALUE"),
    (0x02, "TPM_RC_ATTRIBUTES"),
    (0x03, "TPM_RC_HASH"),
    (HANDLE, "TPM_RC_HANDLE"),
    (0x0e, "TPM_RC_AUTH_FAIL"),
    (0x12, "TPM_RC_SCHEME"),
    (0x15, "TPM_RC_SIZE"),
    (0x1c, "TPM_RC_KEY"),
    (0x22, "TPM_RC_BAD_AUTH"),
];

/// Codes of format 0, whole.
const BY_ITSELF: [(u32, &str); 18] = [
    (INITIALIZE, "TPM_RC_INITIALIZE"),
    (0x101, "TPM_RC_FAILURE"),
    (0x120, "TPM_RC_DISABLED"),
    (0x143, "TPM_RC_COMMAND_CODE"),
    (0x146, "TPM_RC_NV_RANGE"),
    (0x147, "TPM_RC_NV_SIZE"),
    (0x148, "TPM_RC_NV_LOCKED"),
    (0x149, "TPM_RC_NV_AUTHORIZATION"),
    (0x14a, "TPM_RC_NV_UNINITIALIZED"),
    (0x14b, "TPM_RC_NV_SPACE"),
    (0x14c, "TPM_RC_NV_DEFINED"),
    (0x902, "TPM_RC_OBJECT_MEMORY"),
    (YIELDED, "TPM_RC_YIELDED"),
    (TESTING, "TPM_RC_TESTING"),
    (NV_RATE, "TPM_RC_NV_RATE"),
    (0x921, "TPM_RC_LOCKOUT"),
    (RETRY, "TPM_RC_RETRY"),
    (0x923, "TPM_RC_NV_UNAVAILABLE"),
];

const INITIALIZE: u32 = 0x100;
const YIELDED: u32 = 0x908;
const TESTING: u32 = 0x90a;
const NV_RATE: u32 = 0x920;
const RETRY: u32 = 0x922;

impl ResponseCode {
    /// As the header has it.
    #[must_use]
    pub const fn new(code: u32) -> Self {
        Self(code)
    }

    /// Whether a handle names nothing: an NV index that is not defined, a key that is not there.
    #[must_use]
    pub const fn is_absence(self) -> bool {
        let kind = FORMAT_ONE | PARAMETER | SESSION | ERROR_NUMBER;
        self.0 & kind == FORMAT_ONE | HANDLE
    }

    /// Whether the TPM is running where it should be started.
    #[must_use]
    pub const fn is_already_started(self) -> bool {
        self.0 == INITIALIZE
    }

    /// Whether the same command can succeed in a moment.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self.0, YIELDED | TESTING | NV_RATE | RETRY)
    }

    fn name(self) -> &'static str {
        let (table, code) = if self.0 & FORMAT_ONE == 0 {
            (BY_ITSELF.as_slice(), self.0)
        } else {
            (ABOUT_SOMETHING.as_slice(), self.0 & ERROR_NUMBER)
        };
        let known = table.iter().find(|(listed, _)| *listed == code);
        known.map_or("no name known here", |(_, name)| name)
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x} ({}", self.0, self.name())?;
        if self.0 & FORMAT_ONE != 0 {
            let number = self.0 >> 8 & 0xf;
            match (self.0 & PARAMETER, self.0 & SESSION) {
                (0, 0) => write!(f, ", handle {number}")?,
                (0, _) => write!(f, ", session {}", number & 7)?,
                _ => write!(f, ", parameter {number}")?,
            }
        }
        f.write_str(")")
    }
}

impl fmt::Debug for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseCode({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::ResponseCode;

    #[test]
    fn codes_say_their_name_and_what_they_are_about() {
        for (code, said) in [
            (0x18b, "0x018b (TPM_RC_HANDLE, handle 1)"),
            (0x28b, "0x028b (TPM_RC_HANDLE, handle 2)"),
            (0x2d5, "0x02d5 (TPM_RC_SIZE, parameter 2)"),
            (0x9a2, "0x09a2 (TPM_RC_BAD_AUTH, session 1)"),
            (0x922, "0x0922 (TPM_RC_RETRY)"),
            (0x14a, "0x014a (TPM_RC_NV_UNINITIALIZED)"),
            (0x7f, "0x007f (no name known here)"),
        ] {
            assert_eq!(ResponseCode::new(code).to_string(), said);
        }
    }

    #[test]
    fn only_a_handle_that_names_nothing_is_an_absence() {
        let absent = |code| ResponseCode::new(code).is_absence();
        assert!(absent(0x18b) && absent(0x28b));
        // The same number about a parameter, a session, and in the other format.
        assert!(!absent(0x1cb) && !absent(0x98b) && !absent(0x10b) && !absent(0x149));
    }

    #[test]
    fn only_what_passes_is_tried_again() {
        let passing = |code| ResponseCode::new(code).is_passing();
        assert!([0x908, 0x90a, 0x920, 0x922].into_iter().all(passing));
        assert!(![0x921, 0x101, 0x18b, 0x922 | 0x80].into_iter().any(passing));
    }
}

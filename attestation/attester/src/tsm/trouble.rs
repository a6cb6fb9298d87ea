//! What went wrong in one attempt, and whether another may go better.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::error::AttesterError;

/// What went wrong in one attempt.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The counter is not what our writes make it.
    Conflict { expected: u64, found: u64 },
    /// `EBUSY`, `EWOULDBLOCK`, `EINTR`: the same may succeed a little later.
    Busy(io::Error),
    /// `EIO` or `ETIMEDOUT`: the firmware or hypervisor failed; hardly ever better the next time.
    Firmware { path: PathBuf, source: io::Error },
    /// Nothing that another attempt could change.
    Final(AttesterError),
}

impl Trouble {
    /// Sorts what the kernel said.
    ///
    /// SPEC: Linux `drivers/virt/coco/tsm.c`, `sev-guest.c`, `tdx-guest.c`: `report_new`.
    pub(super) fn of(action: &'static str, path: &Path, source: io::Error) -> Self {
        match Errno::from_io_error(&source) {
            Some(Errno::BUSY | Errno::AGAIN | Errno::INTR) => Self::Busy(source),
            Some(Errno::IO | Errno::TIMEDOUT) => Self::Firmware { path: path.to_owned(), source },
            Some(Errno::ACCESS | Errno::PERM) => {
                AttesterError::Permission { path: path.to_owned(), source }.into()
            }
            // The provider's module was unloaded, or its channel to the firmware is closed.
            Some(Errno::NXIO | Errno::NOTTY) => AttesterError::Unavailable {
                wanted: "a configfs-tsm provider".to_owned(),
                found: format!("the kernel says {source} for {}", path.display()),
            }
            .into(),
            _ => AttesterError::Tsm { action, path: path.to_owned(), source }.into(),
        }
    }

    /// The error to give up with.
    pub(super) fn into_error(self, attempts: u32) -> AttesterError {
        match self {
            Self::Conflict { expected, found } => {
                AttesterError::Conflict { attempts, expected, found }
            }
            Self::Busy(source) => AttesterError::Busy { attempts, source },
            Self::Firmware { path, source } => AttesterError::Firmware { path, source },
            Self::Final(error) => error,
        }
    }
}

impl From<AttesterError> for Trouble {
    fn from(error: AttesterError) -> Self {
        Self::Final(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { expected, found } => {
                write!(f, "generation is {found}, expected {expected}")
            }
            Self::Busy(error) => write!(f, "kernel is busy: {error}"),
            Self::Firmware { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Final(error) => error.fmt(f),
        }
    }
}

//! One TPM for a machine and for this program.

use core::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use cloister_attester::tpm::{Connect, Transport};

use super::trace::Trace;

/// A TPM behind one connection, on which everybody takes turns, command by command.
#[derive(Clone)]
pub struct SharedTpm(Arc<Mutex<Shared>>);

struct Shared {
    connection: Box<dyn Transport + Send>,
    trace: Trace,
}

impl SharedTpm {
    /// Shares what is at the end of `connection`.
    #[must_use]
    pub fn new(connection: impl Transport + Send + 'static) -> Self {
        let connection = Box::new(connection);
        Self(Arc::new(Mutex::new(Shared { connection, trace: Trace::default() })))
    }

    /// Sends one whole command and returns one whole response. Blocks.
    pub(super) fn exchange(&self, command: &[u8]) -> io::Result<Vec<u8>> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let response = shared.connection.exchange(command)?;
        shared.trace.record(command, &response);
        Ok(response)
    }

    /// What was extended since the TPM started, by whomever.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).trace.clone()
    }
}

impl fmt::Debug for SharedTpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedTpm").field(&self.trace()).finish()
    }
}

impl fmt::Display for SharedTpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the machine's swtpm")
    }
}

impl Connect for SharedTpm {
    fn connect(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(Turn(self.clone())))
    }
}

/// Somebody who takes turns.
struct Turn(SharedTpm);

impl Transport for Turn {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        self.0.exchange(command)
    }
}

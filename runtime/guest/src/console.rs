//! Where a guest's log goes.

use std::fs::OpenOptions;
use std::io;

use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use crate::GuestError;

/// Makes `/dev/console` the standard output and error, and nothing the standard input: nobody logs
/// in. The kernel does so itself only if the image holds that device.
///
/// # Errors
/// [`GuestError::Console`] if there is none.
pub fn take() -> Result<(), GuestError> {
    redirect().map_err(GuestError::Console)
}

fn redirect() -> io::Result<()> {
    let console = OpenOptions::new().write(true).open("/dev/console")?;
    let nothing = OpenOptions::new().read(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&console)?;
    dup2_stderr(&console)?;
    Ok(())
}

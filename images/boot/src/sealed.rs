//! Bytes in memory that nobody can change any more, with a path for a child process.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;

use anyhow::{Context as _, Result};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

/// Sealed memory. A process started while this lives has it under [`Sealed::path`].
#[derive(Debug)]
pub(crate) struct Sealed {
    memory: File,
}

impl Sealed {
    /// Copies `bytes`. From then on they are what they are: not even this process can change them,
    /// so that what was measured is what is run.
    pub(crate) fn new(name: &str, bytes: &[u8]) -> Result<Self> {
        // Without CLOEXEC: the one program that is started is the one that this is for.
        let memory = memfd_create(name, MemfdFlags::ALLOW_SEALING)
            .with_context(|| format!("cannot make memory for {name}"))?;
        let mut memory = File::from(memory);
        memory.write_all(bytes).with_context(|| format!("no memory for {name}"))?;
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        fcntl_add_seals(&memory, seals).with_context(|| format!("cannot seal {name}"))?;
        Ok(Self { memory })
    }

    /// Where a child finds the bytes. Opening it gives a reader of its own.
    pub(crate) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.memory.as_raw_fd())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;
    use std::process::Command;

    use super::Sealed;

    #[test]
    fn a_child_reads_what_was_sealed() {
        let sealed = Sealed::new("test", b"exactly this").unwrap();
        let output = Command::new("cat").arg(sealed.path()).output().unwrap();
        assert_eq!(output.stdout, b"exactly this");
    }

    #[test]
    fn nobody_can_change_it() {
        let sealed = Sealed::new("test", b"exactly this").unwrap();
        let writer = OpenOptions::new().write(true).open(sealed.path());
        assert!(writer.and_then(|mut it| it.write_all(b"X")).is_err());
        assert!((&sealed.memory).write_all(b"more").is_err());
        assert!(sealed.memory.set_len(3).is_err());
        assert_eq!(std::fs::read(sealed.path()).unwrap(), b"exactly this");
    }
}

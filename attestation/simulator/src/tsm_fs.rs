//! A stand-in for `/sys/kernel/config/tsm/report`, mounted with FUSE.
//!
//! The attester's real client runs against it unchanged: make a directory, write `inblob`, read
//! `outblob`. The semantics are the kernel's, including the ones that bite:
//!
//! - a binary attribute is stored when its file is *closed*, and an error at that point is lost;
//! - a read after the inputs changed makes a new report and tells nobody but `generation`;
//! - more than 64 bytes of `inblob` are `EFBIG`, fewer than 64 make the report fail with `EINVAL`.
//!
//! SPEC: Linux `Documentation/ABI/testing/configfs-tsm`, `drivers/virt/coco/tsm.c`,
//! `fs/configfs/file.c`.

mod attribute;
mod entry;
mod filesystem;
mod state;

use std::io;
use std::path::{Path, PathBuf};

use fuser::{BackgroundSession, Config, MountOption};

pub use entry::INBLOB_MAX;

use crate::guest::Guest;
use state::State;

/// Something that the client is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make an entry.
    Make,
    /// Read `provider`.
    ReadProvider,
    /// Read `generation`.
    ReadGeneration,
    /// Store `privlevel`.
    StorePrivilegeLevel,
    /// Store `inblob`, on close. A failure here is lost, as in the kernel.
    StoreInblob,
    /// Read `outblob`, which makes a report if there is none for the current inputs.
    ReadOutblob,
    /// Read `auxblob`, likewise.
    ReadAuxblob,
}

/// What happens at a [`Step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What the kernel would do.
    Proceed,
    /// This error number.
    Fail(i32),
    /// Another process stores this `inblob` into the same entry first.
    Interfere([u8; INBLOB_MAX]),
}

type Script = Box<dyn FnMut(Step) -> Outcome + Send>;

/// The stand-in before it is mounted.
pub struct TsmFs {
    guest: Guest,
    provider: String,
    privilege_floor: u32,
    script: Script,
}

impl TsmFs {
    /// Serves `guest` under the provider name that its TEE has in the kernel.
    #[must_use]
    pub fn new(guest: Guest) -> Self {
        let provider = match guest {
            Guest::Snp(_) => "sev_guest",
            Guest::Tdx(_) => "tdx_guest",
        };
        let script = Box::new(|_| Outcome::Proceed);
        Self { guest, provider: provider.to_owned(), privilege_floor: 0, script }
    }

    /// Another provider name.
    #[must_use]
    pub fn with_provider(mut self, name: &str) -> Self {
        self.provider = name.to_owned();
        self
    }

    /// The lowest privilege level that may be asked for. SEV-SNP only.
    #[must_use]
    pub fn with_privilege_floor(mut self, floor: u32) -> Self {
        self.privilege_floor = floor;
        self
    }

    /// Decides what happens at each step, in the order in which the client takes them.
    #[must_use]
    pub fn with_script(mut self, script: impl FnMut(Step) -> Outcome + Send + 'static) -> Self {
        self.script = Box::new(script);
        self
    }

    /// Mounts on an existing directory.
    ///
    /// # Errors
    /// When FUSE cannot be mounted here: no `/dev/fuse`, no privilege and no `fusermount`.
    pub fn mount(self, directory: &Path) -> io::Result<Mounted> {
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName("cloister-simulator".to_owned()),
            MountOption::NoSuid,
            MountOption::NoDev,
            MountOption::NoExec,
        ];
        let filesystem = filesystem::Filesystem::new(State::new(self));
        let session = fuser::spawn_mount(filesystem, directory, &config)?;
        Ok(Mounted { directory: directory.to_owned(), session: Some(session) })
    }
}

impl core::fmt::Debug for TsmFs {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TsmFs").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Mounts the stand-in for `guest` with the kernel's behaviour and nothing else.
///
/// # Errors
/// As [`TsmFs::mount`].
pub fn mount(directory: &Path, guest: Guest) -> io::Result<Mounted> {
    TsmFs::new(guest).mount(directory)
}

/// A mounted stand-in. Dropping it unmounts.
#[derive(Debug)]
pub struct Mounted {
    directory: PathBuf,
    session: Option<BackgroundSession>,
}

impl Mounted {
    /// Where it is mounted: what the attester takes for `/sys/kernel/config/tsm/report`.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // A mount that somebody else has taken away already is gone all the same.
            let _outcome = session.umount_and_join();
        }
    }
}

//! The host's file: what a guest is told and has no reason to believe.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tracing::info;

use crate::GuestError;

/// QEMU's firmware configuration, beneath `/sys`.
const FIRMWARE: &str = "firmware/qemu_fw_cfg/by_name/opt/org.cloister/node.toml/raw";

/// The serial number of the disk whose bytes are the file, padded with NUL.
const SERIAL: &str = "cloister-node";

/// Reads the host's file, of at most `most` bytes: from QEMU's firmware configuration, else from a
/// virtio disk with the serial number `cloister-node`. `None` if the machine has neither.
///
/// # Errors
/// [`GuestError::Handover`] if it is too large or not UTF-8.
pub fn read(most: u64) -> Result<Option<String>, GuestError> {
    from(Path::new("/sys"), Path::new("/dev"), most)
}

fn from(sys: &Path, dev: &Path, most: u64) -> Result<Option<String>, GuestError> {
    let failed = |what: &Path, why: &dyn core::fmt::Display| {
        GuestError::Handover(format!("{}: {why}", what.display()))
    };
    let path = source(sys, dev).map_err(|error| failed(sys, &error))?;
    let Some(path) = path else { return Ok(None) };
    let bytes = bounded(&path, most).map_err(|error| failed(&path, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| failed(&path, &error))?;
    info!(from = %path.display(), bytes = text.len(), "node.toml of the host");
    Ok(Some(text))
}

fn source(sys: &Path, dev: &Path) -> io::Result<Option<PathBuf>> {
    let firmware = sys.join(FIRMWARE);
    if firmware.exists() { Ok(Some(firmware)) } else { disk(sys, dev) }
}

fn disk(sys: &Path, dev: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(sys.join("block"))? {
        let entry = entry?;
        // Disks that are not virtio have no such file.
        let serial = fs::read_to_string(entry.path().join("serial")).unwrap_or_default();
        if serial.trim_end() == SERIAL {
            return Ok(Some(dev.join(entry.file_name())));
        }
    }
    Ok(None)
}

/// The bytes before the padding.
fn bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= most) {
        Ok(bytes)
    } else {
        Err(io::Error::other(format!("longer than {most} bytes")))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{FIRMWARE, from};

    fn put(path: &Path, bytes: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn the_firmware_entry_counts_before_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let (sys, dev) = (root.path().join("sys"), root.path().join("dev"));
        fs::create_dir_all(sys.join("block")).unwrap();
        assert_eq!(from(&sys, &dev, 64).unwrap(), None);
        put(&sys.join("block/vda/serial"), b"other\n");
        put(&sys.join("block/loop0/size"), b"1");
        assert_eq!(from(&sys, &dev, 64).unwrap(), None);
        put(&sys.join("block/vdb/serial"), b"cloister-node");
        put(&dev.join("vdb"), b"disk = 1\n\0\0\0\0");
        assert_eq!(from(&sys, &dev, 64).unwrap().unwrap(), "disk = 1\n");
        put(&sys.join(FIRMWARE), b"firmware = 1");
        assert_eq!(from(&sys, &dev, 64).unwrap().unwrap(), "firmware = 1");
    }

    #[test]
    fn what_is_too_long_or_no_text_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let (sys, dev) = (root.path().join("sys"), root.path().join("dev"));
        for (bytes, fits) in
            [(b"12345678".as_slice(), true), (b"123456789", false), (b"\xff", false)]
        {
            put(&sys.join(FIRMWARE), bytes);
            assert_eq!(from(&sys, &dev, 8).is_ok(), fits, "{bytes:?}");
        }
    }
}

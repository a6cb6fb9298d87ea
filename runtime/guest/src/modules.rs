//! Kernel modules: those that the image lists, in its order, and then none any more.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::system::finit_module;
use tracing::info;

use crate::GuestError;

/// The list: one path a line, relative ones from the list's folder.
pub const LIST: &str = "/lib/modules/load";

/// The kernel unpacks the module. SPEC: finit_module(2), `MODULE_INIT_COMPRESSED_FILE`.
const COMPRESSED: i32 = 4;

/// What a driver's device is called by the kernel itself.
enum Device {
    /// On the platform's bus.
    Platform(&'static str),
    /// On virtio's, by the number of its kind.
    // SPEC: Virtual I/O Device (VIRTIO) 1.2, section 5.
    Virtio(&'static str),
}

/// Drivers whose devices the kernel knows before any module is there. Where there is no such device,
/// the signature of its driver is not looked at either: that takes longer than to load it.
const DRIVERS: [(&str, Device); 2] =
    [("sev_guest", Device::Platform("sev-guest")), ("virtio_blk", Device::Virtio("0x0002"))];

/// Loads what `list` names. A list that does not exist is that of a kernel without modules.
///
/// # Errors
/// [`GuestError::Module`] for a module that is missing or that the kernel refuses. One whose device
/// this machine lacks, or that is there already, is passed over.
pub fn load(list: &Path) -> Result<(), GuestError> {
    let failed = |source| GuestError::Module { path: list.to_owned(), source };
    let text = match fs::read_to_string(list) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let folder = list.parent().unwrap_or_else(|| Path::new("/"));
    let (mut loaded, mut unneeded) = (0_u32, Vec::new());
    for path in paths(&text).map(|path| folder.join(path)) {
        if is_of_use(&path, Path::new("/sys/bus")) && insert(&path)? {
            loaded = loaded.saturating_add(1);
        } else {
            unneeded.push(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    info!(loaded, unneeded = ?unneeded.into_iter().flatten().collect::<Vec<_>>(), "modules");
    Ok(())
}

fn paths(text: &str) -> impl Iterator<Item = PathBuf> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(PathBuf::from)
}

/// False for a driver whose device the machine lacks for sure.
fn is_of_use(module: &Path, buses: &Path) -> bool {
    let name = module.file_stem().unwrap_or_default();
    let driver = DRIVERS.iter().find(|(driver, _)| name == *driver);
    driver.is_none_or(|(_, device)| device.is_there(buses))
}

impl Device {
    /// A bus that cannot be looked at may have it.
    fn is_there(&self, buses: &Path) -> bool {
        match self {
            Self::Platform(name) => {
                let devices = buses.join("platform/devices");
                !devices.is_dir() || devices.join(name).exists()
            }
            Self::Virtio(kind) => {
                let Ok(devices) = fs::read_dir(buses.join("virtio/devices")) else { return true };
                devices.flatten().any(|device| {
                    let found = fs::read_to_string(device.path().join("device"));
                    found.is_ok_and(|found| found.trim_end() == *kind)
                })
            }
        }
    }
}

/// False if the machine lacks the device, or the module is there already.
fn insert(path: &Path) -> Result<bool, GuestError> {
    let failed = |source| GuestError::Module { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let plain = path.extension().is_some_and(|extension| extension == "ko");
    match finit_module(&file, c"", if plain { 0 } else { COMPRESSED }) {
        Ok(()) => Ok(true),
        Err(Errno::NODEV | Errno::EXIST) => Ok(false),
        Err(errno) => Err(failed(errno.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{is_of_use, load, paths};

    #[test]
    fn the_list_is_one_path_a_line_in_order() {
        let listed: Vec<_> = paths("failover.ko\n\n  /lib/b.ko.xz \n").collect();
        assert_eq!(listed, [Path::new("failover.ko"), Path::new("/lib/b.ko.xz")]);
    }

    #[test]
    fn a_driver_is_passed_over_where_its_device_is_not() {
        let buses = tempfile::tempdir().unwrap();
        let is_of_use = |name: &str| is_of_use(Path::new(name), buses.path());
        assert!(is_of_use("/lib/modules/virtio_net.ko"), "nothing is said of its device");
        for name in ["/lib/modules/virtio_blk.ko", "/lib/modules/sev_guest.ko"] {
            assert!(is_of_use(name), "there is no such bus");
        }
        let put = |path: &str, text: &str| {
            let path = buses.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("virtio/devices/virtio0/device", "0x0001\n");
        put("platform/devices/serial8250/modalias", "platform:serial8250\n");
        assert!(
            !is_of_use("/lib/modules/virtio_blk.ko") && !is_of_use("/lib/modules/sev_guest.ko")
        );
        put("virtio/devices/virtio1/device", "0x0002\n");
        put("platform/devices/sev-guest/modalias", "platform:sev-guest\n");
        assert!(is_of_use("/lib/modules/virtio_blk.ko") && is_of_use("/lib/modules/sev_guest.ko"));
    }

    #[test]
    fn no_list_is_no_module_and_a_missing_module_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("load");
        load(&list).unwrap();
        std::fs::write(&list, "absent.ko\n").unwrap();
        assert!(load(&list).unwrap_err().to_string().contains("absent.ko"));
    }
}

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

/// What a driver is for, as the kernel itself tells it.
enum Device {
    /// On the platform's bus.
    Platform(&'static str),
    /// On virtio's, by the number of its kind.
    // SPEC: Virtual I/O Device (VIRTIO) 1.2, section 5.
    Virtio(&'static str),
    /// A processor with this among its flags in /proc/cpuinfo.
    Processor(&'static str),
}

const SEV_GUEST: Device = Device::Platform("sev-guest");
const TDX_GUEST: Device = Device::Processor("tdx_guest");

/// Modules and what they are for, where the kernel knows that before any module is there. Where there
/// is nothing of it, the module's signature is not looked at either: that takes longer than to load
/// it.
const PURPOSES: [(&str, &[Device]); 6] = [
    // Both report interfaces show themselves through the same folder.
    ("configfs", &[SEV_GUEST, TDX_GUEST]),
    ("tsm", &[SEV_GUEST, TDX_GUEST]),
    ("tsm_report", &[SEV_GUEST, TDX_GUEST]),
    ("sev_guest", &[SEV_GUEST]),
    ("tdx_guest", &[TDX_GUEST]),
    ("virtio_blk", &[Device::Virtio("0x0002")]),
];

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
        if is_of_use(&path, Path::new("/")) && insert(&path)? {
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

/// False for a module that this machine has nothing for, for sure. `root` is the machine's folder.
fn is_of_use(module: &Path, root: &Path) -> bool {
    let name = module.file_stem().unwrap_or_default();
    let purpose = PURPOSES.iter().find(|(module, _)| name == *module);
    purpose.is_none_or(|(_, devices)| devices.iter().any(|device| device.is_there(root)))
}

impl Device {
    /// What cannot be looked at may be there.
    fn is_there(&self, root: &Path) -> bool {
        match self {
            Self::Platform(name) => {
                let devices = root.join("sys/bus/platform/devices");
                !devices.is_dir() || devices.join(name).exists()
            }
            Self::Virtio(kind) => {
                let devices = fs::read_dir(root.join("sys/bus/virtio/devices"));
                devices.map_or(true, |devices| {
                    devices.flatten().any(|device| {
                        let found = fs::read_to_string(device.path().join("device"));
                        found.is_ok_and(|found| found.trim_end() == *kind)
                    })
                })
            }
            Self::Processor(flag) => {
                let told = fs::read_to_string(root.join("proc/cpuinfo"));
                let flags = |told: &str| {
                    told.lines()
                        .find_map(|line| line.strip_prefix("flags"))
                        .map(|flags| flags.split_ascii_whitespace().any(|known| known == *flag))
                };
                told.map_or(true, |told| flags(&told).unwrap_or(true))
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

    /// A machine's folder with these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    /// Of the modules with a purpose, those that such a machine loads.
    fn loaded(files: &[(&str, &str)]) -> Vec<&'static str> {
        let machine = machine(files);
        let of_use =
            |name: &&str| is_of_use(Path::new(&format!("/lib/modules/{name}.ko")), machine.path());
        assert!(of_use(&"virtio_net"), "nothing is said of its device");
        super::PURPOSES.iter().map(|(name, _)| *name).filter(of_use).collect()
    }

    const BARE: [(&str, &str); 3] = [
        ("sys/bus/virtio/devices/virtio0/device", "0x0001\n"),
        ("sys/bus/platform/devices/serial8250/modalias", "platform:serial8250\n"),
        ("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme tdx_guest_not\nbugs\t\t:\n"),
    ];

    #[test]
    fn a_module_is_passed_over_where_there_is_nothing_that_it_is_for() {
        assert_eq!(loaded(&BARE), [""; 0]);
        let [virtio, platform, processor] = BARE;
        let disk = ("sys/bus/virtio/devices/virtio1/device", "0x0002\n");
        assert_eq!(loaded(&[virtio, platform, processor, disk]), ["virtio_blk"]);
        let snp = ("sys/bus/platform/devices/sev-guest/modalias", "platform:sev-guest\n");
        let report = ["configfs", "tsm", "tsm_report"];
        assert_eq!(
            loaded(&[virtio, platform, processor, snp]),
            [report.as_slice(), &["sev_guest"]].concat()
        );
        let tdx = ("proc/cpuinfo", "flags\t\t: fpu hypervisor tdx_guest lahf_lm\n");
        assert_eq!(loaded(&[virtio, platform, tdx]), [report.as_slice(), &["tdx_guest"]].concat());
    }

    #[test]
    fn what_cannot_be_looked_at_may_be_there() {
        assert_eq!(loaded(&[]).len(), super::PURPOSES.len());
        let [virtio, platform, _] = BARE;
        let without_flags = ("proc/cpuinfo", "processor\t: 0\n");
        assert!(loaded(&[virtio, platform, without_flags]).contains(&"tdx_guest"));
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

//! What a machine shows of what it runs on, read once.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Bytes of one file that are read; the longest line that counts, the CPU's flags, has about 2,000.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What one look at a machine found. A file that is not there, or that this process may not read,
/// leaves its field empty: this is looked at to find out what is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    /// SMBIOS type 1, manufacturer.
    pub(crate) vendor: String,
    /// SMBIOS type 1, product name.
    pub(crate) product: String,
    /// SMBIOS type 3, asset tag.
    pub(crate) asset_tag: String,
    /// Flags of the first CPU.
    pub(crate) flags: Vec<String>,
    /// The hypervisor that the kernel names. Few name themselves here; Xen does.
    pub(crate) hypervisor: String,
    /// The privilege level of this kernel, which only the kernel of a SEV-SNP guest shows.
    pub(crate) vmpl: String,
    /// The kernel's release.
    pub(crate) release: String,
    /// Loaded modules, of those that matter here.
    pub(crate) modules: Vec<String>,
    pub(crate) sev_guest: bool,
    pub(crate) tdx_guest: bool,
    pub(crate) tpm: bool,
}

impl Signs {
    /// Looks at the machine whose root is `root`.
    pub(crate) fn read(root: &Path) -> Self {
        let text = |path: &str| line(&root.join(path));
        let exists = |path: &str| root.join(path).exists();
        let modules = ["sev_guest", "tdx_guest"].into_iter();
        Self {
            vendor: text("sys/class/dmi/id/sys_vendor"),
            product: text("sys/class/dmi/id/product_name"),
            asset_tag: text("sys/class/dmi/id/chassis_asset_tag"),
            flags: flags(&contents(&root.join("proc/cpuinfo"))),
            hypervisor: text("sys/hypervisor/type"),
            // SPEC: Linux ABI sysfs-devices-system-cpu, and in later kernels sysfs-hypervisor.
            vmpl: [text("sys/devices/system/cpu/sev/vmpl"), text("sys/hypervisor/sev/vmpl")]
                .concat(),
            release: text("proc/sys/kernel/osrelease"),
            modules: modules
                .filter(|name| exists(&format!("sys/module/{name}")))
                .map(str::to_owned)
                .collect(),
            sev_guest: exists("dev/sev-guest"),
            tdx_guest: exists("dev/tdx_guest"),
            tpm: exists("dev/tpmrm0"),
        }
    }

    pub(crate) fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known == flag)
    }

    pub(crate) fn has_module(&self, name: &str) -> bool {
        self.modules.iter().any(|known| known == name)
    }

    /// Major and minor number of the kernel's release, if it begins with two.
    pub(crate) fn kernel(&self) -> Option<(u32, u32)> {
        let mut numbers = self.release.split(|c: char| !c.is_ascii_digit());
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

/// The first line of a file, without what a terminal would act on.
fn line(path: &Path) -> String {
    let text = contents(path);
    text.lines().next().unwrap_or_default().trim().chars().filter(|c| !c.is_control()).collect()
}

fn contents(path: &Path) -> String {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

fn flags(cpuinfo: &str) -> Vec<String> {
    let line = cpuinfo.lines().find_map(|line| line.strip_prefix("flags"));
    let words = line.and_then(|line| line.split_once(':')).map_or("", |(_, words)| words);
    words.split_whitespace().map(str::to_owned).collect()
}

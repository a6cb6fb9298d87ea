//! `[fence]`, `[resources]`, `[scratch]` and `[egress]` of `agent.toml`: what the agent may see, use
//! and reach.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use cloister_guest::fence::Scratch;
use cloister_guest::fence::group::Resources;
use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::source::Source;
use crate::limits::{
    DESTINATIONS_MAX, FENCE_PATHS_MAX, MEMORY_MIB_DEFAULT, PROCESSES_DEFAULT, SCRATCH_MAX,
    SCRATCH_MIB_MAX,
};

/// What the agent may see, use and reach.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FenceDemands {
    /// Where there is a fence.
    pub applies: Applies,
    /// What the agent may read and execute beside its program and files: files, and folders with all
    /// that is in them. Absolute.
    pub read: Vec<PathBuf>,
    /// Whether it may make machine code in memory, and execute it.
    pub executable_memory: bool,
    /// What it may write to.
    pub scratch: Vec<Scratch>,
    /// How much it may use.
    pub resources: Resources,
    /// Whom it may reach outside of its guest.
    pub egress: Vec<Destination>,
}

/// Where there is a fence around the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Applies {
    /// In a guest of its own; beside a developer's other programs there is none.
    #[default]
    Guest,
    /// Wherever the runtime is started, which takes root.
    Always,
}

/// Somebody outside of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Destination {
    /// A name in lower case, or an address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FenceSection {
    applies: Applies,
    read: Vec<Spanned<PathBuf>>,
    executable_memory: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourcesSection {
    memory_mib: Option<u32>,
    processes: Option<u32>,
    processor_percent: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EgressSection {
    #[serde(default)]
    allow: Vec<Spanned<String>>,
}

/// The four sections, as they are written.
pub(super) struct Sections {
    pub(super) fence: FenceSection,
    pub(super) resources: Option<Spanned<ResourcesSection>>,
    pub(super) scratch: BTreeMap<String, Spanned<u32>>,
    pub(super) egress: EgressSection,
}

impl Sections {
    pub(super) fn check(self, source: &Source) -> Result<FenceDemands, ConfigError> {
        Ok(FenceDemands {
            applies: self.fence.applies,
            executable_memory: self.fence.executable_memory,
            read: read(source, self.fence.read)?,
            scratch: scratch(source, self.scratch)?,
            resources: resources(source, self.resources.as_ref())?,
            egress: egress(source, &self.egress.allow)?,
        })
    }
}

fn read(source: &Source, paths: Vec<Spanned<PathBuf>>) -> Result<Vec<PathBuf>, ConfigError> {
    if let Some(path) = paths.get(FENCE_PATHS_MAX) {
        let most = format_args!("fence.read has more than {FENCE_PATHS_MAX} entries").to_string();
        return Err(source.refuse(path, most));
    }
    let checked = paths.into_iter().map(|path| {
        let resolved = source.resolve(path.get_ref());
        // SECURITY: the whole root is no declaration.
        if is_plain(&resolved) && resolved != Path::new("/") {
            Ok(resolved)
        } else {
            Err(source.refuse(&path, "write the absolute path of a file or folder, without `..`"))
        }
    });
    checked.collect()
}

fn is_plain(path: &Path) -> bool {
    path.is_absolute()
        && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
}

fn scratch(
    source: &Source,
    folders: BTreeMap<String, Spanned<u32>>,
) -> Result<Vec<Scratch>, ConfigError> {
    if let Some(folder) = folders.values().nth(SCRATCH_MAX) {
        let most = format_args!("there are more than {SCRATCH_MAX} scratch folders").to_string();
        return Err(source.refuse(folder, most));
    }
    let checked = folders.into_iter().map(|(path, mib)| {
        let path = PathBuf::from(path);
        let is_taken = ["/proc", "/dev", "/sys"].iter().any(|taken| path == Path::new(taken));
        if !is_plain(&path) || path == Path::new("/") || is_taken {
            return Err(source.refuse(
                &mib,
                "a scratch folder is an absolute path without `..`, and not the kernel's",
            ));
        }
        if !(1..=SCRATCH_MIB_MAX).contains(mib.get_ref()) {
            return Err(source.refuse(&mib, format_args!("write 1 to {SCRATCH_MIB_MAX} MiB")));
        }
        Ok(Scratch { path, bytes: bytes(*mib.get_ref()) })
    });
    checked.collect()
}

fn bytes(mib: u32) -> u64 {
    u64::from(mib).saturating_mul(1024 * 1024)
}

fn resources(
    source: &Source,
    section: Option<&Spanned<ResourcesSection>>,
) -> Result<Resources, ConfigError> {
    let given = section.map(Spanned::get_ref);
    let memory = given.and_then(|given| given.memory_mib).unwrap_or(MEMORY_MIB_DEFAULT);
    let processes = given.and_then(|given| given.processes).unwrap_or(PROCESSES_DEFAULT);
    let processor = given.and_then(|given| given.processor_percent);
    let resources = Resources { memory: bytes(memory), processes, processor };
    match section {
        Some(section) if memory == 0 || processes == 0 || processor == Some(0) => {
            Err(source.refuse(section, "no limit is 0"))
        }
        _ => Ok(resources),
    }
}

fn egress(source: &Source, allow: &[Spanned<String>]) -> Result<Vec<Destination>, ConfigError> {
    if let Some(entry) = allow.get(DESTINATIONS_MAX) {
        let most =
            format_args!("egress.allow has more than {DESTINATIONS_MAX} entries").to_string();
        return Err(source.refuse(entry, most));
    }
    let checked = allow.iter().map(|entry| {
        Destination::parse(entry.get_ref())
            .ok_or_else(|| source.refuse(entry, "write host:port; a name matches itself only"))
    });
    checked.collect()
}

impl Destination {
    /// `host:port`, the host a name or an address; IPv6 in brackets.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let authority: http::uri::Authority = text.parse().ok()?;
        let port = authority.port_u16().filter(|port| *port != 0)?;
        let bare = authority.host();
        let bare = bare.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(bare);
        let host = bare.trim_end_matches('.').to_ascii_lowercase();
        let is_name = rustls::pki_types::ServerName::try_from(host.as_str()).is_ok();
        (is_name && !text.contains('@')).then_some(Self { host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::Destination;

    #[test]
    fn a_destination_is_a_host_and_a_port() {
        let parsed = |text| Destination::parse(text).map(|to| (to.host, to.port));
        assert_eq!(parsed("API.example.org:443"), Some(("api.example.org".into(), 443)));
        assert_eq!(parsed("api.example.org.:443"), Some(("api.example.org".into(), 443)));
        assert_eq!(parsed("192.0.2.1:8443"), Some(("192.0.2.1".into(), 8443)));
        assert_eq!(parsed("[2001:db8::1]:443"), Some(("2001:db8::1".into(), 443)));
        for bad in
            ["example.org", "example.org:0", "*.example.org:443", "u@example.org:443", ":1", ""]
        {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }
}

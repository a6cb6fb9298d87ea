//! The manifest of this image: agent, workload digest, policy digest.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA384};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::manifest::{Manifest, ManifestError, PolicyDigest, WorkloadDigest};

use crate::config::{AgentConfig, ConfigError, Root, Workload};
use crate::limits::POLICY_BYTES_MAX;

/// First bytes of the list that the workload digest covers.
pub const LABEL: &[u8] = b"cloister/workload/1";

/// The manifest of one image, and what it was made from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Declared {
    /// The manifest.
    pub manifest: Manifest,
    /// Its deterministic CBOR, as it goes into every Evidence envelope.
    pub bytes: Vec<u8>,
    /// SHA-384 of `bytes`: what the binding and the Reference Values name.
    pub digest: Digest48,
    /// The policy bundle's bytes, which the manifest's policy digest covers.
    pub policy: Vec<u8>,
}

/// Why no manifest could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeclareError {
    /// A file of the workload, or the policy, cannot be read.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// A name breaks the manifest's rules.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl Diagnostic for DeclareError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Manifest(error) => error.code(),
        }
    }
}

/// Reads the files that `config` declares and makes the manifest. Blocking.
///
/// # Errors
/// [`DeclareError`] names the file that is missing or unusable.
pub fn declare(config: &AgentConfig) -> Result<Declared, DeclareError> {
    let policy = read(&config.root, &config.policy, POLICY_BYTES_MAX)?;
    let manifest = Manifest {
        agent: config.agent.name.clone(),
        workload: workload_digest(&config.root, &config.workload)?,
        policy: PolicyDigest(Digest48::sha384(&policy)),
        principal: config.agent.principal.clone(),
        scope: config.agent.scope.clone(),
        region_claim: config.agent.region.clone(),
        policy_source: config.policy_source,
    };
    let bytes = manifest.encode()?;
    Ok(Declared { digest: Manifest::digest(&bytes), manifest, bytes, policy })
}

/// Of the files below `root`: SHA-384 over [`LABEL`] and, in the order of their names, each declared file: the length of its
/// name as 4 bytes big-endian, the name as `agent.toml` has it, and the SHA-384 of its bytes. The
/// program counts as a file; naming it again under `files` changes nothing.
///
/// # Errors
/// [`ConfigError`] names the file that cannot be read.
pub fn workload_digest(root: &Root, workload: &Workload) -> Result<WorkloadDigest, ConfigError> {
    let program = workload.command.first().map(PathBuf::from);
    let names: BTreeMap<Vec<u8>, &PathBuf> = workload
        .files
        .iter()
        .chain(&program)
        .map(|name| (name.as_os_str().as_encoded_bytes().to_vec(), name))
        .collect();
    let mut context = Context::new(&SHA384);
    context.update(LABEL);
    for (name, path) in names {
        let path = workload.base.join(path);
        let len = u32::try_from(name.len())
            .map_err(|_| ConfigError::unusable(&path, "has too long a name"))?;
        context.update(&len.to_be_bytes());
        context.update(&name);
        context.update(file_digest(root, &path)?.as_bytes());
    }
    Ok(WorkloadDigest(finish(context)))
}

fn file_digest(root: &Root, path: &Path) -> Result<Digest48, ConfigError> {
    let unreadable = |error| ConfigError::unreadable(path, error);
    let mut file = root.open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(ConfigError::unusable(path, "is not a regular file"));
    }
    let mut context = Context::new(&SHA384);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let len = file.read(&mut buffer).map_err(unreadable)?;
        match buffer.get(..len) {
            Some([]) | None => return Ok(finish(context)),
            Some(part) => context.update(part),
        }
    }
}

fn finish(context: Context) -> Digest48 {
    let mut out = [0; 48];
    out.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    Digest48::new(out)
}

fn read(root: &Root, path: &Path, most: u64) -> Result<Vec<u8>, ConfigError> {
    let file = root.open(path).map_err(|error| ConfigError::unreadable(path, error))?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| ConfigError::unreadable(path, error))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= most) {
        return Ok(bytes);
    }
    Err(ConfigError::unusable(path, format_args!("is larger than {most} bytes")))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::collections::BTreeMap;
    use std::fs;

    use cloister_attestation::bytes::Digest48;

    use super::{LABEL, workload_digest};
    use crate::config::{Output, Root, Workload};

    fn workload(folder: &tempfile::TempDir, program: &str, files: &[&str]) -> Workload {
        Workload {
            command: vec![program.to_owned()],
            files: files.iter().map(Into::into).collect(),
            base: folder.path().to_owned(),
            directory: folder.path().to_owned(),
            a2a_port: 0,
            grpc_port: None,
            environment: BTreeMap::new(),
            stop_grace: Duration::ZERO,
            output: Output::Log,
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [("agent", "program"), ("b", "two"), ("a", "one")] {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    #[test]
    fn covers_label_names_and_contents_in_the_order_of_names() {
        let mut list = LABEL.to_vec();
        for (name, bytes) in [("a", "one"), ("agent", "program"), ("b", "two")] {
            list.extend_from_slice(&u32::try_from(name.len()).unwrap().to_be_bytes());
            list.extend_from_slice(name.as_bytes());
            list.extend_from_slice(Digest48::sha384(bytes.as_bytes()).as_bytes());
        }
        let folder = folder();
        for files in [["b", "a"].as_slice(), &["a", "b"], &["a", "agent", "b"]] {
            let digest = workload_digest(&Root::own(), &workload(&folder, "agent", files)).unwrap();
            assert_eq!(digest.0, Digest48::sha384(&list), "{files:?}");
        }
    }

    #[test]
    fn one_changed_byte_or_name_changes_it() {
        let folder = folder();
        let before = workload_digest(&Root::own(), &workload(&folder, "agent", &["a"])).unwrap();
        assert_ne!(
            workload_digest(&Root::own(), &workload(&folder, "agent", &["b"])).unwrap(),
            before
        );
        fs::write(folder.path().join("a"), "onf").unwrap();
        assert_ne!(
            workload_digest(&Root::own(), &workload(&folder, "agent", &["a"])).unwrap(),
            before
        );
    }

    #[test]
    fn a_missing_file_or_a_folder_is_refused_by_name() {
        let folder = folder();
        fs::create_dir(folder.path().join("folder")).unwrap();
        for name in ["missing", "folder"] {
            let error =
                workload_digest(&Root::own(), &workload(&folder, "agent", &[name])).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

//! What a runtime will declare in an image that is being built.
//!
//! Whoever builds the image asks the very program that goes into it, so that the manifest's rules
//! stand in one place.

use std::path::Path;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_policy::{PolicyBundle, PolicyError};
use serde_json::{Value, json};

use crate::config::{AgentConfig, ConfigError, ImageName, Root};
use crate::workload::{DeclareError, Declared, declare};

/// Where an image has its measured file.
pub const AGENT_FILE: &str = "/etc/cloister/agent.toml";

/// The form of [`DeclaredImage::json`].
const FORMAT: &str = "cloister/declared/1";

/// What the measured file of an image says, and the manifest that follows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeclaredImage {
    /// How the image is called where it is admitted.
    pub image: ImageName,
    /// The manifest.
    pub declared: Declared,
}

/// Why a runtime could not start in this image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The measured file, or one that it names.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The manifest.
    #[error(transparent)]
    Declare(#[from] DeclareError),
    /// The policy bundle.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Diagnostic for ImageError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Config(error) => error.code(),
            Self::Declare(error) => error.code(),
            Self::Policy(error) => error.code(),
        }
    }
}

impl DeclaredImage {
    /// Reads [`AGENT_FILE`] below `root`, and all that it names, as the runtime will. Blocking.
    ///
    /// # Errors
    /// [`ImageError`] says which file is unusable.
    pub fn below(root: &Path) -> Result<Self, ImageError> {
        let root = Root::folder(root.to_owned());
        let config = AgentConfig::load_below(root, Path::new(AGENT_FILE))?;
        let declared = declare(&config)?;
        PolicyBundle::parse(&declared.policy)?;
        Ok(Self { image: config.image, declared })
    }

    /// For the program that builds the image.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "format": FORMAT,
            "name": self.image.name,
            "version": self.image.version,
            "agent": self.declared.manifest.agent,
            "manifest": hex(&self.declared.bytes),
            "manifest_sha384": self.declared.digest.to_string(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use cloister_attestation::manifest::Manifest;

    use super::DeclaredImage;

    const AGENT: &str = r#"
        trust_domain = "example.org"
        policy = "policy.cedar"
        agent = { name = "translator", principal = "example.org" }
        image = { name = "translator", version = "1.0.0" }
        verifier = { trust_root = "/etc/ssl/trust.pem" }
        peers = { anchors = "vendor" }
        workload = { command = ["/usr/bin/translator"], files = ["notes"], a2a_port = 9000 }
        build = { kind = "static", extra = [1, { a = 2 }] }
    "#;

    fn write(root: &Path, path: &str, bytes: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn image() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        for (path, bytes) in [
            ("etc/cloister/agent.toml", AGENT),
            ("etc/cloister/policy.cedar", "permit(principal, action, resource);"),
            ("etc/cloister/notes", "notes"),
            ("etc/ssl/trust.pem", pem),
            ("usr/bin/translator", "program"),
        ] {
            write(root.path(), path, bytes);
        }
        root
    }

    #[test]
    fn it_is_what_the_runtime_declares_wherever_the_folder_stands() {
        let (one, two) = (image(), image());
        let declared = DeclaredImage::below(one.path()).unwrap();
        assert_eq!(declared.json(), DeclaredImage::below(two.path()).unwrap().json());
        let Manifest { agent, scope, .. } = Manifest::decode(&declared.declared.bytes).unwrap();
        assert_eq!((agent.as_str(), scope.len()), ("translator", 0));
        assert_eq!(declared.json()["manifest_sha384"], declared.declared.digest.to_string());
    }

    #[test]
    fn every_byte_that_the_manifest_covers_changes_it_and_none_may_be_missing() {
        let before = DeclaredImage::below(image().path()).unwrap().json();
        for path in ["usr/bin/translator", "etc/cloister/notes"] {
            let image = image();
            write(image.path(), path, "changed");
            assert_ne!(DeclaredImage::below(image.path()).unwrap().json(), before, "{path}");
        }
        for path in ["usr/bin/translator", "etc/cloister/policy.cedar", "etc/ssl/trust.pem"] {
            let image = image();
            fs::remove_file(image.path().join(path)).unwrap();
            assert!(DeclaredImage::below(image.path()).is_err(), "{path}");
        }
    }
}

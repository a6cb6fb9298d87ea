//! `addresses.json`: the addresses that were bound, for whoever asked for port 0.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use cloister_attestation::code::{Code, Diagnostic};
use serde::Serialize;

cloister_attestation::codes! {
    /// The state folder cannot be written.
    STATE = "node.state", Operator, "",
        "Make the folder that `state` names writable for the user that cloisterd runs as.",
        "node.toml names a state folder, and addresses.json could not be written there.";
}

/// File name within the state folder.
pub const FILE: &str = "addresses.json";

/// The addresses that a runtime bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Addresses {
    /// Where peers reach it.
    pub listen: SocketAddr,
    /// Where its agent reaches peers.
    pub surface: SocketAddr,
    /// Where operators reach it.
    pub operator: SocketAddr,
    /// Where its agent serves A2A.
    pub agent: SocketAddr,
}

/// The addresses could not be written down.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", .path.display())]
pub struct StateError {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

impl Diagnostic for StateError {
    fn code(&self) -> &'static Code {
        &STATE
    }
}

impl Addresses {
    /// Writes [`FILE`] into `folder`, which is made if need be. The file appears whole or not at all.
    ///
    /// # Errors
    /// [`StateError`] with the path that could not be written.
    pub fn write(&self, folder: &Path) -> Result<(), StateError> {
        let path = folder.join(FILE);
        let failed = |source| StateError { path: path.clone(), source };
        let text = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        fs::create_dir_all(folder).map_err(failed)?;
        let draft = folder.join(".addresses.json.new");
        let mut file = fs::File::create(&draft).map_err(failed)?;
        file.write_all(&text).map_err(failed)?;
        fs::rename(&draft, &path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Addresses, FILE};

    #[test]
    fn the_file_holds_every_address_and_replaces_an_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("made/on/demand");
        let address = |port| ([127, 0, 0, 1], port).into();
        for port in [1, 10] {
            let addresses = Addresses {
                listen: address(port),
                surface: address(port + 1),
                operator: address(port + 2),
                agent: address(port + 3),
            };
            addresses.write(&state).unwrap();
        }
        let json: serde_json::Value =
            serde_json::from_slice(&std::fs::read(state.join(FILE)).unwrap()).unwrap();
        let expected = serde_json::json!({
            "listen": "127.0.0.1:10", "surface": "127.0.0.1:11",
            "operator": "127.0.0.1:12", "agent": "127.0.0.1:13",
        });
        assert_eq!(json, expected);
    }
}

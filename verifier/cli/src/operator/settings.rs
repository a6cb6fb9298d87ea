//! Which Verifier to ask, what to pin, and the token: from the command line, then from a file.

use core::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tonic::transport::Uri;
use zeroize::Zeroizing;

use super::error::OperatorError;
use crate::arguments::ConnectionArguments;
use crate::file;

/// Everything that a call needs.
pub(super) struct Settings {
    /// `https://host:port`.
    pub(super) verifier: Uri,
    /// Where the certificate to pin is.
    pub(super) ca: PathBuf,
    /// The operator token.
    pub(super) token: Zeroizing<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("verifier", &self.verifier)
            .field("ca", &self.ca)
            .finish_non_exhaustive()
    }
}

/// The settings file. Paths in it are relative to its folder.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    verifier: Option<String>,
    ca: Option<PathBuf>,
    token_file: Option<PathBuf>,
}

impl Settings {
    /// The command line first, the file for what it leaves open.
    pub(super) fn find(arguments: &ConnectionArguments) -> Result<Self, OperatorError> {
        let document = document(arguments.config.as_deref())?;
        let verifier =
            arguments.verifier.clone().or(document.verifier).ok_or_else(|| absent("--verifier"))?;
        let ca = arguments.ca.clone().or(document.ca).ok_or_else(|| absent("--ca"))?;
        let token = arguments
            .token_file
            .clone()
            .or(document.token_file)
            .ok_or_else(|| absent("--token-file"))?;
        Ok(Self { verifier: address(&verifier)?, ca, token: read_token(&token)? })
    }

    /// The address, for messages.
    pub(super) fn address(&self) -> String {
        self.verifier.to_string()
    }
}

fn absent(name: &str) -> OperatorError {
    OperatorError::Settings { reason: format!("{name} is not given, and no settings file has it") }
}

fn document(named: Option<&Path>) -> Result<Document, OperatorError> {
    let usual = usual();
    let path = match (named, usual.as_deref()) {
        (Some(named), _) => named,
        (None, Some(usual)) if usual.is_file() => usual,
        (None, _) => return Ok(Document::default()),
    };
    let text = file::read_text(path)?;
    let mut document: Document = toml::from_str(&text).map_err(|error| {
        OperatorError::Settings { reason: format!("{}: {error}", path.display()) }
    })?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    for file in [&mut document.ca, &mut document.token_file].into_iter().flatten() {
        *file = folder.join(&*file);
    }
    Ok(document)
}

/// `cloister/config.toml` in the user's configuration folder (XDG Base Directory Specification).
fn usual() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(folder.join("cloister").join("config.toml"))
}

/// Only `https`, only an authority: the token is never sent in the clear, and a path would be
/// silently ignored.
pub(crate) fn address(text: &str) -> Result<Uri, OperatorError> {
    let refuse = |reason: &str| OperatorError::Settings { reason: format!("`{text}` {reason}") };
    let uri: Uri = text.parse().map_err(|_| refuse("is not an address"))?;
    if uri.scheme_str() != Some("https") || uri.host().is_none() {
        return Err(refuse("is not of the form https://host:port"));
    }
    if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") {
        return Err(refuse("has a path, and only https://host:port is meant"));
    }
    Ok(uri)
}

fn read_token(path: &Path) -> Result<Zeroizing<String>, OperatorError> {
    let text = Zeroizing::new(file::read_text(path)?);
    let token = Zeroizing::new(text.trim().to_owned());
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(OperatorError::Settings {
            reason: format!("{} holds no token", path.display()),
        });
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Settings, address};
    use crate::arguments::ConnectionArguments;

    #[test]
    fn only_https_addresses_without_a_path_are_taken() {
        for good in ["https://verifier.example:8443", "https://127.0.0.1:1/", "https://[::1]:8443"]
        {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in
            ["http://verifier.example", "verifier.example:8443", "https://a/b", "https://a?b", ""]
        {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    fn arguments(folder: &Path, file: &str) -> ConnectionArguments {
        std::fs::write(folder.join("config.toml"), file).unwrap();
        std::fs::write(folder.join("token"), "secret-token\n").unwrap();
        ConnectionArguments {
            config: Some(folder.join("config.toml")),
            ..ConnectionArguments::default()
        }
    }

    #[test]
    fn the_command_line_goes_before_the_file_and_paths_are_relative_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            "verifier = \"https://file.example\"\nca = \"trust.pem\"\ntoken_file = \"token\"\n";
        let mut arguments = arguments(folder.path(), text);
        let settings = Settings::find(&arguments).unwrap();
        assert_eq!(settings.address(), "https://file.example/");
        assert_eq!(settings.ca, folder.path().join("trust.pem"));
        assert_eq!(settings.token.as_str(), "secret-token");
        assert!(!format!("{settings:?}").contains("secret-token"));
        arguments.verifier = Some("https://line.example".to_owned());
        assert_eq!(Settings::find(&arguments).unwrap().address(), "https://line.example/");
    }

    #[test]
    fn what_is_absent_or_unknown_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Settings::find(&arguments(folder.path(), "ca = \"a\"\n")).unwrap_err();
        assert!(error.to_string().starts_with("--verifier"));
        let error = Settings::find(&arguments(folder.path(), "verifyer = \"a\"\n")).unwrap_err();
        assert!(error.to_string().contains("verifyer"), "{error}");
    }
}

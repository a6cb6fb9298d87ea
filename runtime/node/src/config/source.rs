//! One configuration file's text, and places in it.

use core::fmt;
use core::ops::Range;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use cloister_attestation::code::Code;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::error::{ConfigError, Position, SYNTAX, VALUE};
use super::root::Root;
use crate::limits::CONFIG_BYTES_MAX;

/// A file's path and text; makes errors that name a line in it.
#[derive(Debug)]
pub(super) struct Source {
    root: Root,
    path: PathBuf,
    text: String,
}

impl Source {
    /// The text of the file at `path`, which appears in messages and is where relative paths start.
    pub(super) fn new(path: &Path, text: String) -> Self {
        Self { root: Root::own(), path: path.to_owned(), text }
    }

    /// The text of the file that has `path` below `root`.
    pub(super) fn read(root: &Root, path: &Path) -> Result<Self, ConfigError> {
        Ok(Self { root: root.clone(), path: path.to_owned(), text: text(root, path)? })
    }

    /// The text of a file that this one names.
    pub(super) fn named(&self, path: &Path) -> Result<String, ConfigError> {
        text(&self.root, &self.resolve(path))
    }

    /// The file's text as a `T`, unknown keys refused by `T` itself.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        toml::from_str(&self.text).map_err(|error| {
            self.error(&SYNTAX, error.span().map(|span| span.start), error.message())
        })
    }

    /// Refuses the value at `at`.
    pub(super) fn refuse<T>(&self, at: &Spanned<T>, reason: impl fmt::Display) -> ConfigError {
        self.refuse_as(&VALUE, at.span(), reason)
    }

    /// Refuses the value at `span` under another code than [`VALUE`].
    pub(super) fn refuse_as(
        &self,
        code: &'static Code,
        span: Range<usize>,
        reason: impl fmt::Display,
    ) -> ConfigError {
        self.error(code, Some(span.start), reason)
    }

    /// A path from this file: relative ones start at the file's folder.
    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        match self.path.parent() {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }

    fn error(
        &self,
        code: &'static Code,
        at: Option<usize>,
        reason: impl fmt::Display,
    ) -> ConfigError {
        let position = at.map(|offset| position(&self.text, offset));
        let reason = reason.to_string();
        ConfigError { code, path: self.path.clone(), position, reason, source: None }
    }
}

/// The text of a configuration file or of a file that one names: at most [`CONFIG_BYTES_MAX`] bytes
/// of UTF-8.
fn text(root: &Root, path: &Path) -> Result<String, ConfigError> {
    let file = root.open(path).map_err(|error| ConfigError::unreadable(path, error))?;
    let mut text = String::new();
    let read = file.take(CONFIG_BYTES_MAX.saturating_add(1)).read_to_string(&mut text);
    match read.map(u64::try_from) {
        Err(error) => Err(ConfigError::unreadable(path, error)),
        Ok(Ok(len)) if len <= CONFIG_BYTES_MAX => Ok(text),
        Ok(_) => Err(ConfigError::unusable(
            path,
            format_args!("is larger than {CONFIG_BYTES_MAX} bytes"),
        )),
    }
}

fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let column = before.get(line_start..).map_or(0, |line| line.chars().count());
    Position {
        line: before.matches('\n').count().saturating_add(1),
        column: column.saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use super::position;
    use crate::config::Position;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let text = "a = 1\nö = x\n";
        assert_eq!(position(text, 0), Position { line: 1, column: 1 });
        assert_eq!(position(text, text.find('x').unwrap()), Position { line: 2, column: 5 });
        assert_eq!(position(text, text.len()), Position { line: 3, column: 1 });
    }
}

//! Completion scripts and manual pages, made from the command line's own definition.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use cloister_attestation::code::{Code, Diagnostic};
use serde_json::json;

use crate::answer::{Answer, Exit};
use crate::arguments::Arguments;
use crate::codes;

/// Manual pages could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write manual pages to {}", .folder.display())]
struct ManError {
    folder: PathBuf,
    source: std::io::Error,
}

impl Diagnostic for ManError {
    fn code(&self) -> &'static Code {
        &codes::MAN
    }
}

/// The script of one shell.
pub(crate) fn completions(shell: clap_complete::Shell) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "cloister", &mut script);
    Answer::text(String::from_utf8_lossy(&script))
}

/// The main page as text, or every page into a folder.
pub(crate) fn man(folder: Option<&Path>) -> Answer {
    let done = match folder {
        None => page(),
        Some(folder) => pages(folder),
    };
    done.unwrap_or_else(|error| Answer::error(Exit::Misuse, &error))
}

fn page() -> Result<Answer, ManError> {
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(Arguments::command()).render(&mut page);
    written.map_err(|source| ManError { folder: PathBuf::new(), source })?;
    Ok(Answer::text(String::from_utf8_lossy(&page)))
}

fn pages(folder: &Path) -> Result<Answer, ManError> {
    let written = clap_mangen::generate_to(Arguments::command(), folder);
    written.map_err(|source| ManError { folder: folder.to_owned(), source })?;
    let text = format!("wrote the manual pages to {}\n", folder.display());
    Ok(Answer {
        exit: Exit::Acceptable,
        text,
        json: json!({ "folder": folder.display().to_string() }),
    })
}

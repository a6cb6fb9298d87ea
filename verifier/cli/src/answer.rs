//! What a command answers, for people and for programs.

use std::io::{self, Write as _};
use std::process::ExitCode;

use cloister_attestation::code::Diagnostic;
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};

use crate::text;

/// How a command ended; the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// 0: done; or the Evidence is acceptable under the policy given.
    Acceptable,
    /// 1: the arguments, or a file or setting that they name, cannot be used.
    Misuse,
    /// 2: refused: the Evidence, or the request by the Verifier.
    Refused,
    /// 3: no conclusion: something is missing and named, or the Verifier did not answer.
    NoConclusion,
    /// 4: done, and acceptable only as far as it goes: what nobody signed yet follows.
    Partial,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Acceptable => 0,
            Exit::Misuse => 1,
            Exit::Refused => 2,
            Exit::NoConclusion => 3,
            Exit::Partial => 4,
        })
    }
}

/// One answer in both forms.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How it ended.
    pub exit: Exit,
    /// For people; may hold terminal colours, which printing removes where they do not belong.
    pub text: String,
    /// For programs.
    pub json: Value,
}

impl Answer {
    /// Done, with only words to say.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { exit: Exit::Acceptable, json: json!({ "text": text }), text }
    }

    /// Ended with an error, told as its chain, its code and its remedy.
    #[must_use]
    pub fn error(exit: Exit, error: &dyn Diagnostic) -> Self {
        let code = error.code();
        let message = chain(error);
        let text = format!(
            "{} {}\n{} {}\n{} cloister explain {}\n",
            "error:".red().bold(),
            text::indented(&message, 7),
            "help:".green().bold(),
            text::indented(code.remedy, 6),
            "more:".bold(),
            code.id
        );
        let json = json!({ "error": {
            "id": code.id, "fault": code.fault.to_string(), "message": message, "remedy": code.remedy,
        } });
        Self { exit, text, json }
    }

    /// Prints one form: JSON to standard output whatever it says, so that a program always reads
    /// one object; words to standard output, or to standard error where there is no answer.
    ///
    /// Colours are kept only on a terminal that wants them (`NO_COLOR`, `CLICOLOR`).
    #[must_use]
    pub fn print(&self, json: bool) -> Exit {
        let done = if json {
            writeln!(io::stdout().lock(), "{}", self.json)
        } else if self.exit == Exit::Misuse {
            anstream::stderr().lock().write_all(self.text.as_bytes())
        } else {
            anstream::stdout().lock().write_all(self.text.as_bytes())
        };
        // A reader that has seen enough (`| head`) is no failure; an answer lost otherwise is one.
        match done {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Misuse,
            Ok(()) | Err(_) => self.exit,
        }
    }
}

/// The error with its causes, in one line.
pub(crate) fn chain(error: &dyn Diagnostic) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Some libraries repeat the cause in their own words.
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

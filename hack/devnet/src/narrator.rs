//! Tells the story to a person: steps, facts and outcomes, in colour where there is a terminal.

use std::io::Write as _;

use owo_colors::OwoColorize as _;

/// Writes the story to standard output, or nothing at all when only the summary is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Narrator {
    quiet: bool,
}

impl Narrator {
    /// A narrator who speaks unless `quiet`.
    #[must_use]
    pub const fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// A new chapter.
    pub fn step(&self, text: &str) {
        self.say(format_args!("\n{}", text.bold()));
    }

    /// Something that holds.
    pub fn good(&self, text: &str) {
        self.say(format_args!("  {} {text}", "ok".green()));
    }

    /// Something that was refused, as it had to be.
    pub fn refused(&self, text: &str) {
        self.say(format_args!("  {} {text}", "refused".red()));
    }

    /// A fact beside the story.
    pub fn note(&self, text: &str) {
        self.say(format_args!("     {}", text.dimmed()));
    }

    /// What must not be overlooked.
    pub fn warn(&self, text: &str) {
        self.say(format_args!("{}", text.yellow()));
    }

    fn say(&self, line: std::fmt::Arguments<'_>) {
        if !self.quiet {
            // A closed pipe means that nobody listens any more.
            drop(writeln!(anstream::stdout(), "{line}"));
        }
    }
}

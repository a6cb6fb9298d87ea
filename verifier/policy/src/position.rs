//! Where in a bundle something is.

use core::fmt;

use miette::Diagnostic;

/// A place in a bundle's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    line: Option<usize>,
}

impl Position {
    /// The line, counted from 1; `None` where Cedar does not say.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        self.line
    }

    /// The line that holds byte `offset` of `text`.
    pub(crate) fn of_offset(text: &[u8], offset: usize) -> Self {
        let breaks = text.iter().take(offset).filter(|byte| **byte == b'\n').count();
        Self { line: Some(breaks.saturating_add(1)) }
    }

    /// The first place that a Cedar diagnostic points at.
    pub(crate) fn of_diagnostic(text: &str, diagnostic: &dyn Diagnostic) -> Self {
        diagnostic
            .labels()
            .and_then(|mut labels| labels.next())
            .map_or(Self { line: None }, |label| Self::of_offset(text.as_bytes(), label.offset()))
    }

    /// The first place of an annotation with this value, or of this name.
    pub(crate) fn of_annotation(text: &str, name: &str, value: &str) -> Self {
        let whole = text.find(&format!("@{name}(\"{value}\")"));
        whole
            .or_else(|| text.find(&format!("@{name}")))
            .map_or(Self { line: None }, |offset| Self::of_offset(text.as_bytes(), offset))
    }

    /// The second place where the annotation `@id` has this value.
    pub(crate) fn of_second_id(text: &str, id: &str) -> Self {
        let annotation = format!("@id(\"{id}\")");
        text.match_indices(&annotation)
            .nth(1)
            .map_or(Self { line: None }, |(offset, _)| Self::of_offset(text.as_bytes(), offset))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}"),
            None => f.write_str("an unknown line"),
        }
    }
}

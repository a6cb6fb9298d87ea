//! Bounds how deep Cedar recurses, before Cedar sees the text.
//!
//! Cedar's parser and validator recurse over an expression. On a very deep one the parser
//! exhausts the stack, and the validator stops without a finding, so that an invalid policy would
//! pass. A policy that stays within these bounds reaches neither limit.

use crate::error::PolicyError;
use crate::limits::{NESTING_MAX, OPERATORS_MAX};
use crate::position::Position;

/// Refuses a policy whose brackets nest too deep or that chains too many operators.
pub(crate) fn check(text: &str) -> Result<(), PolicyError> {
    let mut tally = Tally::default();
    let mut rest = text;
    while let Some(token) = Token::first(rest) {
        tally.count(token);
        if tally.exceeded() {
            let offset = text.len().saturating_sub(rest.len());
            return Err(PolicyError::TooComplex {
                at: Position::of_offset(text.as_bytes(), offset),
            });
        }
        rest = rest.get(token.len()..).unwrap_or_default();
    }
    Ok(())
}

/// What one policy has used up so far.
#[derive(Default)]
struct Tally {
    nesting: usize,
    operators: usize,
}

impl Tally {
    fn count(&mut self, token: Token<'_>) {
        match token {
            Token::Open => self.nesting = self.nesting.saturating_add(1),
            Token::Close => self.nesting = self.nesting.saturating_sub(1),
            Token::Operator | Token::Word("if") => {
                self.operators = self.operators.saturating_add(1)
            }
            Token::End => *self = Self::default(),
            Token::Word(_) | Token::Inert(_) => {}
        }
    }

    const fn exceeded(&self) -> bool {
        self.nesting > NESTING_MAX || self.operators > OPERATORS_MAX
    }
}

/// As much of Cedar's grammar as matters for counting.
#[derive(Clone, Copy)]
enum Token<'a> {
    Open,
    Close,
    Operator,
    /// The semicolon after a policy.
    End,
    Word(&'a str),
    /// A string, a comment, or a character that does not matter: its length in bytes.
    Inert(usize),
}

impl<'a> Token<'a> {
    fn first(text: &'a str) -> Option<Self> {
        let first = text.chars().next()?;
        Some(match first {
            '(' | '[' | '{' => Self::Open,
            ')' | ']' | '}' => Self::Close,
            ';' => Self::End,
            '"' => Self::Inert(string_len(text)),
            '/' if text.starts_with("//") => Self::Inert(text.find('\n').unwrap_or(text.len())),
            '.' | '&' | '|' | '+' | '-' | '*' | '!' | '=' | '<' | '>' => Self::Operator,
            first if is_word(first) => Self::Word(word(text)),
            other => Self::Inert(other.len_utf8()),
        })
    }

    const fn len(self) -> usize {
        match self {
            Self::Open | Self::Close | Self::Operator | Self::End => 1,
            Self::Word(word) => word.len(),
            Self::Inert(len) => len,
        }
    }
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn word(text: &str) -> &str {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// The length of the string literal that `text` starts with, both quotes included.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at.saturating_add(1),
            _ => {}
        }
    }
    text.len()
}

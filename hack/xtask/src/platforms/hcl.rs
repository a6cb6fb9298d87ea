//! As much of HashiCorp's configuration language as the recipes use: blocks and attributes.
//!
//! Expressions are kept as text. Heredocs are refused: a recipe reads a file instead.

use std::iter::Peekable;
use std::str::Chars;

use anyhow::{Result, bail};

/// A block, or a whole file, which is the body of one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: String,
    pub(super) labels: Vec<String>,
    /// Names and the text of their expressions.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) blocks: Vec<Self>,
}

impl Block {
    /// Reads a file.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser { tokens: lex(text)?.into_iter().peekable() };
        let mut file = Self::default();
        parser.body(&mut file)?;
        if parser.tokens.next().is_some() {
            bail!("a brace is closed that none opened");
        }
        Ok(file)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// Every attribute of this block and of those in it.
    pub(super) fn all_attributes(&self) -> Vec<(&str, &str)> {
        let own = self.attributes.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        own.chain(self.blocks.iter().flat_map(Self::all_attributes)).collect()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// A quoted string, quotes left off.
    Quoted(String),
    Mark(char),
    Line,
}

struct Parser {
    tokens: Peekable<std::vec::IntoIter<Token>>,
}

impl Parser {
    /// Up to a closing brace, which is left, or the end.
    fn body(&mut self, block: &mut Block) -> Result<()> {
        loop {
            match self.tokens.peek() {
                None | Some(Token::Mark('}')) => return Ok(()),
                Some(Token::Line) => drop(self.tokens.next()),
                Some(Token::Word(_)) => self.item(block)?,
                Some(other) => bail!("expected a name and found {other:?}"),
            }
        }
    }

    fn item(&mut self, block: &mut Block) -> Result<()> {
        let Some(Token::Word(name)) = self.tokens.next() else { bail!("expected a name") };
        if self.tokens.next_if_eq(&Token::Mark('=')).is_some() {
            let text = self.expression()?;
            block.attributes.push((name, text));
            return Ok(());
        }
        let mut inner = Block { kind: name, ..Block::default() };
        loop {
            match self.tokens.next() {
                Some(Token::Quoted(label)) => inner.labels.push(label),
                Some(Token::Mark('{')) => break,
                other => bail!("after `{}`: expected a block and found {other:?}", inner.kind),
            }
        }
        self.body(&mut inner)?;
        if self.tokens.next() != Some(Token::Mark('}')) {
            bail!("the block `{}` is not closed", inner.kind);
        }
        block.blocks.push(inner);
        Ok(())
    }

    /// To the end of the line, or further while a bracket is open.
    fn expression(&mut self) -> Result<String> {
        let mut words: Vec<String> = Vec::new();
        let mut open = 0_usize;
        loop {
            match self.tokens.peek() {
                None | Some(Token::Line) if open == 0 => break,
                Some(Token::Mark('}' | ']' | ')')) if open == 0 => break,
                None => bail!("a bracket is not closed"),
                Some(_) => {}
            }
            match self.tokens.next() {
                Some(Token::Mark(mark)) => {
                    open = match mark {
                        '{' | '[' | '(' => open.saturating_add(1),
                        '}' | ']' | ')' => open.saturating_sub(1),
                        _ => open,
                    };
                    words.push(mark.to_string());
                }
                Some(Token::Word(word)) => words.push(word),
                Some(Token::Quoted(text)) => words.push(format!("\"{text}\"")),
                Some(Token::Line) | None => {}
            }
        }
        if words.is_empty() { bail!("an attribute without a value") } else { Ok(words.join(" ")) }
    }
}

fn lex(text: &str) -> Result<Vec<Token>> {
    let mut chars = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(first) = chars.next() {
        match first {
            '\n' => tokens.push(Token::Line),
            c if c.is_whitespace() => {}
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            '/' if chars.peek() == Some(&'/') => while chars.next_if(|c| *c != '\n').is_some() {},
            '<' if chars.peek() == Some(&'<') => bail!("a heredoc; read a file instead"),
            '"' => tokens.push(Token::Quoted(quoted(&mut chars)?)),
            c if is_word(c) => {
                let mut word = c.to_string();
                while let Some(next) = chars.next_if(|c| is_word(*c)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            mark => tokens.push(Token::Mark(mark)),
        }
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// The rest of a string. What stands in `${…}` may have quotes of its own.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Result<String> {
    let mut text = String::new();
    let mut templates = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '"' if templates == 0 => return Ok(text),
            '\n' if templates == 0 => bail!("a string that does not end on its line"),
            '{' if text.ends_with(['$', '%']) => templates = templates.saturating_add(1),
            '}' => templates = templates.saturating_sub(1),
            _ => {}
        }
        text.push(c);
        if c == '\\' {
            text.extend(chars.next());
        }
    }
    bail!("a string that does not end")
}

#[cfg(test)]
mod tests {
    use super::Block;

    #[test]
    fn blocks_labels_and_attributes_are_read() {
        let text = "# said\nresource \"a_b\" \"c\" {\n  d = [1,\n 2] // more\n  e { f = \"x${g[\"h\"]}#y\" }\n}\n";
        let file = Block::parse(text).unwrap();
        let block = &file.blocks[0];
        assert_eq!(
            (block.kind.as_str(), &block.labels[..]),
            ("resource", &["a_b", "c"].map(str::to_owned)[..])
        );
        assert_eq!(block.attribute("d"), Some("[ 1 , 2 ]"));
        assert_eq!(block.all_attributes()[1], ("f", "\"x${g[\"h\"]}#y\""));
    }

    #[test]
    fn what_does_not_close_is_refused() {
        for text in
            ["a {", "a = [1", "a = \"b", "}", "a = {", "a b {}", "= 1", "a =\n", "a = <<EOF\n"]
        {
            assert!(Block::parse(text).is_err(), "{text}");
        }
    }
}

//! SPDX licence expressions, as far as `Cargo.toml` files use them.

/// Whether what an expression demands can be met with allowed licences: `OR` needs one side,
/// `AND` both. `A/B` is how old manifests write `A OR B`.
pub(super) fn is_allowed(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, allowed };
    let met = parser.either()?;
    match parser.words {
        [] => Ok(met),
        [word, ..] => Err(format!("unexpected `{word}`")),
    }
}

struct Parser<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Parser<'_> {
    fn either(&mut self) -> Result<bool, String> {
        let mut met = self.both()?;
        while self.eat("OR") {
            met |= self.both()?;
        }
        Ok(met)
    }

    fn both(&mut self) -> Result<bool, String> {
        let mut met = self.one()?;
        while self.eat("AND") {
            met &= self.one()?;
        }
        Ok(met)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.eat("(") {
            let met = self.either()?;
            return if self.eat(")") { Ok(met) } else { Err("a bracket is not closed".to_owned()) };
        }
        let name = self.name()?;
        let full = if self.eat("WITH") { format!("{name} WITH {}", self.name()?) } else { name };
        Ok(self.allowed.contains(&full))
    }

    fn name(&mut self) -> Result<String, String> {
        match self.words {
            [word, rest @ ..] if !["OR", "AND", "WITH", "(", ")"].contains(word) => {
                self.words = rest;
                Ok((*word).to_owned())
            }
            [word, ..] => Err(format!("unexpected `{word}`")),
            [] => Err("it ends too early".to_owned()),
        }
    }

    fn eat(&mut self, wanted: &str) -> bool {
        match self.words {
            [word, rest @ ..] if *word == wanted => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    fn allowed(expression: &str) -> Result<bool, String> {
        is_allowed(expression, &["MIT".to_owned(), "ISC".to_owned(), "A WITH E".to_owned()])
    }

    #[test]
    fn one_side_of_or_and_both_of_and_have_to_be_allowed() {
        for met in
            ["MIT", "GPL OR MIT", "GPL/MIT", "MIT AND ISC", "(GPL OR MIT) AND ISC", "A WITH E"]
        {
            assert_eq!(allowed(met), Ok(true), "{met}");
        }
        for unmet in ["GPL", "GPL AND MIT", "MIT AND (GPL OR X)", "A", "MIT AND ISC AND GPL"] {
            assert_eq!(allowed(unmet), Ok(false), "{unmet}");
        }
    }

    #[test]
    fn what_is_not_an_expression_is_an_error() {
        for bad in ["", "MIT OR", "(MIT", "MIT MIT", "AND"] {
            assert!(allowed(bad).is_err(), "{bad}");
        }
    }
}

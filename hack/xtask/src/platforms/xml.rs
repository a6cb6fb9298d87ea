//! As much of XML as a domain description has: elements, attributes, text and comments.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

/// One element, in the order in which they end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Names from the root on, joined by `/`.
    pub(super) path: String,
    pub(super) attributes: BTreeMap<String, String>,
    /// What stands directly in it, without space around.
    pub(super) text: String,
}

/// Reads a document; refused is what is not well-formed, and what no domain description has:
/// declarations of types, sections and references to entities.
pub(super) fn parse(document: &str) -> Result<Vec<Element>> {
    let mut ended = Vec::new();
    let mut open: Vec<Element> = Vec::new();
    let mut rest = document.trim();
    while let Some((text, after)) = rest.split_once('<') {
        put_text(&mut open, text)?;
        rest = if let Some(comment) = after.strip_prefix("!--") {
            comment.split_once("-->").context("a comment that does not end")?.1
        } else {
            let (tag, following) = after.split_once('>').context("a tag that does not end")?;
            apply(tag, &mut open, &mut ended)?;
            if open.is_empty() && !following.trim().is_empty() {
                bail!("something after the root element");
            }
            following
        };
    }
    if !open.is_empty() || ended.is_empty() || !rest.trim().is_empty() {
        bail!("the document does not end with its root element");
    }
    Ok(ended)
}

fn put_text(open: &mut [Element], text: &str) -> Result<()> {
    if text.contains('&') {
        bail!("a reference to an entity: {}", text.trim());
    }
    match open.last_mut() {
        Some(element) => element.text.push_str(text.trim()),
        None if text.trim().is_empty() => {}
        None => bail!("text outside of the root element"),
    }
    Ok(())
}

fn apply(tag: &str, open: &mut Vec<Element>, ended: &mut Vec<Element>) -> Result<()> {
    if let Some(name) = tag.strip_prefix('/') {
        let element = open.pop().context("an end without a beginning")?;
        if element.path.rsplit('/').next() != Some(name.trim_end()) {
            bail!("<{}> ends as <{name}>", element.path);
        }
        ended.push(element);
        return Ok(());
    }
    let (inside, empty) = tag.strip_suffix('/').map_or((tag, false), |inside| (inside, true));
    let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':'))
    {
        bail!("<{tag}> is no element");
    }
    let above = open.last().map_or(String::new(), |element| format!("{}/", element.path));
    let element = Element {
        path: format!("{above}{name}"),
        attributes: read_attributes(attributes)?,
        text: String::new(),
    };
    if empty {
        ended.push(element)
    } else {
        open.push(element)
    }
    Ok(())
}

fn read_attributes(mut text: &str) -> Result<BTreeMap<String, String>> {
    let mut attributes = BTreeMap::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return Ok(attributes);
        }
        let (name, after) = text.split_once('=').context("an attribute without a value")?;
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let quote = quote.with_context(|| format!("the value of `{name}` is not quoted"))?;
        let inside = after.get(1..).unwrap_or_default();
        let (value, following) = inside
            .split_once(quote)
            .with_context(|| format!("the value of `{name}` does not end"))?;
        if attributes.insert(name.to_owned(), value.to_owned()).is_some() {
            bail!("`{name}` is there twice");
        }
        text = following;
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn elements_have_paths_attributes_and_text() {
        let elements = parse("<!-- x < y -->\n<a b='1' c=\"2\">\n <d>t</d> <e/>\n</a>\n").unwrap();
        let paths: Vec<_> = elements.iter().map(|element| element.path.as_str()).collect();
        assert_eq!(paths, ["a/d", "a/e", "a"]);
        assert_eq!(elements[0].text, "t");
        assert_eq!(elements[2].attributes["c"], "2");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for document in [
            "",
            "a",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>x",
            "<a b></a>",
            "<a b=1/>",
            "<a b='1/>",
            "<a b='1' b='2'/>",
            "<a>&x;</a>",
            "<!-- <a/>",
            "<!DOCTYPE a><a/>",
            "<a",
        ] {
            assert!(parse(document).is_err(), "{document}");
        }
    }
}

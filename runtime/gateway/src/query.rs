//! Query parameters that the gateway has to read, with one reading.

use crate::object::field;
use crate::operation::{Contradiction, Member, Said, Take};

/// A parameter that some servers read otherwise than others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// The values of the parameters whose name comes down to `name`, which is in lower case.
pub(crate) fn values(query: Option<&str>, name: &str) -> Result<Vec<String>, Ambiguous> {
    let named = |pair: &Pair<'_>| pair.name.eq_ignore_ascii_case(name);
    let pairs = pairs(query).filter(|pair| named(pair));
    pairs.map(|pair| pair.value()).collect()
}

/// Takes what the query names of an operation's fields.
pub(crate) fn take(
    query: Option<&str>,
    members: &[Member],
    said: &mut Said,
) -> Result<(), Contradiction> {
    for Member(name, take) in members {
        let Take::Text(slot) = take else { continue };
        let mut named = pairs(query).filter(|pair| field(&pair.name) == *name);
        // SECURITY: of two values some servers take the first and others the last.
        let (first, None) = (named.next(), named.next()) else { return Err(Contradiction) };
        let Some(pair) = first else { continue };
        said.take(*slot, &pair.value().map_err(|_| Contradiction)?)?;
    }
    Ok(())
}

struct Pair<'a> {
    name: String,
    raw: &'a str,
    /// It stands beside a semicolon, which some servers take for a separator.
    split: bool,
}

impl Pair<'_> {
    fn value(&self) -> Result<String, Ambiguous> {
        if self.split { Err(Ambiguous) } else { form_decoded(self.raw).ok_or(Ambiguous) }
    }
}

fn pairs(query: Option<&str>) -> impl Iterator<Item = Pair<'_>> {
    query.unwrap_or_default().split('&').flat_map(|part| {
        let split = part.contains(';');
        part.split(';').map(move |pair| {
            let (name, raw) = pair.split_once('=').unwrap_or((pair, ""));
            // A name that cannot be decoded is none of those that are read.
            Pair { name: form_decoded(name).unwrap_or_default(), raw, split }
        })
    })
}

/// SPEC: WHATWG URL, application/x-www-form-urlencoded parsing; what is no UTF-8 is not decoded.
fn form_decoded(text: &str) -> Option<String> {
    crate::path::decoded(&text.replace('+', " ")).ok()
}

#[cfg(test)]
mod tests {
    use super::{Said, take};
    use crate::operation::rpc;

    #[test]
    fn a_context_is_found_however_it_is_written_and_only_once() {
        let context = |query: &str| {
            let mut said = Said::default();
            take(Some(query), rpc("ListTasks").unwrap().body, &mut said).map(|()| said.context)
        };
        for query in
            ["contextId=a+b", "x=1&context_id=a%20b", "CONTEXTID=a%20b&y", "context%49d=a b"]
        {
            assert_eq!(context(query), Ok(Some("a b".into())), "{query}");
        }
        assert_eq!(context("x=%zz&contextid"), Ok(None));
        assert_eq!(context("other=1;2"), Ok(None));
        for query in [
            "contextId=a&contextId=a",
            "contextId=a&context_id=b",
            "x=1;contextId=a",
            "contextId=a;b",
            "contextId=%zz",
            "contextId=%ff",
        ] {
            assert!(context(query).is_err(), "{query}");
        }
    }
}

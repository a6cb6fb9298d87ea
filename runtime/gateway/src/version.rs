//! Which version of the protocol a request says that it is of.

use http::HeaderMap;

use crate::error::Cause;
use crate::operation::{V0_3, V1_0};
use crate::query;

/// The version that headers and query name; `None` if they name none.
///
/// A request without a version is, by the specification, of 0.3. Which version a request *is* of,
/// its method's or path's form tells; the agent judges whether it is content with what it says.
///
/// SPEC: A2A 1.0.1 section 3.6.1.
///
/// # Errors
/// [`Cause::Version`] for a version that is not carried, or two that differ.
pub(crate) fn stated(
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Option<&'static str>, Cause> {
    let in_headers = headers.get_all("a2a-version").iter();
    let in_headers = in_headers.map(|value| value.to_str().unwrap_or("?").to_owned());
    let in_query = query::values(query, "a2a-version").map_err(|_| Cause::Version("?".into()))?;
    let mut stated = None;
    for version in in_headers.chain(in_query) {
        let version = version.trim();
        if version.is_empty() {
            continue;
        }
        let known = known(version).ok_or_else(|| Cause::Version(shortened(version)))?;
        if *stated.get_or_insert(known) != known {
            return Err(Cause::Version(format!("{V0_3} and {V1_0}")));
        }
    }
    Ok(stated)
}

/// Checks that what a request says is what its form is of.
pub(crate) fn check(stated: Option<&'static str>, form: &'static str) -> Result<(), Cause> {
    match stated {
        Some(stated) if stated != form => Err(Cause::OtherVersion { stated, form }),
        _ => Ok(()),
    }
}

/// The carried version that a text names; only Major.Minor is compared.
///
/// SPEC: A2A 1.0.1 section 3.6: patch numbers do not take part in negotiation.
pub(crate) fn known(version: &str) -> Option<&'static str> {
    let mut parts = version.trim().split('.');
    let numbers = (parts.next(), parts.next());
    [V1_0, V0_3].into_iter().find(|known| {
        let mut known = known.split('.');
        numbers == (known.next(), known.next())
    })
}

/// Enough of what a caller sent to recognise it by.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(16).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{V0_3, V1_0, known, stated};

    #[test]
    fn patch_numbers_do_not_matter_and_others_do() {
        for version in ["1.0", "1.0.0", "1.0.17", " 1.0 "] {
            assert_eq!(known(version), Some(V1_0), "{version}");
        }
        for version in ["0.3", "0.3.0"] {
            assert_eq!(known(version), Some(V0_3), "{version}");
        }
        for version in ["", "1", "0.2", "1.1", "10.0", "1.00", "v1.0", "2.0", "1.0,0.3", "0.30"] {
            assert_eq!(known(version), None, "{version}");
        }
    }

    #[test]
    fn every_place_has_to_say_the_same() {
        let headers = |versions: &[&'static str]| {
            let pairs = versions
                .iter()
                .map(|version| ("a2a-version".parse().unwrap(), version.parse().unwrap()));
            pairs.collect::<HeaderMap>()
        };
        let said = |versions: &[&'static str], query| stated(&headers(versions), query).ok();
        assert_eq!(said(&[], None), Some(None));
        assert_eq!(said(&[""], Some("x=1&A2A-Version=")), Some(None));
        assert_eq!(said(&["1.0"], Some("a2a-version=1.0.1")), Some(Some(V1_0)));
        assert_eq!(said(&[], Some("A2A%2DVersion=0.3")), Some(Some(V0_3)));
        for (versions, query) in [
            (&["1.0", "0.3"][..], None),
            (&["1.0"], Some("A2A-Version=0.3")),
            (&["1.0, 0.3"], None),
            (&["99.0"], None),
            (&[], Some("A2A-Version=1.0&A2A-Version=0.3")),
            (&[], Some("x;A2A-Version=1.0")),
            (&[], Some("A2A-Version=%ff")),
        ] {
            assert_eq!(said(versions, query), None, "{versions:?} {query:?}");
        }
    }
}

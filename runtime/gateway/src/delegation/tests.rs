use http::header::{HeaderMap, HeaderValue};

use super::{DELEGATION, SCOPE, decoded, scopes, single};

fn headers(values: &[&'static str]) -> HeaderMap {
    values.iter().map(|value| (SCOPE, HeaderValue::from_static(value))).collect()
}

#[test]
fn scopes_are_words_between_commas_or_spaces_and_none_is_not_empty() {
    let read = |values: &[&'static str]| {
        scopes(&headers(values)).map(|it| it.map(|it| it.into_iter().collect::<Vec<_>>()))
    };
    assert_eq!(read(&[]).unwrap(), None);
    assert_eq!(read(&[""]).unwrap(), Some(Vec::new()));
    for value in ["a b", "a,b", " a , b,", "b a a"] {
        assert_eq!(read(&[value]).unwrap().unwrap(), ["a", "b"], "{value}");
    }
    assert_eq!(read(&["a%2C%20b"]).unwrap().unwrap(), ["a, b"]);
    assert!(read(&["%f"]).is_err());
}

#[test]
fn a_header_that_is_there_twice_means_nothing() {
    let mut twice = HeaderMap::new();
    assert!(single(&twice, &DELEGATION).unwrap().is_none());
    twice.append(DELEGATION, HeaderValue::from_static("a"));
    assert!(single(&twice, &DELEGATION).unwrap().is_some());
    twice.append(DELEGATION, HeaderValue::from_static("a"));
    assert!(single(&twice, &DELEGATION).is_err());
}

#[test]
fn a_chain_is_bounded_before_it_is_decoded_and_has_one_spelling() {
    assert_eq!(decoded(&HeaderValue::from_static("AQI")).unwrap(), [1, 2]);
    // Padding, another alphabet, bits that say nothing.
    for other in ["AQI=", "AQ+/", "AQJ", "A"] {
        assert!(decoded(&HeaderValue::from_static(other)).is_err(), "{other}");
    }
    let long = HeaderValue::try_from("A".repeat(16 * 1024 + 8)).unwrap();
    assert!(decoded(&long).is_err());
}

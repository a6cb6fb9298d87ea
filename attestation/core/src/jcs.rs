//! The JSON Canonicalization Scheme: one text for each JSON value, so that a value can be signed.
//!
//! SPEC: RFC 8785; ECMA-262 section 6.1.6.1.20 for numbers.

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// Why bytes have no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no canonical JSON: {0}")]
pub struct JcsError(String);

/// Reads one JSON value in UTF-8 and nothing after it. The caller bounds the bytes; the reader
/// bounds the depth, at 128.
///
/// # Errors
/// [`JcsError`] for anything else, for an object with one name twice, and for text that is no
/// Unicode.
///
/// SPEC: RFC 8785 section 3.1: the input is I-JSON (RFC 7493).
pub fn parse(bytes: &[u8]) -> Result<Value, JcsError> {
    let value = serde_json::from_slice(bytes).and_then(read);
    value.map_err(|error| JcsError(error.to_string()))
}

/// The value of a text that is JSON. Numbers are read here: `serde_json` reads some of them as a
/// neighbour of the nearest double.
fn read(json: &RawValue) -> Result<Value, serde_json::Error> {
    let text = json.get();
    match text.as_bytes().first() {
        Some(b'{') => serde_json::from_str(text).map(|Members(members)| Value::Object(members)),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            items.into_iter().map(read).collect::<Result<_, _>>().map(Value::Array)
        }
        Some(b'-' | b'0'..=b'9') => {
            let number = text.parse().ok().and_then(Number::from_f64);
            number.map(Value::Number).ok_or_else(|| Error::custom("a number is out of range"))
        }
        _ => serde_json::from_str(text),
    }
}

/// The canonical text of a value.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
        Value::Number(number) => out.push_str(&ecma(number)),
        Value::Array(items) => {
            let each = |item: &Value, out: &mut String| write(item, out);
            separated(out, ['[', ']'], items, each);
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            // SPEC: section 3.2.3: by UTF-16 code units, which is not the order of UTF-8.
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            separated(out, ['{', '}'], members, |(name, value), out| {
                write(&Value::String(name.clone()), out);
                out.push(':');
                write(value, out);
            });
        }
    }
}

fn separated<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    each: impl Fn(T, &mut String),
) {
    out.push(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(close);
}

/// A number as ECMAScript writes it: every JSON number stands for an IEEE 754 double.
fn ecma(number: &Number) -> String {
    let value = number.as_f64().unwrap_or_default();
    // The fewest digits that read back as this double; of two that are as near, the even one,
    // which is not what the standard library prints.
    let shortest =
        Number::from_f64(value.abs()).map_or_else(String::new, |number| number.to_string());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (whole, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{rest}");
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return "0".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let zeros = digits.len().saturating_sub(significant.len());
    let [whole, zeros] = [whole.len(), zeros].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let exponent = exponent.parse::<i64>().unwrap_or_default();
    let point = exponent.saturating_add(whole).saturating_sub(zeros);
    format!("{sign}{}", laid_out(significant.trim_end_matches('0'), point))
}

/// Digits with the decimal point after the first `point` of them.
fn laid_out(digits: &str, point: i64) -> String {
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let at = |point: i64| {
        let point = usize::try_from(point).unwrap_or_default();
        digits.split_at_checked(point).unwrap_or((digits, ""))
    };
    if count <= point && point <= 21 {
        return format!("{digits}{}", zeros(point.saturating_sub(count)));
    }
    if (1..=21).contains(&point) {
        let (whole, rest) = at(point);
        return format!("{whole}.{rest}");
    }
    if (-5..=0).contains(&point) {
        return format!("0.{}{digits}", zeros(point.saturating_neg()));
    }
    let (first, rest) = at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    format!("{first}{dot}{rest}e{:+}", point.saturating_sub(1))
}

/// The members of an object, each name once.
struct Members(Map<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;

        impl<'de> Visitor<'de> for Once {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    let value = read(value).map_err(A::Error::custom)?;
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("an object has one name twice"));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Once)
    }
}

#[cfg(test)]
mod tests;

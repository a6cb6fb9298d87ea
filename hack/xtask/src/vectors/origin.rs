//! TPM quotes as other programs write them: JSON with hex or with lists of numbers, YAML with lists
//! of numbers. The signature is bare RSA there, since their TPMs have no other.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::tpm_quote::TpmQuote;

/// `TPMT_SIGNATURE` up to the length: RSASSA with SHA-256.
const RSASSA_SHA256: [u8; 4] = [0x00, 0x14, 0x00, 0x0b];

/// From `tpm_quote` (hex) or `quote` (numbers), also inside an `evidence` object.
pub(super) fn from_json(text: &[u8]) -> Result<TpmQuote> {
    let document: Value = serde_json::from_slice(text)?;
    let evidence = document.get("evidence").unwrap_or(&document);
    let quote = evidence.get("tpm_quote").or_else(|| evidence.get("quote"));
    let quote = quote.context("there is neither `tpm_quote` nor `quote`")?;
    let field = |name: &str| quote.get(name).with_context(|| format!("there is no `{name}`"));
    let pcrs = field("pcrs")?.as_array().context("`pcrs` is no list")?;
    let pcrs = pcrs.iter().map(bytes).collect::<Result<_>>()?;
    assembled(bytes(field("message")?)?, &bytes(field("signature")?)?, pcrs)
}

fn bytes(value: &Value) -> Result<Vec<u8>> {
    match value {
        Value::String(text) => Ok(hex::decode(text)?),
        Value::Array(numbers) => numbers.iter().map(byte).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            bail!("{value} is neither hex nor a list of numbers")
        }
    }
}

fn byte(number: &Value) -> Result<u8> {
    let number = number.as_u64().with_context(|| format!("{number} is no number"))?;
    Ok(u8::try_from(number)?)
}

/// From the block lists under `message`, `signature` and `pcrs`, each of which occurs once.
pub(super) fn from_yaml(text: &str) -> Result<TpmQuote> {
    let one = |name: &str| -> Result<Vec<u8>> {
        match <[Vec<u8>; 1]>::try_from(lists(text, name)?) {
            Ok([list]) => Ok(list),
            Err(lists) => bail!("`{name}` has {} lists", lists.len()),
        }
    };
    assembled(one("message")?, &one("signature")?, lists(text, "pcrs")?)
}

/// The lists of numbers under a name: `- 1` continues one, `- - 1` begins another.
fn lists(text: &str, name: &str) -> Result<Vec<Vec<u8>>> {
    let title = format!("{name}:");
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != title);
    lines.next().with_context(|| format!("there is no `{name}`"))?;
    let mut lists: Vec<Vec<u8>> = Vec::new();
    for item in lines.map_while(|line| line.strip_prefix("- ")) {
        let number = match item.strip_prefix("- ") {
            Some(number) => {
                lists.push(Vec::new());
                number
            }
            None => item,
        };
        if lists.is_empty() {
            lists.push(Vec::new());
        }
        if let Some(list) = lists.last_mut() {
            list.push(number.parse().with_context(|| format!("`{number}` in `{name}`"))?);
        }
    }
    Ok(lists)
}

fn assembled(message: Vec<u8>, signature: &[u8], pcrs: Vec<Vec<u8>>) -> Result<TpmQuote> {
    let length = u16::try_from(signature.len())?.to_be_bytes();
    let signature = [RSASSA_SHA256.as_slice(), &length, signature].concat();
    Ok(TpmQuote { public: None, message, signature, pcrs })
}

#[cfg(test)]
mod tests {
    use super::{from_json, from_yaml};

    #[test]
    fn hex_numbers_and_block_lists_say_the_same() {
        let hex = br#"{"evidence":{"tpm_quote":{"message":"ff54","signature":"0102","pcrs":["0a","0b"]}}}"#;
        let numbers = br#"{"quote":{"message":[255,84],"signature":[1,2],"pcrs":[[10],[11]]}}"#;
        let yaml = "quote:\n  signature:\n  - 1\n  - 2\n  message:\n  - 255\n  - 84\n  pcrs:\n  - - 10\n  - - 11\nevent_log:\n";
        for quote in [from_json(hex), from_json(numbers), from_yaml(yaml)] {
            let quote = quote.unwrap();
            assert_eq!(quote.message, [0xff, 0x54]);
            assert_eq!(quote.signature, [0x00, 0x14, 0x00, 0x0b, 0, 2, 1, 2]);
            assert_eq!(quote.pcrs, [[10], [11]]);
        }
    }

    #[test]
    fn a_document_without_a_quote_is_an_error() {
        assert!(from_json(br#"{"quote":{"message":"ff"}}"#).is_err());
        assert!(from_json(br#"{"quote":{"message":[256],"signature":"","pcrs":[]}}"#).is_err());
        assert!(from_yaml("message:\n- 1\n").is_err());
    }
}

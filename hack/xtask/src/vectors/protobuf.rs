//! The few fields of a go-tpm-tools `Attestation` that a TPM quote takes.
//!
//! SPEC: go-tpm-tools, `proto/attest.proto` and `proto/tpm.proto`: `Attestation.ak_pub` is field 1
//! (`TPMT_PUBLIC`), `Attestation.quotes` field 2; in a `Quote`, `quote` is 1, `raw_sig` 2, `pcrs` 3;
//! in `PCRs`, `hash` is 1 and `pcrs` 2, a map of number (1) to value (2).

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

use super::tpm_quote::TpmQuote;

/// `HashAlgo.SHA256`. A quote for each bank is recorded; this one is judged.
const SHA256: u64 = 0x0b;

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The quote of the SHA-256 bank, and the key that is said to have signed it.
pub(super) fn quote(attestation: &[u8]) -> Result<TpmQuote> {
    let fields = fields(attestation)?;
    let public = bytes(&fields, 1).context("there is no `ak_pub`")?;
    for (_, value) in fields.iter().filter(|(number, _)| *number == 2) {
        let Value::Bytes(quote) = value else { bail!("`quotes` is no message") };
        if let Some(quote) = of_sha256(quote, public)? {
            return Ok(quote);
        }
    }
    bail!("no quote is of the SHA-256 bank")
}

fn of_sha256(quote: &[u8], public: &[u8]) -> Result<Option<TpmQuote>> {
    let quote = fields(quote)?;
    let pcrs = fields(bytes(&quote, 3).context("there is no `pcrs`")?)?;
    if !pcrs.iter().any(|(number, value)| matches!((number, value), (1, Value::Number(SHA256)))) {
        return Ok(None);
    }
    let mut values = BTreeMap::new();
    for (_, value) in pcrs.iter().filter(|(number, _)| *number == 2) {
        let Value::Bytes(entry) = value else { bail!("`pcrs.pcrs` is no message") };
        let entry = fields(entry)?;
        // A number of zero is left out.
        let index = entry.iter().find_map(|(number, value)| match (number, value) {
            (1, Value::Number(index)) => Some(*index),
            _ => None,
        });
        let value = bytes(&entry, 2).context("a PCR has no value")?;
        values.insert(index.unwrap_or(0), value.to_vec());
    }
    Ok(Some(TpmQuote {
        public: Some(public.to_vec()),
        message: bytes(&quote, 1).context("there is no `quote`")?.to_vec(),
        signature: bytes(&quote, 2).context("there is no `raw_sig`")?.to_vec(),
        pcrs: values.into_values().collect(),
    }))
}

fn bytes<'a>(fields: &[(u64, Value<'a>)], wanted: u64) -> Option<&'a [u8]> {
    fields.iter().find_map(|(number, value)| match value {
        Value::Bytes(bytes) if *number == wanted => Some(*bytes),
        Value::Number(_) | Value::Bytes(_) => None,
    })
}

/// Every field of a message, in order.
fn fields(mut rest: &[u8]) -> Result<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let tag = number(&mut rest)?;
        let value = match tag & 7 {
            0 => Value::Number(number(&mut rest)?),
            2 => {
                let length = usize::try_from(number(&mut rest)?)?;
                let (value, after) = rest.split_at_checked(length).context("a field is cut")?;
                rest = after;
                Value::Bytes(value)
            }
            other => bail!("wire type {other} is not read"),
        };
        fields.push((tag >> 3, value));
    }
    Ok(fields)
}

/// A base-128 number.
fn number(rest: &mut &[u8]) -> Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().context("a number is cut")?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    bail!("a number has more than ten bytes")
}

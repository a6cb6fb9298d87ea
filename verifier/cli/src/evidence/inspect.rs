//! What Evidence says, before anybody has verified any of it.

mod snp;
mod tdx;
mod vtpm;

use cloister_attestation::code::Diagnostic;
use cloister_attestation::snp::Report;
use cloister_attestation::tdx::{LocalReport, Quote};
use cloister_attestation::x509::{Certificate, X509Error};
use owo_colors::OwoColorize as _;
use serde_json::{Map, Value, json};

use super::folder::{Folder, Kind};
use crate::answer::{Answer, Exit};
use crate::text::{indented, printable};

/// A field's name, as its specification has it, and its value in words or hex.
pub(super) type Field = (&'static str, String);

/// Shows the fields, or why there are none.
pub(super) fn answer(folder: &Folder) -> Answer {
    let fields = match folder.kind() {
        Kind::SnpReport => {
            Report::parse(folder.evidence()).map(|r| snp::fields(&r)).map_err(|e| refused(&e))
        }
        Kind::TdxQuote => {
            Quote::parse(folder.evidence()).map(|q| tdx::fields(&q)).map_err(|e| refused(&e))
        }
        Kind::TdReport => {
            LocalReport::parse(folder.evidence()).map(|r| tdx::local(&r)).map_err(|e| refused(&e))
        }
        Kind::Azure => vtpm::azure(folder).map_err(|e| refused(&e)),
        Kind::TpmQuote => vtpm::alone(folder).map_err(|e| refused(&e)),
        Kind::SnpChain | Kind::SnpAuthorities => certificates(folder).map_err(|e| refused(&e)),
    };
    match fields {
        Ok(fields) => shown(folder.kind(), &fields),
        Err(answer) => answer,
    }
}

fn refused(error: &dyn Diagnostic) -> Answer {
    Answer::error(Exit::Refused, error)
}

fn shown(kind: Kind, fields: &[Field]) -> Answer {
    let (name, tee) = match kind {
        Kind::SnpReport => ("SEV-SNP report", "snp"),
        Kind::TdxQuote => ("TDX quote", "tdx"),
        Kind::TdReport => ("TDX local report", "tdx"),
        Kind::Azure => ("HCL report of an Azure confidential VM", "azure"),
        Kind::TpmQuote => ("TPM quote", "tpm"),
        Kind::SnpChain | Kind::SnpAuthorities => ("SEV-SNP certificates", "snp"),
    };
    let mut text = format!("{}, {}\n", name.bold(), "nothing of it is verified".yellow());
    for (field, value) in fields {
        text.push_str(&format!("  {field:24} {}\n", indented(&printable(value), 27)));
    }
    let map: Map<String, Value> = fields
        .iter()
        .map(|(field, value)| ((*field).to_owned(), Value::String(value.clone())))
        .collect();
    Answer {
        exit: Exit::Acceptable,
        text,
        json: json!({ "tee": tee, "verified": false, "fields": map }),
    }
}

fn certificates(folder: &Folder) -> Result<Vec<Field>, X509Error> {
    let found = folder.endorsements(None)?;
    let named = [("vek", found.vek), ("intermediate", found.intermediate), ("root", found.root)];
    let present = named.into_iter().filter_map(|(name, der)| der.map(|der| (name, der)));
    present
        .map(|(name, der)| {
            Certificate::parse(&der).map(|certificate| (name, describe(&certificate)))
        })
        .collect()
}

fn describe(certificate: &Certificate) -> String {
    format!(
        "{} by {}, from {} to {}, key {}",
        certificate.subject(),
        certificate.issuer(),
        certificate.not_before(),
        certificate.not_after(),
        certificate.key_pin()
    )
}

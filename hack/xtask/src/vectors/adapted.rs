//! Cases whose TPM quote is kept in the form of the program that made it: rewritten as the files
//! that `cloister` reads, in a folder that lives as long as the verdict takes.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::case::Case;
use super::tpm_quote::TpmQuote;
use super::{origin, protobuf};

/// Files of a case, and what `cloister` calls them.
const FILES: [(&str, &str); 7] = [
    ("hcl_report.bin", "hcl_report.bin"),
    ("td_quote.bin", "quote.bin"),
    ("vcek.der", "vcek.der"),
    ("ask.pem", "ask.pem"),
    ("ark.pem", "ark.pem"),
    ("crl.der", "crl.der"),
    ("collateral.json", "collateral.json"),
];

/// Parts of a chain, the attestation key's certificate first. All of them, or no chain.
const CHAIN: [&str; 3] = ["ak_cert.pem", "ak_intermediates.pem", "azure_vtpm_root_2023.pem"];

/// The rewritten folder, or `None` for a case that is read as it is.
pub(super) fn folder(case: &Case) -> Result<Option<TempDir>> {
    let quote = match case.tee.as_str() {
        "az-snp" | "az-tdx" => quote(&case.folder)?,
        "tpm" => Some(protobuf::quote(&read(&case.folder.join("attestation.pb"))?)?),
        _ => return Ok(None),
    };
    let folder = tempfile::tempdir()?;
    for (from, to) in FILES {
        let path = case.folder.join(from);
        if path.is_file() {
            fs::write(folder.path().join(to), read(&path)?)?;
        }
    }
    chain(&case.folder, folder.path())?;
    if let Some(quote) = quote {
        quote.write(folder.path())?;
    }
    Ok(Some(folder))
}

fn quote(case: &Path) -> Result<Option<TpmQuote>> {
    let (json, yaml) = (case.join("evidence.json"), case.join("evidence.yaml"));
    if json.is_file() {
        return origin::from_json(&read(&json)?).map(Some);
    }
    if yaml.is_file() {
        return origin::from_yaml(&String::from_utf8(read(&yaml)?)?).map(Some);
    }
    Ok(None)
}

fn chain(case: &Path, to: &Path) -> Result<()> {
    let parts = CHAIN.map(|name| case.join(name));
    if parts.iter().all(|part| part.is_file()) {
        let parts = parts.iter().map(|part| read(part)).collect::<Result<Vec<_>>>()?;
        fs::write(to.join("ak_certificates.pem"), parts.concat())?;
    }
    Ok(())
}

impl TpmQuote {
    fn write(&self, folder: &Path) -> Result<()> {
        fs::write(folder.join("tpm_quote.bin"), &self.message)?;
        fs::write(folder.join("tpm_signature.bin"), &self.signature)?;
        fs::write(folder.join("pcrs.bin"), self.pcrs.concat())?;
        if let Some(public) = &self.public {
            fs::write(folder.join("tpm_public.bin"), public)?;
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

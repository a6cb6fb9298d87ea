//! A folder of evidence: files by their conventional names, unparsed and believed by nobody.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::snp::{self, Product, SigningKey};
use cloister_attestation::x509::{X509Error, pem};

use crate::codes;
use crate::file::{self, FileError};

/// Files with Evidence in them.
const EVIDENCE: [(&str, Kind); 5] = [
    (HCL_REPORT, Kind::Azure),
    ("tpm_public.bin", Kind::TpmQuote),
    ("report.bin", Kind::SnpReport),
    ("quote.bin", Kind::TdxQuote),
    ("td_report.bin", Kind::TdReport),
];

/// Certificates, without the ending: `.der`, or `.pem`.
const CERTIFICATES: [&str; 5] = ["vcek", "vlek", "ask", "asvk", "ark"];

/// The intermediate and the root together, in this order, as AMD's service returns them.
const CHAIN: &str = "cert_chain.pem";
const CRL: &str = "crl.der";
const COLLATERAL: &str = "collateral.json";

/// The guest's event log, under the names that tools give it. At most one of them.
const EVENT_LOGS: [&str; 4] = ["ccel_data.bin", "ccel.bin", "event_log.bin", "event_log.json"];

const HCL_REPORT: &str = "hcl_report.bin";
const TD_QUOTE: &str = "quote.bin";
/// A quote of a virtual TPM: the structure, its signature, the PCR values.
const SIGNED_QUOTE: [&str; 3] = ["tpm_quote.bin", "tpm_signature.bin", "pcrs.bin"];
/// Azure's certificate for the attestation key, and its issuers.
const AK_CERTIFICATES: &str = "ak_certificates.pem";

/// What kind of thing the folder is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// An SEV-SNP report.
    SnpReport,
    /// A TDX quote.
    TdxQuote,
    /// A local TDREPORT, which nobody but its own processor can check.
    TdReport,
    /// An HCL report of an Azure confidential VM, with what belongs to it.
    Azure,
    /// A TPM quote with the key that signed it, for which nobody vouches.
    TpmQuote,
    /// A VCEK or VLEK certificate without a report.
    SnpChain,
    /// AMD's roots and intermediates, without a key certificate.
    SnpAuthorities,
}

/// Intermediate and root of a chain file, as DER.
type Chained = (Option<Vec<u8>>, Option<Vec<u8>>);

/// The files of one folder that have a conventional name.
#[derive(Clone, Debug)]
pub struct Folder {
    kind: Kind,
    files: BTreeMap<String, Vec<u8>>,
}

/// The folder cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file in it, or the folder itself, cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Nothing in it has a conventional name.
    #[error("{} has neither Evidence nor endorsements by the names that are read", .path.display())]
    Empty {
        /// Which folder.
        path: PathBuf,
    },
    /// It holds Evidence of more than one kind.
    #[error("{} has both {} and {}", .path.display(), .names[0], .names[1])]
    Ambiguous {
        /// Which folder.
        path: PathBuf,
        /// Two of the files.
        names: [&'static str; 2],
    },
}

impl Diagnostic for FolderError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Empty { .. } | Self::Ambiguous { .. } => &codes::FOLDER,
        }
    }
}

impl Folder {
    /// Reads the files of `path`, or `path` itself if it is one file with a conventional name.
    ///
    /// # Errors
    /// [`FolderError`] if something cannot be read, or it is not clear what to judge.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let files = if path.is_file() { single(path)? } else { all(path)? };
        // On Azure the TD quote belongs to the HCL report.
        let part = |name: &str| name == TD_QUOTE && files.contains_key(HCL_REPORT);
        let present: Vec<(&'static str, Kind)> = EVIDENCE
            .into_iter()
            .filter(|(name, _)| files.contains_key(*name) && !part(name))
            .collect();
        let kind = match present.as_slice() {
            [(_, kind)] => *kind,
            [(first, _), (second, _), ..] => {
                return Err(FolderError::Ambiguous {
                    path: path.to_owned(),
                    names: [first, second],
                });
            }
            [] => endorsements_only(&files)
                .ok_or_else(|| FolderError::Empty { path: path.to_owned() })?,
        };
        let logs: Vec<&'static str> =
            EVENT_LOGS.into_iter().filter(|name| files.contains_key(*name)).collect();
        if let [first, second, ..] = *logs {
            return Err(FolderError::Ambiguous { path: path.to_owned(), names: [first, second] });
        }
        Ok(Self { kind, files })
    }

    /// What the folder is about.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The report or quote; empty for endorsements alone.
    #[must_use]
    pub fn evidence(&self) -> &[u8] {
        let mut named = EVIDENCE.iter().filter_map(|(name, _)| self.file(name));
        named.next().unwrap_or_default()
    }

    /// The TD quote that belongs to an HCL report.
    #[must_use]
    pub fn td_quote(&self) -> Option<&[u8]> {
        self.file(TD_QUOTE)
    }

    /// A quote of a virtual TPM, its signature and the PCR values, where all three are there.
    #[must_use]
    pub fn signed_quote(&self) -> Option<[&[u8]; 3]> {
        let [quote, signature, pcrs] = SIGNED_QUOTE.map(|name| self.file(name));
        Some([quote?, signature?, pcrs?])
    }

    /// Azure's certificates for the attestation key of its virtual TPM.
    #[must_use]
    pub fn ak_certificates(&self) -> Option<&[u8]> {
        self.file(AK_CERTIFICATES)
    }

    /// TDX collateral, in the JSON form that DCAP tools exchange.
    #[must_use]
    pub fn collateral(&self) -> Option<&[u8]> {
        self.file(COLLATERAL)
    }

    /// The guest's event log, in any form that is read.
    #[must_use]
    pub fn event_log(&self) -> Option<&[u8]> {
        EVENT_LOGS.into_iter().find_map(|name| self.file(name))
    }

    /// The same folder with this event log in place of its own.
    #[must_use]
    pub fn with_event_log(mut self, log: Vec<u8>) -> Self {
        EVENT_LOGS.into_iter().for_each(|name| drop(self.files.remove(name)));
        let [name, ..] = EVENT_LOGS;
        self.files.insert(name.to_owned(), log);
        self
    }

    /// What a report by `key` is verified against; for no key in particular, whatever is there.
    ///
    /// # Errors
    /// [`X509Error`] if a PEM file is not one, or holds another number of certificates than its
    /// name says.
    pub fn endorsements(&self, key: Option<SigningKey>) -> Result<snp::Endorsements, X509Error> {
        let vlek = match key {
            Some(key) => key == SigningKey::Vlek,
            None => self.certificate("vcek")?.is_none(),
        };
        let (vek, authority) = if vlek { ("vlek", "asvk") } else { ("vcek", "ask") };
        let (chained, chained_root) = self.chain()?;
        Ok(snp::Endorsements {
            vek: self.certificate(vek)?,
            intermediate: self.certificate(authority)?.or(chained),
            root: self.certificate("ark")?.or(chained_root),
            crl: self.file(CRL).map(<[u8]>::to_vec),
        })
    }

    /// A product's own authority certificate: `milan_ask.pem`.
    pub(super) fn authority(
        &self,
        product: Product,
        role: &str,
    ) -> Result<Option<Vec<u8>>, X509Error> {
        self.certificate(&authority(product, role))
    }

    fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// `stem.der` as it is, or the one certificate in `stem.pem`.
    fn certificate(&self, stem: &str) -> Result<Option<Vec<u8>>, X509Error> {
        if let Some(der) = self.file(&format!("{stem}.der")) {
            return Ok(Some(der.to_vec()));
        }
        let name = format!("{stem}.pem");
        let Some(text) = self.file(&name) else { return Ok(None) };
        match <[Vec<u8>; 1]>::try_from(blocks(text)?) {
            Ok([der]) => Ok(Some(der)),
            Err(found) => Err(count(&name, 1, found.len())),
        }
    }

    fn chain(&self) -> Result<Chained, X509Error> {
        let Some(text) = self.file(CHAIN) else { return Ok((None, None)) };
        match <[Vec<u8>; 2]>::try_from(blocks(text)?) {
            Ok([intermediate, root]) => Ok((Some(intermediate), Some(root))),
            Err(found) => Err(count(CHAIN, 2, found.len())),
        }
    }
}

/// File stem of a product's authority certificate.
fn authority(product: Product, role: &str) -> String {
    format!("{}_{role}", product.name().to_lowercase())
}

fn names() -> Vec<String> {
    let products = [Product::Milan, Product::Genoa, Product::Turin];
    let authorities = products
        .into_iter()
        .flat_map(|product| ["ark", "ask", "asvk"].map(|role| authority(product, role)));
    let stems = CERTIFICATES.iter().map(|stem| (*stem).to_owned()).chain(authorities);
    let fixed = EVIDENCE
        .iter()
        .map(|(name, _)| *name)
        .chain([CHAIN, CRL, COLLATERAL, AK_CERTIFICATES])
        .chain(SIGNED_QUOTE)
        .chain(EVENT_LOGS)
        .map(str::to_owned);
    fixed.chain(stems.flat_map(|stem| [format!("{stem}.der"), format!("{stem}.pem")])).collect()
}

fn all(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, FolderError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    // Says whether the folder is there at all; a folder with nothing in it is another error.
    std::fs::read_dir(path).map_err(unreadable)?;
    let mut files = BTreeMap::new();
    for name in names() {
        let file = path.join(&name);
        if file.is_file() {
            files.insert(name, file::read(&file)?);
        }
    }
    Ok(files)
}

fn single(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, FolderError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    if !names().contains(&name) {
        return Err(FolderError::Empty { path: path.to_owned() });
    }
    Ok([(name, file::read(path)?)].into())
}

fn endorsements_only(files: &BTreeMap<String, Vec<u8>>) -> Option<Kind> {
    let has = |stem: &str| {
        files.contains_key(&format!("{stem}.der")) || files.contains_key(&format!("{stem}.pem"))
    };
    if has("vcek") || has("vlek") {
        return Some(Kind::SnpChain);
    }
    let products = [Product::Milan, Product::Genoa, Product::Turin];
    products
        .into_iter()
        .any(|product| has(&authority(product, "ark")))
        .then_some(Kind::SnpAuthorities)
}

fn blocks(text: &[u8]) -> Result<Vec<Vec<u8>>, X509Error> {
    let text = str::from_utf8(text).map_err(|e| X509Error::Pem { reason: e.to_string() })?;
    pem::blocks(text)
}

fn count(name: &str, expected: usize, found: usize) -> X509Error {
    X509Error::Pem { reason: format!("{name} has {found} certificates, expected {expected}") }
}

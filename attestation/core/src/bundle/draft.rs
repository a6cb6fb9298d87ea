//! Putting a bundle together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::BundleError;
use super::key::Key;
use super::payload::Contents;
use super::{Bundle, content};
use crate::limits::CERTIFICATE_BYTES_MAX;
use crate::policy::Policy;
use crate::reference::ReferenceValues;
use crate::snp;
use crate::tdx::{self, SignedDocument};
use crate::time::UnixTime;
use crate::verify::Endorsements;
use crate::x509::Certificate;

/// Contents by their keys, before anything is signed.
///
/// Of two contents for one key the one that was issued later stays, whatever the order in which
/// they came: two machines of one kind bring the same CRL fetched at different times.
#[derive(Clone, Debug)]
pub struct Draft {
    policy: Policy,
    /// By encoded key.
    entries: BTreeMap<Vec<u8>, Contents>,
}

impl Draft {
    /// A draft with this policy and nothing else.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self { policy, entries: BTreeMap::new() }
    }

    /// Adds the Reference Values of one image.
    ///
    /// # Errors
    /// [`BundleError::Malformed`] if they have no JSON.
    pub fn add_reference(&mut self, values: &ReferenceValues) -> Result<(), BundleError> {
        let key = content::reference_key(values);
        self.entries.insert(key.encode(), (key, vec![json(values)?]));
        Ok(())
    }

    /// Adds everything that `endorsements` has.
    ///
    /// # Errors
    /// [`BundleError::Malformed`] if something of it does not read as what it is there for.
    pub fn add(&mut self, endorsements: &Endorsements) -> Result<(), BundleError> {
        match endorsements {
            Endorsements::Snp(with) => self.add_snp(with),
            Endorsements::Tdx(with) => self.add_tdx(with),
        }
    }

    fn add_snp(&mut self, with: &snp::Endorsements) -> Result<(), BundleError> {
        if let Some(der) = &with.vek {
            let key = content::vek_key(&certificate(der)?).map_err(BundleError::malformed)?;
            self.put(key, vec![der.clone()])?;
        }
        if let Some(der) = &with.intermediate {
            let key = intermediate_key(&certificate(der)?)?;
            self.put(key, vec![der.clone()])?;
        }
        if let Some(der) = &with.root {
            let product = product(certificate(der)?.subject().common_name(), "ARK-")?;
            self.put(Key::SnpRoot { product }, vec![der.clone()])?;
        }
        if let Some(der) = &with.crl {
            let crl = content::crl(der).map_err(BundleError::malformed)?;
            let product = product(crl.issuer().common_name(), "ARK-")?;
            self.put(Key::SnpCrl { product }, vec![der.clone()])?;
        }
        Ok(())
    }

    fn add_tdx(&mut self, with: &tdx::Collateral) -> Result<(), BundleError> {
        if let Some(document) = &with.tcb_info {
            let (fmspc, _) =
                content::tcb_info(document.body.as_bytes()).map_err(BundleError::malformed)?;
            self.put(Key::TdxTcbInfo { fmspc }, contents(document))?;
        }
        if let Some(document) = &with.qe_identity {
            self.put(Key::TdxQeIdentity, contents(document))?;
        }
        if let Some(der) = &with.pck_crl {
            let ca = content::crl(der).and_then(|crl| content::pck_ca(&crl));
            let chain = with.pck_crl_issuer_chain.as_deref().ok_or_else(|| {
                BundleError::malformed(
                    "the CRL of PCK certificates came without its issuer's chain",
                )
            })?;
            let key = Key::TdxPckCrl { ca: ca.map_err(BundleError::malformed)? };
            self.put(key, vec![der.clone(), chain.as_bytes().to_vec()])?;
        }
        if let Some(der) = &with.root_ca_crl {
            self.put(Key::TdxRootCrl, vec![der.clone()])?;
        }
        Ok(())
    }

    /// The bundle, with the time at which it is made. Every content is read again, as a reader
    /// does.
    ///
    /// # Errors
    /// [`BundleError`] if something does not read, or there are no endorsements.
    pub fn finish(&self, created: UnixTime) -> Result<Bundle, BundleError> {
        let policy = json(&self.policy)?;
        let mut entries: Vec<_> = self.entries.values().cloned().collect();
        entries.push((Key::Policy, vec![policy]));
        content::assembled(created, entries)
    }

    fn put(&mut self, key: Key, parts: Vec<Vec<u8>>) -> Result<(), BundleError> {
        let place = key.encode();
        if let Some((_, present)) = self.entries.get(&place) {
            let (issued_present, issued_offered) =
                (content::issued(&key, present)?, content::issued(&key, &parts)?);
            if (issued_present, present) >= (issued_offered, &parts) {
                return Ok(());
            }
        }
        self.entries.insert(place, (key, parts));
        Ok(())
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, BundleError> {
    serde_json::to_vec(value).map_err(|error| BundleError::malformed(error.to_string()))
}

fn contents(document: &SignedDocument) -> Vec<Vec<u8>> {
    let SignedDocument { body, signature, issuer_chain } = document;
    vec![body.clone().into_bytes(), signature.to_vec(), issuer_chain.clone().into_bytes()]
}

fn intermediate_key(certificate: &Certificate) -> Result<Key, BundleError> {
    let name = certificate.subject();
    let name = name.common_name();
    let (prefix, signs) = match name {
        Some(text) if text.starts_with("SEV-VLEK-") => ("SEV-VLEK-", snp::SigningKey::Vlek),
        _ => ("SEV-", snp::SigningKey::Vcek),
    };
    Ok(Key::SnpIntermediate { product: product(name, prefix)?, signs })
}

fn product(name: Option<&str>, prefix: &str) -> Result<snp::Product, BundleError> {
    let product = name.and_then(|name| name.strip_prefix(prefix)).and_then(snp::Product::from_name);
    product.ok_or_else(|| {
        let name = name.unwrap_or("a certificate without a common name");
        BundleError::malformed(format!("`{name}` names no product of AMD's"))
    })
}

fn certificate(der: &[u8]) -> Result<Certificate, BundleError> {
    if der.len() > CERTIFICATE_BYTES_MAX {
        return Err(BundleError::malformed("a certificate is too large"));
    }
    Certificate::parse(der).map_err(|error| BundleError::malformed(error.to_string()))
}

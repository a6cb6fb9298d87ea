//! What the contents of an entry have to be: of the kind that the key says, about what it says.

use super::error::BundleError;
use super::key::Key;
use super::{Bundle, Entry, payload};
use crate::bytes::Fmspc;
use crate::limits::{
    CERTIFICATE_BYTES_MAX, COLLATERAL_BYTES_MAX, CRL_BYTES_MAX, ENDORSEMENT_BYTES_MAX,
    POLICY_BYTES_MAX, REFERENCE_BYTES_MAX,
};
use crate::policy::Policy;
use crate::publication::PckCa;
use crate::reference::ReferenceValues;
use crate::snp::{self, Product, SigningKey, VekExtensions, VekOwner};
use crate::tdx::{QeIdentity, TcbInfo, pck_ca as ca_named};
use crate::time::{Period, UnixTime};
use crate::x509::{Certificate, Crl, Name, pem};

/// Reads every content, and puts a bundle together from what was read.
pub(super) fn assembled(
    created: UnixTime,
    entries: Vec<payload::Contents>,
) -> Result<Bundle, BundleError> {
    let mut policy = None;
    let mut references = Vec::new();
    let mut read = Vec::with_capacity(entries.len());
    for (key, parts) in entries {
        let wrong = |reason| BundleError::content(&key, reason);
        match (&key, parts.as_slice()) {
            (Key::Policy, [json]) => policy = Some(policy_of(json).map_err(wrong)?),
            (Key::Reference { .. }, [json]) => {
                references.push(reference(&key, json).map_err(wrong)?);
            }
            _ => {}
        }
        let period = period(&key, &parts).map_err(wrong)?;
        read.push(Entry { key, parts, period });
    }
    let entries = payload::ordered(read)?;
    let ends = entries.iter().filter_map(|entry| entry.period).map(|period| period.until).min();
    let expires = ends.ok_or_else(|| BundleError::malformed("there are no endorsements in it"))?;
    let policy =
        policy.ok_or_else(|| BundleError::malformed("there is no appraisal policy in it"))?;
    Ok(Bundle { created, expires, policy, references, entries })
}

fn policy_of(json: &[u8]) -> Result<Policy, String> {
    bounded(json, POLICY_BYTES_MAX)?;
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

fn reference(key: &Key, json: &[u8]) -> Result<ReferenceValues, String> {
    bounded(json, REFERENCE_BYTES_MAX)?;
    let values = ReferenceValues::from_json(json).map_err(|error| error.to_string())?;
    same(key, &reference_key(&values))?;
    Ok(values)
}

pub(super) fn reference_key(values: &ReferenceValues) -> Key {
    Key::Reference {
        image: values.image.clone(),
        version: values.version.clone(),
        manifest: values.manifest,
    }
}

/// From and until when an entry holds.
fn period(key: &Key, parts: &[Vec<u8>]) -> Result<Option<Period>, String> {
    match (key, parts) {
        (Key::Policy | Key::Reference { .. }, [_]) => Ok(None),
        (Key::SnpVek { .. }, [der]) => vek(key, der).map(Some),
        (Key::SnpIntermediate { product, signs }, [der]) => {
            let expected = match signs {
                SigningKey::Vlek => format!("SEV-VLEK-{product}"),
                SigningKey::Vcek | SigningKey::None => format!("SEV-{product}"),
            };
            authority(der, &expected).map(Some)
        }
        (Key::SnpRoot { product }, [der]) => authority(der, &ark(*product)).map(Some),
        (Key::SnpCrl { product }, [der]) => {
            let crl = crl(der)?;
            named(crl.issuer(), &ark(*product))?;
            Ok(Some(period_of_crl(&crl)))
        }
        (Key::TdxTcbInfo { fmspc }, [body, signature, chain]) => {
            let (found, period) = tcb_info(body)?;
            same(key, &Key::TdxTcbInfo { fmspc: found })?;
            debug_assert_eq!(found, *fmspc, "the keys are equal");
            signed(signature, chain, period).map(Some)
        }
        (Key::TdxQeIdentity, [body, signature, chain]) => {
            let identity = QeIdentity::parse(text(body, COLLATERAL_BYTES_MAX)?)?;
            let period = Period::between(identity.issue_date, identity.next_update);
            signed(signature, chain, period).map(Some)
        }
        (Key::TdxPckCrl { ca }, [der, chain]) => {
            let crl = crl(der)?;
            same(key, &Key::TdxPckCrl { ca: pck_ca(&crl)? })?;
            debug_assert_eq!(pck_ca(&crl), Ok(*ca), "the keys are equal");
            Ok(Some(period_of_crl(&crl).narrowed_by(period_of_chain(chain)?)))
        }
        (Key::TdxRootCrl, [der]) => crl(der).map(|crl| Some(period_of_crl(&crl))),
        _ => Err("another number of contents".to_owned()),
    }
}

/// The key of a VCEK's or VLEK's certificate, by its names and extensions.
pub(super) fn vek_key(certificate: &Certificate) -> Result<Key, String> {
    let (product, signing_key) =
        snp::named(certificate).ok_or("its names are not those of a VCEK or VLEK")?;
    let VekExtensions { owner, tcb, .. } = VekExtensions::read(certificate, product, signing_key)?;
    Ok(Key::SnpVek { product, owner, tcb })
}

/// Which of the two kinds of key an owner has.
pub(super) const fn signing_key(owner: &VekOwner) -> SigningKey {
    match owner {
        VekOwner::Chip(_) => SigningKey::Vcek,
        VekOwner::Provider(_) => SigningKey::Vlek,
    }
}

fn vek(key: &Key, der: &[u8]) -> Result<Period, String> {
    let certificate = certificate(der)?;
    same(key, &vek_key(&certificate)?)?;
    Ok(period_of(&certificate))
}

fn ark(product: Product) -> String {
    format!("ARK-{product}")
}

fn authority(der: &[u8], name: &str) -> Result<Period, String> {
    let certificate = certificate(der)?;
    named(certificate.subject(), name)?;
    Ok(period_of(&certificate))
}

/// FMSPC and period of a TCB info document.
pub(super) fn tcb_info(body: &[u8]) -> Result<(Fmspc, Period), String> {
    let info = TcbInfo::parse(text(body, COLLATERAL_BYTES_MAX)?)?;
    Ok((info.fmspc, Period::between(info.issue_date, info.next_update)))
}

/// Whose CRL it is, of Intel's two PCK CAs.
pub(super) fn pck_ca(crl: &Crl) -> Result<PckCa, String> {
    ca_named(crl.issuer()).ok_or_else(|| format!("its issuer is {}", crl.issuer()))
}

fn signed(signature: &[u8], chain: &[u8], period: Period) -> Result<Period, String> {
    if signature.len() != 64 {
        return Err(format!("a signature of {} bytes", signature.len()));
    }
    Ok(period.narrowed_by(period_of_chain(chain)?))
}

fn certificate(der: &[u8]) -> Result<Certificate, String> {
    bounded(der, CERTIFICATE_BYTES_MAX)?;
    Certificate::parse(der).map_err(|error| error.to_string())
}

pub(super) fn crl(der: &[u8]) -> Result<Crl, String> {
    bounded(der, CRL_BYTES_MAX)?;
    Crl::parse(der).map_err(|error| error.to_string())
}

const fn period_of(certificate: &Certificate) -> Period {
    Period::between(certificate.not_before(), certificate.not_after())
}

const fn period_of_crl(crl: &Crl) -> Period {
    Period::between(crl.this_update(), crl.next_update())
}

fn period_of_chain(chain: &[u8]) -> Result<Period, String> {
    let certificates = pem::certificates(text(chain, ENDORSEMENT_BYTES_MAX)?)
        .map_err(|error| error.to_string())?;
    Ok(certificates.iter().map(period_of).fold(Period::ALWAYS, Period::narrowed_by))
}

fn text(bytes: &[u8], max: usize) -> Result<&str, String> {
    bounded(bytes, max)?;
    core::str::from_utf8(bytes).map_err(|error| error.to_string())
}

fn bounded(bytes: &[u8], max: usize) -> Result<(), String> {
    if bytes.len() <= max {
        return Ok(());
    }
    Err(format!("{} bytes, at most {max} are allowed", bytes.len()))
}

fn named(name: Name<'_>, expected: &str) -> Result<(), String> {
    if name.common_name() == Some(expected) {
        return Ok(());
    }
    Err(format!("it is of {name}, expected {expected}"))
}

fn same(stated: &Key, found: &Key) -> Result<(), String> {
    if stated == found { Ok(()) } else { Err(format!("it is in truth the {found}")) }
}

/// When an entry's contents were issued; of two at the same time, the ones that hold longer.
pub(super) fn issued(key: &Key, parts: &[Vec<u8>]) -> Result<(UnixTime, UnixTime), BundleError> {
    let period = period(key, parts).map_err(|reason| BundleError::content(key, reason))?;
    let Period { from, until } = period.unwrap_or(Period::ALWAYS);
    Ok((from, until))
}

//! What the services publish, by path.

use core::fmt;
use std::sync::Arc;

use cloister_attestation::bytes::ChipId;
use cloister_attestation::snp::Product;

use crate::certificate::pem;
use crate::pki::Pki;
use crate::snp::{SnpGuest, Tcb, VekKind};
use crate::tdx::{PckAuthority, TdxGuest};

type Change<T> = Arc<dyn Fn(T) -> T + Send + Sync>;

/// Everything that both vendors would publish about one [`Pki`]: the certificate of any chip at
/// any TCB, and collateral of the simulated processor family.
#[derive(Clone)]
pub struct Catalogue {
    pki: Pki,
    snp: Change<SnpGuest>,
    tdx: Change<TdxGuest>,
}

/// One document with the header field that comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The body.
    pub body: Vec<u8>,
    /// Name and value of the field with the signer's chain, where the service sends one.
    pub issuer_chain: Option<(&'static str, String)>,
}

impl Catalogue {
    /// What follows from `pki`.
    #[must_use]
    pub fn new(pki: &Pki) -> Self {
        Self { pki: pki.clone(), snp: Arc::new(|guest| guest), tdx: Arc::new(|guest| guest) }
    }

    /// AMD's documents, with every guest whose endorsements they are changed first.
    #[must_use]
    pub fn with_snp(self, change: impl Fn(SnpGuest) -> SnpGuest + Send + Sync + 'static) -> Self {
        Self { snp: Arc::new(change), ..self }
    }

    /// Intel's documents, with every guest whose endorsements they are changed first.
    #[must_use]
    pub fn with_tdx(self, change: impl Fn(TdxGuest) -> TdxGuest + Send + Sync + 'static) -> Self {
        Self { tdx: Arc::new(change), ..self }
    }

    /// The document at `path`, which is path and query; `None` if there is none.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Published> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            ["vcek", "v1", product, "crl"] => Some(plain(self.snp(product, VekKind::Vcek)?.crl())),
            ["vcek", "v1", product, "cert_chain"] => self.chain(product, VekKind::Vcek),
            ["vlek", "v1", product, "cert_chain"] => {
                self.chain(product, VekKind::Vlek { csp_id: "simulated".to_owned() })
            }
            ["vcek", "v1", product, chip] => self.vcek(product, chip, query),
            ["sgx", "certification", "v4", "pckcrl"] => self.pck_crl(query),
            ["tdx", "certification", "v4", "tcb"] => self.tcb_info(query),
            ["tdx", "certification", "v4", "qe", "identity"] => Some(self.qe_identity(query)),
            ["IntelSGXRootCA.der"] => {
                hex::decode(self.tdx("").collateral_parts().root_ca_crl).ok().map(plain)
            }
            _ => None,
        }
    }

    fn snp(&self, product: &str, kind: VekKind) -> Option<SnpGuest> {
        let product = Product::from_name(product)?;
        Some((self.snp)(SnpGuest::new(&self.pki, product).with_vek(kind)))
    }

    fn chain(&self, product: &str, kind: VekKind) -> Option<Published> {
        let guest = self.snp(product, kind)?;
        let (intermediate, root) = (guest.intermediate(), guest.root());
        Some(plain(pem([intermediate.as_slice(), &root]).into_bytes()))
    }

    fn vcek(&self, product: &str, chip: &str, query: &str) -> Option<Published> {
        let product = Product::from_name(product)?;
        let bytes = hex::decode(chip).ok().filter(|id| id.len() == product.hwid_len())?;
        let mut id = [0; ChipId::LEN];
        id[..bytes.len()].copy_from_slice(&bytes);
        let level = |name| parameter(query, name)?.parse().ok();
        let tcb = Tcb {
            fmc: if product == Product::Turin { level("fmcSPL")? } else { 0 },
            boot_loader: level("blSPL")?,
            tee: level("teeSPL")?,
            snp: level("snpSPL")?,
            microcode: level("ucodeSPL")?,
        };
        let guest = SnpGuest::new(&self.pki, product).with_chip_id(ChipId::new(id)).with_tcb(tcb);
        Some(plain((self.snp)(guest).vek()))
    }

    /// A later evaluation for whoever asks early.
    fn tdx(&self, query: &str) -> TdxGuest {
        let guest = (self.tdx)(TdxGuest::new(&self.pki));
        if parameter(query, "update") != Some("early") {
            return guest;
        }
        guest
            .with_tcb_info(|info| info.tcb_evaluation_data_number += 1)
            .with_qe_identity(|identity| identity.tcb_evaluation_data_number += 1)
    }

    fn pck_crl(&self, query: &str) -> Option<Published> {
        let authority = match parameter(query, "ca")? {
            "platform" => PckAuthority::Platform,
            "processor" => PckAuthority::Processor,
            _ => return None,
        };
        let parts = self.tdx("").with_pck_authority(authority).collateral_parts();
        let chain = Some(("SGX-PCK-CRL-Issuer-Chain", percent(&parts.pck_crl_issuer_chain)));
        Some(Published { body: hex::decode(parts.pck_crl).ok()?, issuer_chain: chain })
    }

    fn tcb_info(&self, query: &str) -> Option<Published> {
        let guest = self.tdx(query);
        let asked = parameter(query, "fmspc")?;
        if asked != hex::encode(guest.pck_fields().fmspc) {
            return None;
        }
        let parts = guest.collateral_parts();
        let (document, signature) = (parts.tcb_info, parts.tcb_info_signature);
        let body = format!("{{\"tcbInfo\":{document},\"signature\":\"{signature}\"}}");
        let chain = ("TCB-Info-Issuer-Chain", percent(&parts.tcb_info_issuer_chain));
        Some(Published { body: body.into_bytes(), issuer_chain: Some(chain) })
    }

    fn qe_identity(&self, query: &str) -> Published {
        let parts = self.tdx(query).collateral_parts();
        let (document, signature) = (parts.qe_identity, parts.qe_identity_signature);
        let body = format!("{{\"enclaveIdentity\":{document},\"signature\":\"{signature}\"}}");
        let chain = ("SGX-Enclave-Identity-Issuer-Chain", percent(&parts.qe_identity_issuer_chain));
        Published { body: body.into_bytes(), issuer_chain: Some(chain) }
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogue").field("pki", &self.pki).finish_non_exhaustive()
    }
}

const fn plain(body: Vec<u8>) -> Published {
    Published { body, issuer_chain: None }
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// SPEC: RFC 3986 section 2.3: everything but unreserved characters is escaped.
fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape =
        |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

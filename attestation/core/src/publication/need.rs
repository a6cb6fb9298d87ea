//! One document that verification needs.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::anchor::{AnchorKind, Anchors};
use crate::bytes::{ChipId, Fmspc, hex};
use crate::snp::{Product, SigningKey, Tcb};

/// One published document, named by everything that tells it from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "document", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Need {
    /// The certificate of a chip's own key, at one TCB.
    Vcek {
        /// The chip's generation.
        product: Product,
        /// The chip; of a Turin, the first 8 bytes count and the rest is zero.
        hwid: ChipId,
        /// The TCB that the key is derived for; with `fmc` on Turin.
        tcb: Tcb,
    },
    /// The authorities above a key certificate: ASK or ASVK, and ARK.
    AmdChain {
        /// The generation.
        product: Product,
        /// VCEK for the ASK, VLEK for the ASVK.
        key: SigningKey,
    },
    /// The CRL that the ARK signs.
    AmdCrl {
        /// The generation.
        product: Product,
    },
    /// The CRL of a CA that issues PCK certificates.
    PckCrl {
        /// Which CA.
        ca: PckCa,
    },
    /// The CRL that Intel's root signs.
    IntelRootCrl,
    /// TCB info of one processor family, for TDX.
    TdxTcbInfo {
        /// The family.
        fmspc: Fmspc,
        /// Of which evaluation.
        update: TcbUpdate,
    },
    /// The identity of the TD quoting enclave.
    TdQeIdentity {
        /// Of which evaluation.
        update: TcbUpdate,
    },
}

/// Which CA certified a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PckCa {
    /// Multi-package platforms.
    Platform,
    /// Single-package platforms.
    Processor,
}

/// Which of the evaluations that Intel publishes side by side.
///
/// SPEC: Intel Trusted Services API, PCS version 4, parameter `update`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TcbUpdate {
    /// The one that has become binding: operators had time to update.
    #[default]
    Standard,
    /// The newest, which becomes binding later.
    Early,
}

/// Who publishes a document. Each has an address of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Service {
    /// AMD's key distribution service.
    Kds,
    /// Intel's provisioning certification service.
    Pcs,
    /// Where Intel publishes its root certificate and the root's CRL.
    IntelRoot,
}

impl Need {
    /// Where the document is published, relative to its [`Service`]: path and query. Two different
    /// documents have different paths, so that this also serves as a key.
    ///
    /// SPEC: AMD 57230 section 4; Intel Trusted Services API, PCS version 4.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Vcek { product, hwid, tcb } => {
                let id = hwid.as_bytes().get(..product.hwid_len()).unwrap_or_default();
                format!("/vcek/v1/{product}/{}?{}", hex::encode(id), query(*tcb))
            }
            Self::AmdChain { product, key: SigningKey::Vlek } => {
                format!("/vlek/v1/{product}/cert_chain")
            }
            Self::AmdChain { product, key: SigningKey::Vcek | SigningKey::None } => {
                format!("/vcek/v1/{product}/cert_chain")
            }
            Self::AmdCrl { product } => format!("/vcek/v1/{product}/crl"),
            Self::PckCrl { ca } => {
                format!("/sgx/certification/v4/pckcrl?ca={}&encoding=der", ca.word())
            }
            Self::IntelRootCrl => "/IntelSGXRootCA.der".to_owned(),
            Self::TdxTcbInfo { fmspc, update } => {
                format!("/tdx/certification/v4/tcb?fmspc={fmspc}&update={}", update.word())
            }
            Self::TdQeIdentity { update } => {
                format!("/tdx/certification/v4/qe/identity?update={}", update.word())
            }
        }
    }

    /// Who publishes it.
    #[must_use]
    pub const fn service(&self) -> Service {
        match self {
            Self::Vcek { .. } | Self::AmdChain { .. } | Self::AmdCrl { .. } => Service::Kds,
            Self::PckCrl { .. } | Self::TdxTcbInfo { .. } | Self::TdQeIdentity { .. } => {
                Service::Pcs
            }
            Self::IntelRootCrl => Service::IntelRoot,
        }
    }

    /// The publication that this one is verified with, where the anchors do not bring it along:
    /// the vendors' authorities are built in, a simulator's are not.
    #[must_use]
    pub fn authority(&self, anchors: &Anchors) -> Option<Self> {
        if anchors.kind() == AnchorKind::Vendor {
            return None;
        }
        match self {
            Self::Vcek { product, .. } | Self::AmdCrl { product } => {
                Some(Self::AmdChain { product: *product, key: SigningKey::Vcek })
            }
            Self::IntelRootCrl => Some(Self::TdQeIdentity { update: TcbUpdate::Standard }),
            Self::AmdChain { .. }
            | Self::PckCrl { .. }
            | Self::TdxTcbInfo { .. }
            | Self::TdQeIdentity { .. } => None,
        }
    }

    /// The same document of another evaluation, where Intel publishes several.
    #[must_use]
    pub const fn of_update(self, update: TcbUpdate) -> Self {
        match self {
            Self::TdxTcbInfo { fmspc, .. } => Self::TdxTcbInfo { fmspc, update },
            Self::TdQeIdentity { .. } => Self::TdQeIdentity { update },
            Self::Vcek { .. }
            | Self::AmdChain { .. }
            | Self::AmdCrl { .. }
            | Self::PckCrl { .. }
            | Self::IntelRootCrl => self,
        }
    }

    /// Whether the vendor issues it again and again, so that a newer one may be out.
    #[must_use]
    pub const fn is_reissued(&self) -> bool {
        match self {
            Self::Vcek { .. } | Self::AmdChain { .. } => false,
            Self::AmdCrl { .. }
            | Self::PckCrl { .. }
            | Self::IntelRootCrl
            | Self::TdxTcbInfo { .. }
            | Self::TdQeIdentity { .. } => true,
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vcek { .. } => f.write_str("VCEK certificate"),
            Self::AmdChain { product, key: SigningKey::Vlek } => {
                write!(f, "ASVK and ARK certificates of {product}")
            }
            Self::AmdChain { product, .. } => write!(f, "ASK and ARK certificates of {product}"),
            Self::AmdCrl { product } => write!(f, "CRL of {product}"),
            Self::PckCrl { ca } => write!(f, "PCK CRL of the {} CA", ca.word()),
            Self::IntelRootCrl => f.write_str("Intel SGX Root CA CRL"),
            Self::TdxTcbInfo { fmspc, .. } => write!(f, "TDX TCB info of FMSPC {fmspc}"),
            Self::TdQeIdentity { .. } => f.write_str("TD QE identity"),
        }
    }
}

impl PckCa {
    /// By Intel's word for it.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Platform, Self::Processor].into_iter().find(|ca| ca.word() == word)
    }

    /// Intel's word for it in a query.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Processor => "processor",
        }
    }
}

impl TcbUpdate {
    /// Intel's word for it in a query.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Early => "early",
        }
    }
}

/// SPEC: AMD 57230 section 4.1: decimal, at least two digits.
pub(crate) fn query(tcb: Tcb) -> String {
    let Tcb { fmc, boot_loader, tee, snp, microcode } = tcb;
    let fmc = fmc.map(|fmc| format!("fmcSPL={fmc:02}&")).unwrap_or_default();
    format!("{fmc}blSPL={boot_loader:02}&teeSPL={tee:02}&snpSPL={snp:02}&ucodeSPL={microcode:02}")
}

#[cfg(test)]
mod tests;

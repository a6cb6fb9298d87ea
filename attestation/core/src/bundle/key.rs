//! What an entry of a bundle is about.

use core::fmt;

use minicbor::Decoder;
use minicbor::data::Type;
use minicbor::decode::Error;
use serde::{Serialize, Serializer};

use crate::bytes::{Digest48, Fmspc, hex};
use crate::cbor::Writer;
use crate::limits::NAME_BYTES_MAX;
use crate::publication::PckCa;
use crate::snp::{Product, SigningKey, Tcb, VekOwner};

/// Names one entry by everything that tells it from another: two entries never share a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Key {
    /// The appraisal policy. Every bundle has one.
    Policy,
    /// The Reference Values of one image.
    Reference {
        /// The image's name.
        image: String,
        /// The image's version.
        version: String,
        /// Digest of the manifest inside the image.
        manifest: Digest48,
    },
    /// The certificate of a VCEK or VLEK.
    SnpVek {
        /// The processor generation.
        product: Product,
        /// The chip, or the provider.
        owner: VekOwner,
        /// The whole TCB that the key is for, with `fmc` where the product has one.
        tcb: Tcb,
    },
    /// The certificate that signs keys of one kind: ASK or ASVK.
    SnpIntermediate {
        /// The processor generation.
        product: Product,
        /// What it signs.
        signs: SigningKey,
    },
    /// The ARK certificate.
    SnpRoot {
        /// The processor generation.
        product: Product,
    },
    /// The CRL of the ARK.
    SnpCrl {
        /// The processor generation.
        product: Product,
    },
    /// TCB info, its signature, and its signer's chain.
    TdxTcbInfo {
        /// The processor family.
        fmspc: Fmspc,
    },
    /// QE identity, its signature, and its signer's chain.
    TdxQeIdentity,
    /// The CRL of PCK certificates, and its issuer's chain.
    TdxPckCrl {
        /// The issuer.
        ca: PckCa,
    },
    /// The CRL of Intel's root.
    TdxRootCrl,
}

impl Key {
    /// How many contents an entry of this kind has.
    pub(super) const fn parts(&self) -> usize {
        match self {
            Self::TdxTcbInfo { .. } | Self::TdxQeIdentity => 3,
            Self::TdxPckCrl { .. } => 2,
            Self::Policy
            | Self::Reference { .. }
            | Self::SnpVek { .. }
            | Self::SnpIntermediate { .. }
            | Self::SnpRoot { .. }
            | Self::SnpCrl { .. }
            | Self::TdxRootCrl => 1,
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Reference { .. } => "reference",
            Self::SnpVek { .. } => "snp.vek",
            Self::SnpIntermediate { .. } => "snp.intermediate",
            Self::SnpRoot { .. } => "snp.root",
            Self::SnpCrl { .. } => "snp.crl",
            Self::TdxTcbInfo { .. } => "tdx.tcb_info",
            Self::TdxQeIdentity => "tdx.qe_identity",
            Self::TdxPckCrl { .. } => "tdx.pck_crl",
            Self::TdxRootCrl => "tdx.root_crl",
        }
    }

    /// The CBOR form: an array of the kind and what tells one entry of it from another.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut e = Writer::default();
        self.write(&mut e);
        e.into_bytes()
    }

    fn write(&self, e: &mut Writer) {
        match self {
            Self::Policy | Self::TdxQeIdentity | Self::TdxRootCrl => {
                e.array(1).text(self.kind());
            }
            Self::Reference { image, version, manifest } => {
                e.array(4).text(self.kind()).text(image).text(version);
                e.bytes(manifest.as_bytes());
            }
            Self::SnpVek { product, owner, tcb } => {
                e.array(8).text(self.kind()).text(product.name());
                match owner {
                    VekOwner::Chip(id) => e.bytes(id),
                    VekOwner::Provider(name) => e.text(name),
                };
                let Tcb { fmc, boot_loader, tee, snp, microcode } = *tcb;
                match fmc {
                    Some(fmc) => e.unsigned(fmc.into()),
                    None => e.null(),
                };
                for version in [boot_loader, tee, snp, microcode] {
                    e.unsigned(version.into());
                }
            }
            Self::SnpIntermediate { product, signs } => {
                e.array(3).text(self.kind()).text(product.name()).text(word(*signs));
            }
            Self::SnpRoot { product } | Self::SnpCrl { product } => {
                e.array(2).text(self.kind()).text(product.name());
            }
            Self::TdxTcbInfo { fmspc } => {
                e.array(2).text(self.kind()).bytes(fmspc.as_bytes());
            }
            Self::TdxPckCrl { ca } => {
                e.array(2).text(self.kind()).text(ca.word());
            }
        }
    }

    pub(super) fn read(d: &mut Decoder<'_>) -> Result<Self, Error> {
        let len = d.array()?;
        let key = match d.str()? {
            "policy" => Self::Policy,
            "reference" => Self::Reference {
                image: name(d)?,
                version: name(d)?,
                manifest: fixed(d, Digest48::from_slice)?,
            },
            "snp.vek" => Self::SnpVek { product: product(d)?, owner: owner(d)?, tcb: tcb(d)? },
            "snp.intermediate" => {
                Self::SnpIntermediate { product: product(d)?, signs: signing_key(d)? }
            }
            "snp.root" => Self::SnpRoot { product: product(d)? },
            "snp.crl" => Self::SnpCrl { product: product(d)? },
            "tdx.tcb_info" => Self::TdxTcbInfo { fmspc: fixed(d, Fmspc::from_slice)? },
            "tdx.qe_identity" => Self::TdxQeIdentity,
            "tdx.pck_crl" => Self::TdxPckCrl {
                ca: PckCa::from_word(d.str()?).ok_or_else(|| Error::message("unknown CA"))?,
            },
            "tdx.root_crl" => Self::TdxRootCrl,
            _ => return Err(Error::message("an entry of an unknown kind")),
        };
        if len == Some(key.fields()) {
            Ok(key)
        } else {
            Err(Error::message("a key of another length"))
        }
    }

    const fn fields(&self) -> u64 {
        match self {
            Self::Policy | Self::TdxQeIdentity | Self::TdxRootCrl => 1,
            Self::SnpRoot { .. }
            | Self::SnpCrl { .. }
            | Self::TdxTcbInfo { .. }
            | Self::TdxPckCrl { .. } => 2,
            Self::SnpIntermediate { .. } => 3,
            Self::Reference { .. } => 4,
            Self::SnpVek { .. } => 8,
        }
    }
}

const fn word(key: SigningKey) -> &'static str {
    match key {
        SigningKey::Vcek => "vcek",
        SigningKey::Vlek => "vlek",
        SigningKey::None => "none",
    }
}

fn signing_key(d: &mut Decoder<'_>) -> Result<SigningKey, Error> {
    match d.str()? {
        "vcek" => Ok(SigningKey::Vcek),
        "vlek" => Ok(SigningKey::Vlek),
        _ => Err(Error::message("unknown kind of signing key")),
    }
}

fn product(d: &mut Decoder<'_>) -> Result<Product, Error> {
    Product::from_name(d.str()?).ok_or_else(|| Error::message("unknown product"))
}

fn owner(d: &mut Decoder<'_>) -> Result<VekOwner, Error> {
    if d.datatype()? == Type::Bytes {
        d.bytes().map(|id| VekOwner::Chip(id.to_vec()))
    } else {
        name(d).map(VekOwner::Provider)
    }
}

fn tcb(d: &mut Decoder<'_>) -> Result<Tcb, Error> {
    let fmc = if d.datatype()? == Type::Null { d.null().map(|()| None) } else { d.u8().map(Some) }?;
    Ok(Tcb { fmc, boot_loader: d.u8()?, tee: d.u8()?, snp: d.u8()?, microcode: d.u8()? })
}

fn name(d: &mut Decoder<'_>) -> Result<String, Error> {
    let text = d.str()?;
    let fits = !text.is_empty() && text.len() <= NAME_BYTES_MAX;
    if fits { Ok(text.to_owned()) } else { Err(Error::message("a name is empty or too long")) }
}

fn fixed<T>(d: &mut Decoder<'_>, from: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, Error> {
    from(d.bytes()?).ok_or_else(|| Error::message("a value of another length"))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("appraisal policy"),
            Self::Reference { image, version, .. } => {
                write!(f, "Reference Values of {image} {version}")
            }
            Self::SnpVek { product, owner: VekOwner::Chip(id), tcb } => {
                let chip: String = hex::encode(id).chars().take(16).collect();
                write!(f, "VCEK of {product} chip {chip} at {tcb}")
            }
            Self::SnpVek { product, owner: VekOwner::Provider(name), tcb } => {
                write!(f, "VLEK of {product} by {name} at {tcb}")
            }
            Self::SnpIntermediate { product, signs: SigningKey::Vlek } => {
                write!(f, "ASVK of {product}")
            }
            Self::SnpIntermediate { product, .. } => write!(f, "ASK of {product}"),
            Self::SnpRoot { product } => write!(f, "ARK of {product}"),
            Self::SnpCrl { product } => write!(f, "CRL of {product}"),
            Self::TdxTcbInfo { fmspc } => write!(f, "TDX TCB info of FMSPC {fmspc}"),
            Self::TdxQeIdentity => f.write_str("TD QE identity"),
            Self::TdxPckCrl { ca } => write!(f, "CRL of Intel's PCK {} CA", ca.word()),
            Self::TdxRootCrl => f.write_str("CRL of Intel's SGX root"),
        }
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

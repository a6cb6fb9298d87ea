//! The certificate of a VCEK or VLEK: which key it is for.

use ::der::Decode;
use ::der::asn1::Ia5StringRef;
use const_oid::ObjectIdentifier;

use super::product::Product;
use super::signing_key::SigningKey;
use super::tcb::Tcb;
use crate::x509::{Certificate, X509Error};

/// SPEC: AMD 57230 table 11. All of AMD's extensions are below this identifier.
const AMD: &[u32] = &[1, 3, 6, 1, 4, 1, 3704, 1];

const STRUCT_VERSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.1");
const PRODUCT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.2");
const BL_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.1");
const TEE_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.2");
const SNP_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.3");
const UCODE_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.8");
const FMC_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.9");
/// `spl4` to `spl7`: reserved, zero where present.
const RESERVED_SPLS: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.4"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.5"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.6"),
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.7"),
];
const HWID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");
const CSP_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.5");

/// What the certificate says about its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VekExtensions {
    /// `productName`: for people; some genuine certificates have a wrong one.
    pub(super) product_name: String,
    /// The TCB that the key was derived for.
    pub(crate) tcb: Tcb,
    /// Whose key it is.
    pub(crate) owner: VekOwner,
    /// Extensions that are not AMD's, for the record.
    pub(super) others: Vec<ObjectIdentifier>,
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VekOwner {
    /// `hwID` of a VCEK: 64 bytes, or 8 on Turin.
    Chip(Vec<u8>),
    /// `cspID` of a VLEK.
    Provider(String),
}

impl VekExtensions {
    /// Reads every extension of the table; says what is wrong with the first that is.
    pub(crate) fn read(
        certificate: &Certificate,
        product: Product,
        key: SigningKey,
    ) -> Result<Self, String> {
        let vek = Extensions(certificate);
        let struct_version = vek.integer(STRUCT_VERSION, "structVersion")?;
        // SPEC: AMD 57230 table 11: 0 on Milan and Genoa, 1 on Turin.
        if struct_version != u8::from(product == Product::Turin) {
            return Err(format!("structVersion is {struct_version}, which is not {product}'s"));
        }
        vek.reserved_is_zero()?;
        Ok(Self {
            product_name: vek.text(PRODUCT_NAME, "productName")?,
            tcb: vek.tcb(product)?,
            owner: vek.owner(product, key)?,
            others: vek.others()?,
        })
    }
}

struct Extensions<'a>(&'a Certificate);

impl<'a> Extensions<'a> {
    fn find(&self, oid: ObjectIdentifier) -> Result<Option<&'a [u8]>, String> {
        self.0.extension(oid).map_err(|error: X509Error| error.to_string())
    }

    fn required(&self, oid: ObjectIdentifier, name: &str) -> Result<&'a [u8], String> {
        self.find(oid)?.ok_or_else(|| format!("{name} is missing"))
    }

    /// An INTEGER of 0 to 255 in its one DER encoding.
    fn integer(&self, oid: ObjectIdentifier, name: &str) -> Result<u8, String> {
        let value = self.required(oid, name)?;
        u8::from_der(value).map_err(|e| format!("{name} is not an INTEGER of 0 to 255: {e}"))
    }

    fn text(&self, oid: ObjectIdentifier, name: &str) -> Result<String, String> {
        let value = self.required(oid, name)?;
        let text = Ia5StringRef::from_der(value)
            .map_err(|e| format!("{name} is not an IA5String: {e}"))?;
        let printable = text.as_str().chars().all(|c| c.is_ascii_graphic() || c == ' ');
        printable
            .then(|| text.as_str().to_owned())
            .ok_or_else(|| format!("{name} is not printable"))
    }

    fn tcb(&self, product: Product) -> Result<Tcb, String> {
        let fmc = match product {
            Product::Turin => Some(self.integer(FMC_SPL, "fmcSPL")?),
            Product::Milan | Product::Genoa => {
                self.absent(FMC_SPL, "fmcSPL")?;
                None
            }
        };
        Ok(Tcb {
            fmc,
            boot_loader: self.integer(BL_SPL, "blSPL")?,
            tee: self.integer(TEE_SPL, "teeSPL")?,
            snp: self.integer(SNP_SPL, "snpSPL")?,
            microcode: self.integer(UCODE_SPL, "ucodeSPL")?,
        })
    }

    fn owner(&self, product: Product, key: SigningKey) -> Result<VekOwner, String> {
        if key == SigningKey::Vlek {
            self.absent(HWID, "hwID")?;
            return self.text(CSP_ID, "cspID").map(VekOwner::Provider);
        }
        self.absent(CSP_ID, "cspID")?;
        hwid(self.required(HWID, "hwID")?, product.hwid_len()).map(|id| VekOwner::Chip(id.to_vec()))
    }

    fn absent(&self, oid: ObjectIdentifier, name: &str) -> Result<(), String> {
        match self.find(oid)? {
            None => Ok(()),
            Some(_) => Err(format!("{name} does not belong into this certificate")),
        }
    }

    fn reserved_is_zero(&self) -> Result<(), String> {
        for oid in RESERVED_SPLS {
            if self.find(oid)?.is_some() && self.integer(oid, "reserved SPL")? != 0 {
                return Err(format!("reserved SPL {oid} is not zero"));
            }
        }
        Ok(())
    }

    /// Extensions outside AMD's table; inside it, every one has to be known.
    fn others(&self) -> Result<Vec<ObjectIdentifier>, String> {
        const KNOWN: [ObjectIdentifier; 9] = [
            STRUCT_VERSION,
            PRODUCT_NAME,
            BL_SPL,
            TEE_SPL,
            SNP_SPL,
            UCODE_SPL,
            FMC_SPL,
            HWID,
            CSP_ID,
        ];
        let known = |oid: &ObjectIdentifier| KNOWN.contains(oid) || RESERVED_SPLS.contains(oid);
        let unknown = self.0.extensions().map(|(oid, _)| oid).filter(|oid| !known(oid));
        let others: Vec<_> = unknown.collect();
        match others.iter().find(|oid| oid.arcs().take(AMD.len()).eq(AMD.iter().copied())) {
            Some(oid) => Err(format!("{oid} is not in AMD's table")),
            None => Ok(others),
        }
    }
}

/// The `hwID`: raw bytes in most certificates, an OCTET STRING of them in some. The two have
/// different lengths, so the length decides and a first byte of 04h is never guessed at.
fn hwid(value: &[u8], len: usize) -> Result<&[u8], String> {
    if value.len() == len {
        return Ok(value);
    }
    match value {
        [0x04, length, id @ ..] if id.len() == len && usize::from(*length) == len => Ok(id),
        _ => Err(format!("hwID has {} bytes, and {len} are expected", value.len())),
    }
}

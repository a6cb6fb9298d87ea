//! The SGX extension of a PCK certificate: which platform this is, and at which TCB.

use const_oid::ObjectIdentifier;
use der::asn1::{AnyRef, OctetStringRef};
use der::{Reader, SliceReader, Tag, Tagged};

use crate::bytes::{Fmspc, PceId, PlatformInstanceId, Ppid};

// SPEC: Intel SGX PCK Certificate and CRL Profile Specification 1.5, table 3 and section 1.3.5.
pub(super) const SGX_EXTENSION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1");
const PPID: u32 = 1;
const TCB: u32 = 2;
const PCE_ID: u32 = 3;
const FMSPC: u32 = 4;
const SGX_TYPE: u32 = 5;
const PLATFORM_INSTANCE_ID: u32 = 6;
const CONFIGURATION: u32 = 7;
const PCE_SVN: u32 = 17;
const CPU_SVN: u32 = 18;
const SVN_COMPONENTS: u32 = 16;

/// What a PCK certificate says about its platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PckExtension {
    ppid: Ppid,
    sgx_components: [u8; 16],
    pce_svn: u16,
    cpu_svn: [u8; 16],
    pce_id: PceId,
    fmspc: Fmspc,
    platform: Option<MultiPackage>,
}

/// What only a certificate by the Platform CA says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MultiPackage {
    platform_instance_id: PlatformInstanceId,
    configuration: Configuration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Configuration {
    dynamic_platform: Option<bool>,
    cached_keys: Option<bool>,
    smt_enabled: Option<bool>,
}

impl PckExtension {
    /// Parses the extension's value: every field once, in its exact encoding, and no other.
    pub(super) fn parse(value: &[u8]) -> Result<Self, PckError> {
        let fields = Fields::read(value, &SGX_EXTENSION)?;
        // SPEC: section 1.3.5: five fields for the Processor CA, seven for the Platform CA.
        fields.expect_only(&[
            PPID,
            TCB,
            PCE_ID,
            FMSPC,
            SGX_TYPE,
            PLATFORM_INSTANCE_ID,
            CONFIGURATION,
        ])?;
        let tcb = Tcb::parse(fields.required(TCB)?)?;
        match fields.required(SGX_TYPE)? {
            // SPEC: Standard, Scalable, ScalableWithIntegrity.
            value if value.tag() == Tag::Enumerated && matches!(value.value(), [0..=2]) => {}
            _ => return Err(PckError::Encoding { field: SGX_TYPE }),
        }
        Ok(Self {
            ppid: Ppid::new(fields.octets(PPID)?),
            sgx_components: tcb.sgx_components,
            pce_svn: tcb.pce_svn,
            cpu_svn: tcb.cpu_svn,
            pce_id: PceId::new(fields.octets(PCE_ID)?),
            fmspc: Fmspc::new(fields.octets(FMSPC)?),
            platform: MultiPackage::of(&fields)?,
        })
    }

    /// `PPID`: identifies the platform to Intel.
    #[must_use]
    pub const fn ppid(&self) -> &Ppid {
        &self.ppid
    }

    /// The 16 SGX TCB component SVNs.
    #[must_use]
    pub const fn sgx_components(&self) -> &[u8; 16] {
        &self.sgx_components
    }

    /// `PCESVN`.
    #[must_use]
    pub const fn pce_svn(&self) -> u16 {
        self.pce_svn
    }

    /// `CPUSVN`, as the processor reports it.
    #[must_use]
    pub const fn cpu_svn(&self) -> &[u8; 16] {
        &self.cpu_svn
    }

    /// `PCE-ID`.
    #[must_use]
    pub const fn pce_id(&self) -> &PceId {
        &self.pce_id
    }

    /// `FMSPC`: processor family, model, stepping, platform type and custom SKU.
    #[must_use]
    pub const fn fmspc(&self) -> &Fmspc {
        &self.fmspc
    }

    /// Whether the certificate has the fields that only the Platform CA writes.
    #[must_use]
    pub const fn is_multi_package(&self) -> bool {
        self.platform.is_some()
    }

    /// `PlatformInstanceID`, for a platform that the Platform CA certifies.
    #[must_use]
    pub fn platform_instance_id(&self) -> Option<&PlatformInstanceId> {
        self.platform.as_ref().map(|platform| &platform.platform_instance_id)
    }

    /// `DynamicPlatform`: whether packages may be added. `None` where the certificate is silent.
    #[must_use]
    pub fn dynamic_platform(&self) -> Option<bool> {
        self.platform.as_ref().and_then(|platform| platform.configuration.dynamic_platform)
    }

    /// `CachedKeys`: whether Intel keeps the platform's root keys. `None` where it is silent.
    #[must_use]
    pub fn cached_keys(&self) -> Option<bool> {
        self.platform.as_ref().and_then(|platform| platform.configuration.cached_keys)
    }

    /// `SMTEnabled`: whether threads share cores. `None` where the certificate is silent.
    #[must_use]
    pub fn smt_enabled(&self) -> Option<bool> {
        self.platform.as_ref().and_then(|platform| platform.configuration.smt_enabled)
    }
}

impl MultiPackage {
    fn of(fields: &Fields<'_>) -> Result<Option<Self>, PckError> {
        let (None, None) = (fields.optional(PLATFORM_INSTANCE_ID), fields.optional(CONFIGURATION))
        else {
            return Ok(Some(Self {
                platform_instance_id: PlatformInstanceId::new(fields.octets(PLATFORM_INSTANCE_ID)?),
                configuration: Configuration::parse(fields.required(CONFIGURATION)?)?,
            }));
        };
        Ok(None)
    }
}

impl Configuration {
    // SPEC: section 1.3.5: each of the three is optional.
    fn parse(value: AnyRef<'_>) -> Result<Self, PckError> {
        let fields = Fields::nested(value, CONFIGURATION)?;
        fields.expect_only(&[1, 2, 3])?;
        let flag =
            |field| fields.optional(field).map(|value| decoded(value, CONFIGURATION)).transpose();
        Ok(Self { dynamic_platform: flag(1)?, cached_keys: flag(2)?, smt_enabled: flag(3)? })
    }
}

/// The TCB part: 16 component SVNs, `PCESVN`, `CPUSVN`.
struct Tcb {
    sgx_components: [u8; 16],
    pce_svn: u16,
    cpu_svn: [u8; 16],
}

impl Tcb {
    fn parse(value: AnyRef<'_>) -> Result<Self, PckError> {
        let fields = Fields::nested(value, TCB)?;
        if fields.entries.len() != 18 {
            return Err(PckError::Encoding { field: TCB });
        }
        let mut sgx_components = [0; 16];
        for (slot, field) in sgx_components.iter_mut().zip(1..=SVN_COMPONENTS) {
            *slot = decoded(fields.required(field)?, field)?;
        }
        let pce_svn = decoded(fields.required(PCE_SVN)?, PCE_SVN)?;
        Ok(Self { sgx_components, pce_svn, cpu_svn: fields.octets(CPU_SVN)? })
    }
}

/// A SEQUENCE of (object identifier, value) pairs, by the last arc of the identifier.
struct Fields<'a> {
    entries: Vec<(u32, AnyRef<'a>)>,
}

impl<'a> Fields<'a> {
    fn read(bytes: &'a [u8], prefix: &ObjectIdentifier) -> Result<Self, PckError> {
        let mut reader = SliceReader::new(bytes).map_err(PckError::Der)?;
        let entries =
            reader
                .sequence(|reader| {
                    let mut entries = Vec::new();
                    while !reader.is_finished() {
                        entries.push(reader.sequence(|pair| {
                            Ok::<_, der::Error>((pair.decode()?, pair.decode()?))
                        })?);
                    }
                    Ok::<_, der::Error>(entries)
                })
                .map_err(PckError::Der)?;
        reader.finish().map_err(PckError::Der)?;
        Self::keyed(entries, prefix)
    }

    fn nested(value: AnyRef<'a>, field: u32) -> Result<Self, PckError> {
        let prefix = SGX_EXTENSION.push_arc(field).map_err(|_| PckError::Encoding { field })?;
        if value.tag() != Tag::Sequence {
            return Err(PckError::Encoding { field });
        }
        let mut reader = SliceReader::new(value.value()).map_err(PckError::Der)?;
        let mut entries = Vec::new();
        while !reader.is_finished() {
            let pair =
                reader.sequence(|pair| Ok::<_, der::Error>((pair.decode()?, pair.decode()?)));
            entries.push(pair.map_err(PckError::Der)?);
        }
        Self::keyed(entries, &prefix)
    }

    fn keyed(
        entries: Vec<(ObjectIdentifier, AnyRef<'a>)>,
        prefix: &ObjectIdentifier,
    ) -> Result<Self, PckError> {
        let mut keyed: Vec<(u32, AnyRef<'a>)> = Vec::with_capacity(entries.len());
        for (oid, value) in entries {
            let arc = match oid.as_bytes().strip_prefix(prefix.as_bytes()) {
                // SPEC: ITU-T X.690 section 8.19.2: an arc below 128 is one byte.
                Some([arc @ 0..=0x7f]) => u32::from(*arc),
                _ => return Err(PckError::Unknown { oid }),
            };
            if keyed.iter().any(|(seen, _)| *seen == arc) {
                return Err(PckError::Duplicate { oid });
            }
            keyed.push((arc, value));
        }
        Ok(Self { entries: keyed })
    }

    fn expect_only(&self, known: &[u32]) -> Result<(), PckError> {
        match self.entries.iter().find(|(arc, _)| !known.contains(arc)) {
            Some((field, _)) => Err(PckError::Encoding { field: *field }),
            None => Ok(()),
        }
    }

    fn optional(&self, field: u32) -> Option<AnyRef<'a>> {
        self.entries.iter().find(|(arc, _)| *arc == field).map(|(_, value)| *value)
    }

    fn required(&self, field: u32) -> Result<AnyRef<'a>, PckError> {
        self.optional(field).ok_or(PckError::Absent { field })
    }

    fn octets<const N: usize>(&self, field: u32) -> Result<[u8; N], PckError> {
        let octets: &OctetStringRef = decoded(self.required(field)?, field)?;
        octets.as_bytes().try_into().map_err(|_| PckError::Encoding { field })
    }
}

fn decoded<'a, T>(value: AnyRef<'a>, field: u32) -> Result<T, PckError>
where
    T: der::Choice<'a> + der::DecodeValue<'a>,
{
    value.decode_as().map_err(|_| PckError::Encoding { field })
}

/// Why the extension was refused. `field` is the last arc of the field's object identifier.
#[derive(Debug, thiserror::Error)]
pub(super) enum PckError {
    #[error("not DER: {0}")]
    Der(der::Error),
    #[error("field {field} is absent")]
    Absent { field: u32 },
    #[error("field {oid} occurs twice")]
    Duplicate { oid: ObjectIdentifier },
    #[error("field {oid} is not known")]
    Unknown { oid: ObjectIdentifier },
    #[error("field {field} is not encoded as specified")]
    Encoding { field: u32 },
}

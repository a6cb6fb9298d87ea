//! The attestation report: 1184 bytes, parsed and not yet believed.

use core::ops::Range;

use super::error::ParseError;
use super::firmware::{Cpuid, FirmwareVersion};
use super::guest_policy::GuestPolicy;
use super::platform_info::PlatformInfo;
use super::signing_key::SigningKey;
use super::tcb::TcbVersion;
use crate::bytes::{ChipId, Digest48, GuestTag, HostData, Reader, ReportData, ReportId};

/// A parsed `ATTESTATION_REPORT` with the bytes that it was parsed from.
///
/// # Security
/// Nothing in here is authenticated; [`super::verify`] authenticates it.
///
/// SPEC: AMD 56860 table 23.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    bytes: Box<[u8; Self::LEN]>,
    fields: Box<Fields>,
    signing_key: SigningKey,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fields {
    version: u32,
    guest_svn: u32,
    policy: GuestPolicy,
    family_id: GuestTag,
    image_id: GuestTag,
    vmpl: u32,
    signature_algo: u32,
    current_tcb: TcbVersion,
    platform_info: PlatformInfo,
    flags: u32,
    report_data: ReportData,
    measurement: Digest48,
    host_data: HostData,
    id_key_digest: Digest48,
    author_key_digest: Digest48,
    report_id: ReportId,
    report_id_ma: ReportId,
    reported_tcb: TcbVersion,
    cpuid: Option<Cpuid>,
    chip_id: ChipId,
    committed_tcb: TcbVersion,
    current_version: FirmwareVersion,
    committed_version: FirmwareVersion,
    launch_tcb: TcbVersion,
    mit_vectors: Option<MitVectors>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MitVectors {
    launch: u64,
    current: u64,
}

/// `CPUID` fields exist from this version on.
const CPUID_SINCE: u32 = 3;
/// Mitigation vectors exist from this version on.
const MIT_VECTORS_SINCE: u32 = 5;

impl Report {
    /// Length of a report in bytes.
    pub const LEN: usize = 0x4a0;

    /// The part that the signature covers.
    pub const SIGNED: Range<usize> = 0..0x2a0;

    /// The versions that are known.
    pub const VERSIONS: core::ops::RangeInclusive<u32> = 2..=5;

    /// Parses exactly one report.
    ///
    /// # Errors
    /// [`ParseError`]: the length, the version, a byte or bit that the version reserves.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let length = || ParseError::Length { expected: Self::LEN, observed: bytes.len() };
        let bytes: &[u8; Self::LEN] = bytes.try_into().map_err(|_| length())?;
        let version = Reader::new(bytes).u32().ok_or_else(length)?;
        if !Self::VERSIONS.contains(&version) {
            return Err(ParseError::Version { observed: version });
        }
        reserved_is_zero(bytes, version)?;
        let fields = Fields::read(&mut Reader::new(bytes)).ok_or_else(length)?;
        let signing_key = fields.check()?;
        Ok(Self { bytes: Box::new(*bytes), fields: Box::new(fields), signing_key })
    }

    /// The report as received.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// The bytes that the signature covers, as received.
    pub(super) fn signed(&self) -> &[u8] {
        self.bytes.get(Self::SIGNED).unwrap_or_default()
    }

    /// The signature field: R, S and what must be zero behind them.
    pub(super) fn signature(&self) -> &[u8] {
        self.bytes.get(Self::SIGNED.end..).unwrap_or_default()
    }

    /// `VERSION` of the report's layout.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.fields.version
    }

    /// `GUEST_SVN`, from the ID block.
    #[must_use]
    pub const fn guest_svn(&self) -> u32 {
        self.fields.guest_svn
    }

    /// `POLICY`.
    #[must_use]
    pub const fn policy(&self) -> GuestPolicy {
        self.fields.policy
    }

    /// `FAMILY_ID`, from the ID block.
    #[must_use]
    pub const fn family_id(&self) -> &GuestTag {
        &self.fields.family_id
    }

    /// `IMAGE_ID`, from the ID block.
    #[must_use]
    pub const fn image_id(&self) -> &GuestTag {
        &self.fields.image_id
    }

    /// `VMPL`: the privilege level that asked for the report, 0 to 3; 0 is the highest.
    #[must_use]
    pub const fn vmpl(&self) -> u32 {
        self.fields.vmpl
    }

    /// `SIGNATURE_ALGO`; 1 is ECDSA P-384 with SHA-384.
    #[must_use]
    pub const fn signature_algo(&self) -> u32 {
        self.fields.signature_algo
    }

    /// `CURRENT_TCB`: what runs.
    #[must_use]
    pub const fn current_tcb(&self) -> TcbVersion {
        self.fields.current_tcb
    }

    /// `PLATFORM_INFO`.
    #[must_use]
    pub const fn platform_info(&self) -> PlatformInfo {
        self.fields.platform_info
    }

    /// `AUTHOR_KEY_EN`: the ID key was signed by an author key.
    #[must_use]
    pub const fn author_key_en(&self) -> bool {
        self.fields.flags & 1 != 0
    }

    /// `MASK_CHIP_KEY`: the signature field is zero instead of a signature by the chip's key.
    #[must_use]
    pub const fn mask_chip_key(&self) -> bool {
        self.fields.flags & 2 != 0
    }

    /// `SIGNING_KEY`.
    #[must_use]
    pub const fn signing_key(&self) -> SigningKey {
        self.signing_key
    }

    /// `REPORT_DATA`: chosen by the guest.
    #[must_use]
    pub const fn report_data(&self) -> &ReportData {
        &self.fields.report_data
    }

    /// `MEASUREMENT`: the launch digest.
    #[must_use]
    pub const fn measurement(&self) -> &Digest48 {
        &self.fields.measurement
    }

    /// `HOST_DATA`: chosen by the host at launch, never by the guest.
    #[must_use]
    pub const fn host_data(&self) -> &HostData {
        &self.fields.host_data
    }

    /// `ID_KEY_DIGEST`: the key that signed the ID block; zero without one.
    #[must_use]
    pub const fn id_key_digest(&self) -> &Digest48 {
        &self.fields.id_key_digest
    }

    /// `AUTHOR_KEY_DIGEST`: the key that signed the ID key; zero without one.
    #[must_use]
    pub const fn author_key_digest(&self) -> &Digest48 {
        &self.fields.author_key_digest
    }

    /// `REPORT_ID`: of this guest, the same in all its reports.
    #[must_use]
    pub const fn report_id(&self) -> &ReportId {
        &self.fields.report_id
    }

    /// `REPORT_ID_MA`: of the guest's migration agent; all ones without one.
    #[must_use]
    pub const fn report_id_ma(&self) -> &ReportId {
        &self.fields.report_id_ma
    }

    /// `REPORTED_TCB`: what the signing key was derived for.
    #[must_use]
    pub const fn reported_tcb(&self) -> TcbVersion {
        self.fields.reported_tcb
    }

    /// `CPUID_FAM_ID`, `CPUID_MOD_ID` and `CPUID_STEP`; absent in version 2.
    #[must_use]
    pub const fn cpuid(&self) -> Option<Cpuid> {
        self.fields.cpuid
    }

    /// `CHIP_ID`; zero where the host masked it.
    #[must_use]
    pub const fn chip_id(&self) -> &ChipId {
        &self.fields.chip_id
    }

    /// `COMMITTED_TCB`: below which the firmware refuses to be rolled back.
    #[must_use]
    pub const fn committed_tcb(&self) -> TcbVersion {
        self.fields.committed_tcb
    }

    /// `CURRENT_MAJOR`, `CURRENT_MINOR`, `CURRENT_BUILD`.
    #[must_use]
    pub const fn current_version(&self) -> FirmwareVersion {
        self.fields.current_version
    }

    /// `COMMITTED_MAJOR`, `COMMITTED_MINOR`, `COMMITTED_BUILD`.
    #[must_use]
    pub const fn committed_version(&self) -> FirmwareVersion {
        self.fields.committed_version
    }

    /// `LAUNCH_TCB`: what ran when the guest was launched or imported.
    #[must_use]
    pub const fn launch_tcb(&self) -> TcbVersion {
        self.fields.launch_tcb
    }

    /// `LAUNCH_MIT_VECTOR`: mitigations in force at launch; absent before version 5.
    #[must_use]
    pub const fn launch_mit_vector(&self) -> Option<u64> {
        match self.fields.mit_vectors {
            Some(vectors) => Some(vectors.launch),
            None => None,
        }
    }

    /// `CURRENT_MIT_VECTOR`: mitigations in force now; absent before version 5.
    #[must_use]
    pub const fn current_mit_vector(&self) -> Option<u64> {
        match self.fields.mit_vectors {
            Some(vectors) => Some(vectors.current),
            None => None,
        }
    }
}

impl Fields {
    /// Reads in the order of the table; `None` if the bytes end early.
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let version = r.u32()?;
        Some(Self {
            version,
            guest_svn: r.u32()?,
            policy: GuestPolicy::new(r.u64()?),
            family_id: GuestTag::new(r.array()?),
            image_id: GuestTag::new(r.array()?),
            vmpl: r.u32()?,
            signature_algo: r.u32()?,
            current_tcb: TcbVersion::new(r.array()?),
            platform_info: PlatformInfo::new(r.u64()?),
            flags: r.u32()?,
            report_data: {
                skip(r, 4)?;
                ReportData::new(r.array()?)
            },
            measurement: Digest48::new(r.array()?),
            host_data: HostData::new(r.array()?),
            id_key_digest: Digest48::new(r.array()?),
            author_key_digest: Digest48::new(r.array()?),
            report_id: ReportId::new(r.array()?),
            report_id_ma: ReportId::new(r.array()?),
            reported_tcb: TcbVersion::new(r.array()?),
            cpuid: cpuid(r, version)?,
            chip_id: {
                skip(r, 21)?;
                ChipId::new(r.array()?)
            },
            committed_tcb: TcbVersion::new(r.array()?),
            current_version: firmware_version(r)?,
            committed_version: firmware_version(r)?,
            launch_tcb: TcbVersion::new(r.array()?),
            mit_vectors: mit_vectors(r, version)?,
        })
    }

    /// Values that the specification reserves inside fields.
    fn check(&self) -> Result<SigningKey, ParseError> {
        let policy = self.policy.bits();
        if policy & GuestPolicy::MUST_BE_ONE == 0 || policy & GuestPolicy::MUST_BE_ZERO != 0 {
            return Err(ParseError::GuestPolicy { observed: policy });
        }
        if self.vmpl > 3 {
            return Err(ParseError::Vmpl { observed: self.vmpl });
        }
        let flags = ParseError::Flags { observed: self.flags };
        match self.flags >> 2 {
            bits @ 0..=7 => SigningKey::from_bits(bits).ok_or(flags),
            _ => Err(flags),
        }
    }
}

/// Every byte that a report of this version leaves unused is zero.
fn reserved_is_zero(bytes: &[u8; Report::LEN], version: u32) -> Result<(), ParseError> {
    let after_cpuid = if version < CPUID_SINCE { 0x188..0x1a0 } else { 0x18b..0x1a0 };
    let to_signature = if version < MIT_VECTORS_SINCE { 0x1f8..0x2a0 } else { 0x208..0x2a0 };
    let ranges = [0x4c..0x50, after_cpuid, 0x1eb..0x1ec, 0x1ef..0x1f0, to_signature];
    for offset in ranges.into_iter().flatten() {
        let observed = bytes.get(offset).copied().unwrap_or_default();
        if observed != 0 {
            return Err(ParseError::Reserved { offset, observed, version });
        }
    }
    Ok(())
}

fn skip(r: &mut Reader<'_>, len: usize) -> Option<()> {
    r.take(len).map(|_| ())
}

fn cpuid(r: &mut Reader<'_>, version: u32) -> Option<Option<Cpuid>> {
    let [family, model, stepping] = r.array()?;
    Some((version >= CPUID_SINCE).then_some(Cpuid { family, model, stepping }))
}

/// SPEC: build, minor, major, one unused byte.
fn firmware_version(r: &mut Reader<'_>) -> Option<FirmwareVersion> {
    let [build, minor, major, _] = r.array()?;
    Some(FirmwareVersion { major, minor, build })
}

fn mit_vectors(r: &mut Reader<'_>, version: u32) -> Option<Option<MitVectors>> {
    let vectors = MitVectors { launch: r.u64()?, current: r.u64()? };
    Some((version >= MIT_VECTORS_SINCE).then_some(vectors))
}

//! Claims to deterministic CBOR and back. The table of labels is in [`super`].

use cloister_attestation::bytes::Digest48;
use cloister_attestation::evidence::Tee;
use cloister_attestation::result::{PlatformIdentity, Tier};
use cloister_attestation::tdx::TcbStatus;
use cloister_attestation::time::UnixTime;
use minicbor::data::Type;
use minicbor::{Decoder, Encoder, decode};

use super::{LeaseClaims, LeaseError, LeaseId};
use crate::cbor::array;
use crate::name::TrustDomain;
use crate::spiffe::SpiffeId;

/// `eat_profile` of every lease: the table in [`super`]'s documentation, version 1.
pub const PROFILE: &str = "tag:cloister.invalid,2026:lease/1";

/// The submodule whose `ear.status` is the lease's tier.
const SUBMODULE: &str = "runtime";
pub(super) const DEVELOPER: &str = "cloister";
const CLAIMS: u64 = 24;

// SPEC: RFC 8392 section 4, RFC 8747 section 3.1.
const ISS: i32 = 1;
const SUB: i32 = 2;
const EXP: i32 = 4;
const IAT: i32 = 6;
const CTI: i32 = 7;
const CNF: i32 = 8;
// SPEC: RFC 9711 sections 4.3.2 and 4.2.18.
const EAT_PROFILE: i32 = 265;
const SUBMODS: i32 = 266;
// SPEC: draft-ietf-rats-ear section 3, draft-ietf-rats-ar4si section 2.3.
const EAR_STATUS: i32 = 1000;
const EAR_VERIFIER_ID: i32 = 1004;
const VERIFIER_DEVELOPER: i32 = 0;
const VERIFIER_BUILD: i32 = 1;
// Ours, in the private use range of CWT claims and confirmation methods.
const CNF_IDENTITY_KEY: i32 = -65537;
const CNF_CHANNEL_KEY: i32 = -65538;
const PRINCIPAL: i32 = -65537;
const SCOPE: i32 = -65538;
const IMAGE: i32 = -65539;
const VERSION: i32 = -65540;
const REFERENCE: i32 = -65541;
const TEE: i32 = -65542;
const PLATFORM: i32 = -65543;
const SIMULATOR: i32 = -65544;
const APPRAISAL: i32 = -65545;
const EVIDENCE: i32 = -65546;
const POLICY_EPOCH: i32 = -65547;
const NOT_ASSERTED: i32 = -65548;
const TCB_STATUS: i32 = -65549;
const REGION_CLAIM: i32 = -65550;
const PUBLISHED_POLICY: i32 = -65551;

type Out = Encoder<Vec<u8>>;
type Written = Result<(), minicbor::encode::Error<core::convert::Infallible>>;

/// The payload of a lease.
pub(super) fn payload(claims: &LeaseClaims) -> Result<Vec<u8>, LeaseError> {
    let mut e = Encoder::new(Vec::with_capacity(1024));
    registered(&mut e, claims)
        .and_then(|()| private(&mut e, claims))
        .map_err(|error| LeaseError::malformed(&error.to_string()))?;
    Ok(e.into_writer())
}

/// Reads a received payload; refuses anything that would not encode back to the same bytes.
pub(super) fn claims(bytes: &[u8]) -> Result<LeaseClaims, LeaseError> {
    let claims = read(&mut Decoder::new(bytes))
        .map_err(|error| LeaseError::malformed(&error.to_string()))?;
    claims.check()?;
    if payload(&claims)? != bytes {
        return Err(LeaseError::malformed("claims are not in deterministic form"));
    }
    Ok(claims)
}

fn registered(e: &mut Out, claims: &LeaseClaims) -> Written {
    e.map(CLAIMS)?;
    e.i32(ISS)?.str(&claims.trust_domain.spiffe_id())?;
    e.i32(SUB)?.str(&claims.spiffe_id().to_string())?;
    e.i32(EXP)?.u64(claims.expires_at.as_secs())?;
    e.i32(IAT)?.u64(claims.issued_at.as_secs())?;
    e.i32(CTI)?.bytes(claims.id.as_bytes())?;
    e.i32(CNF)?.map(2)?;
    e.i32(CNF_IDENTITY_KEY)?.bytes(claims.identity_key.as_bytes())?;
    e.i32(CNF_CHANNEL_KEY)?.bytes(claims.channel_key.as_bytes())?;
    e.i32(EAT_PROFILE)?.str(PROFILE)?;
    e.i32(SUBMODS)?.map(1)?.str(SUBMODULE)?.map(1)?;
    e.i32(EAR_STATUS)?.u8(status(claims.tier)?)?;
    e.i32(EAR_VERIFIER_ID)?.map(2)?;
    e.i32(VERIFIER_DEVELOPER)?.str(DEVELOPER)?;
    e.i32(VERIFIER_BUILD)?.str(&claims.verifier_build)?;
    Ok(())
}

fn private(e: &mut Out, claims: &LeaseClaims) -> Written {
    e.i32(PRINCIPAL)?.str(&claims.principal)?;
    texts(e.i32(SCOPE)?, &claims.scope)?;
    e.i32(IMAGE)?.str(&claims.image)?;
    e.i32(VERSION)?.str(&claims.version)?;
    e.i32(REFERENCE)?.bytes(claims.reference.as_bytes())?;
    e.i32(TEE)?.str(&claims.tee.to_string())?;
    platform(e.i32(PLATFORM)?, &claims.platform)?;
    e.i32(SIMULATOR)?;
    match &claims.simulator {
        Some(fingerprint) => e.bytes(fingerprint.as_bytes())?,
        None => e.null()?,
    };
    e.i32(APPRAISAL)?.bytes(claims.appraisal.as_bytes())?;
    e.i32(EVIDENCE)?.bytes(claims.evidence.as_bytes())?;
    e.i32(POLICY_EPOCH)?.u64(claims.policy_epoch)?;
    texts(e.i32(NOT_ASSERTED)?, &claims.not_asserted)?;
    let status = claims.tcb_status.map(|status| status.to_string());
    optional_text(e.i32(TCB_STATUS)?, status.as_deref())?;
    optional_text(e.i32(REGION_CLAIM)?, claims.region_claim.as_deref())?;
    e.i32(PUBLISHED_POLICY)?.u64(claims.published_policy)?;
    Ok(())
}

fn texts(e: &mut Out, list: &[String]) -> Written {
    let len = u64::try_from(list.len()).unwrap_or(u64::MAX);
    e.array(len)?;
    list.iter().try_for_each(|text| e.str(text).map(|_| ()))
}

fn optional_text(e: &mut Out, text: Option<&str>) -> Written {
    match text {
        Some(text) => e.str(text)?,
        None => e.null()?,
    };
    Ok(())
}

fn platform(e: &mut Out, identity: &PlatformIdentity) -> Written {
    match identity {
        PlatformIdentity::NotAsserted => e.array(1)?.u8(0)?,
        PlatformIdentity::Chip(chip) => e.array(2)?.u8(1)?.str(chip)?,
        PlatformIdentity::Provider(provider) => e.array(2)?.u8(2)?.str(provider)?,
        PlatformIdentity::Ppid(ppid) => e.array(2)?.u8(3)?.str(ppid)?,
        _ => return Err(minicbor::encode::Error::message("platform identity of an unknown kind")),
    };
    Ok(())
}

/// SPEC: draft-ietf-rats-ar4si section 2.3.2.
fn status(tier: Tier) -> Result<u8, minicbor::encode::Error<core::convert::Infallible>> {
    match tier {
        Tier::None => Ok(0),
        Tier::Affirming => Ok(2),
        Tier::Warning => Ok(32),
        Tier::Contraindicated => Ok(96),
        _ => Err(minicbor::encode::Error::message("tier of an unknown kind")),
    }
}

fn read(d: &mut Decoder<'_>) -> Result<LeaseClaims, decode::Error> {
    if d.map()? != Some(CLAIMS) {
        return Err(decode::Error::message("not a map of every claim"));
    }
    let trust_domain = issuer(label(d, ISS)?.str()?)?;
    let subject = parsed::<SpiffeId>(label(d, SUB)?.str()?)?;
    let expires_at = UnixTime::from_secs(label(d, EXP)?.u64()?);
    let issued_at = UnixTime::from_secs(label(d, IAT)?.u64()?);
    let id = LeaseId::new(array(label(d, CTI)?)?);
    let (identity_key, channel_key) = confirmation(label(d, CNF)?)?;
    fixed_text(label(d, EAT_PROFILE)?, PROFILE)?;
    let tier = submodule(label(d, SUBMODS)?)?;
    let verifier_build = verifier(label(d, EAR_VERIFIER_ID)?)?;
    // The instance in `sub` is derived from the identity key when the claims are encoded again.
    Ok(LeaseClaims {
        trust_domain,
        agent: subject.agent,
        identity_key,
        channel_key,
        id,
        issued_at,
        expires_at,
        verifier_build,
        principal: text(d, PRINCIPAL)?,
        scope: list(label(d, SCOPE)?)?,
        image: text(d, IMAGE)?,
        version: text(d, VERSION)?,
        reference: digest(label(d, REFERENCE)?)?,
        tee: tee(label(d, TEE)?.str()?)?,
        platform: read_platform(label(d, PLATFORM)?)?,
        simulator: or_null(label(d, SIMULATOR)?, digest)?,
        tier,
        appraisal: digest(label(d, APPRAISAL)?)?,
        evidence: digest(label(d, EVIDENCE)?)?,
        policy_epoch: label(d, POLICY_EPOCH)?.u64()?,
        not_asserted: list(label(d, NOT_ASSERTED)?)?,
        tcb_status: read_status(label(d, TCB_STATUS)?)?,
        region_claim: or_null(label(d, REGION_CLAIM)?, |d| Ok(d.str()?.to_owned()))?,
        published_policy: label(d, PUBLISHED_POLICY)?.u64()?,
    })
}

fn label<'a, 'b>(
    d: &'a mut Decoder<'b>,
    expected: i32,
) -> Result<&'a mut Decoder<'b>, decode::Error> {
    if d.i32()? == expected {
        Ok(d)
    } else {
        Err(decode::Error::message("a claim is missing, unknown, twice there or out of order"))
    }
}

fn parsed<T: core::str::FromStr>(text: &str) -> Result<T, decode::Error> {
    text.parse().map_err(|_| decode::Error::message("a name breaks its rules"))
}

fn issuer(text: &str) -> Result<TrustDomain, decode::Error> {
    parsed(text.strip_prefix("spiffe://").unwrap_or_default())
}

fn digest(d: &mut Decoder<'_>) -> Result<Digest48, decode::Error> {
    array(d).map(Digest48::new)
}

fn text(d: &mut Decoder<'_>, expected: i32) -> Result<String, decode::Error> {
    Ok(label(d, expected)?.str()?.to_owned())
}

fn fixed_text(d: &mut Decoder<'_>, expected: &str) -> Result<(), decode::Error> {
    if d.str()? == expected { Ok(()) } else { Err(decode::Error::message("of another protocol")) }
}

fn map_of(d: &mut Decoder<'_>, len: u64) -> Result<(), decode::Error> {
    if d.map()? == Some(len) {
        Ok(())
    } else {
        Err(decode::Error::message("a map of another size"))
    }
}

fn confirmation(d: &mut Decoder<'_>) -> Result<(Digest48, Digest48), decode::Error> {
    map_of(d, 2)?;
    let identity_key = digest(label(d, CNF_IDENTITY_KEY)?)?;
    Ok((identity_key, digest(label(d, CNF_CHANNEL_KEY)?)?))
}

fn submodule(d: &mut Decoder<'_>) -> Result<Tier, decode::Error> {
    map_of(d, 1)?;
    fixed_text(d, SUBMODULE)?;
    map_of(d, 1)?;
    match label(d, EAR_STATUS)?.u8()? {
        0 => Ok(Tier::None),
        2 => Ok(Tier::Affirming),
        32 => Ok(Tier::Warning),
        96 => Ok(Tier::Contraindicated),
        _ => Err(decode::Error::message("ear.status of an unknown value")),
    }
}

fn verifier(d: &mut Decoder<'_>) -> Result<String, decode::Error> {
    map_of(d, 2)?;
    fixed_text(label(d, VERIFIER_DEVELOPER)?, DEVELOPER)?;
    text(d, VERIFIER_BUILD)
}

fn list(d: &mut Decoder<'_>) -> Result<Vec<String>, decode::Error> {
    let len = d.array()?.ok_or_else(|| decode::Error::message("a list of unstated length"))?;
    // Grows with what is really there, not with what the header claims.
    (0..len).map(|_| d.str().map(str::to_owned)).collect::<Result<_, _>>()
}

fn tee(name: &str) -> Result<Tee, decode::Error> {
    [Tee::Snp, Tee::Tdx]
        .into_iter()
        .find(|tee| tee.to_string() == name)
        .ok_or_else(|| decode::Error::message("TEE of an unknown kind"))
}

fn read_platform(d: &mut Decoder<'_>) -> Result<PlatformIdentity, decode::Error> {
    match (d.array()?, d.u8()?) {
        (Some(1), 0) => Ok(PlatformIdentity::NotAsserted),
        (Some(2), 1) => Ok(PlatformIdentity::Chip(d.str()?.to_owned())),
        (Some(2), 2) => Ok(PlatformIdentity::Provider(d.str()?.to_owned())),
        (Some(2), 3) => Ok(PlatformIdentity::Ppid(d.str()?.to_owned())),
        _ => Err(decode::Error::message("platform identity of an unknown kind")),
    }
}

fn read_status(d: &mut Decoder<'_>) -> Result<Option<TcbStatus>, decode::Error> {
    or_null(d, |d| {
        TcbStatus::from_word(d.str()?)
            .ok_or_else(|| decode::Error::message("TCB status of an unknown kind"))
    })
}

fn or_null<T>(
    d: &mut Decoder<'_>,
    read: impl FnOnce(&mut Decoder<'_>) -> Result<T, decode::Error>,
) -> Result<Option<T>, decode::Error> {
    if d.datatype()? == Type::Null { d.null().map(|()| None) } else { read(d).map(Some) }
}

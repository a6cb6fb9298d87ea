//! The Evidence envelope: a CMW collection (draft-ietf-rats-msg-wrap, CBOR form) that carries one
//! report or quote with everything needed to judge it.

use minicbor::Decoder;

use crate::azure::Parts;
use crate::cbor::Writer;
use crate::evidence::Tee;
use crate::limits;

crate::codes! {
    /// The envelope does not decode.
    MALFORMED = "envelope.malformed", Peer, "draft-ietf-rats-msg-wrap section 3",
        "Use a runtime of a version that this Verifier supports.",
        "The Evidence envelope is not the CMW collection that a runtime of this version writes: an item is missing, unknown, twice there, or larger than its limit.";
}

/// Why an envelope was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("evidence envelope is malformed: {reason}")]
pub struct EnvelopeError {
    reason: String,
}

impl crate::code::Diagnostic for EnvelopeError {
    fn code(&self) -> &'static crate::code::Code {
        &MALFORMED
    }
}

/// One report or quote, with its binding, manifest and what the guest knows of its endorsements.
/// All of it is as received: nothing here has been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Which TEE the sender says this is.
    pub tee: Tee,
    /// The report or quote, as the hardware returned it.
    pub hardware: Vec<u8>,
    /// Deterministic CBOR whose SHA-512 is REPORT_DATA; see [`crate::binding::Binding`].
    pub binding: Vec<u8>,
    /// Deterministic CBOR of the [`crate::manifest::Manifest`].
    pub manifest: Vec<u8>,
    /// The host's certificate table (SNP, GHCB 4.1.8.1), if the host offered one. A hint.
    pub certificates: Option<Vec<u8>>,
    /// The firmware's event log, where there is one.
    pub event_log: Option<Vec<u8>>,
    /// What Azure's paravisor and virtual TPM add, where the guest runs behind them.
    pub vtpm: Option<Vtpm>,
}

/// What a guest behind Azure's paravisor reads from its virtual TPM. All of it is as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vtpm {
    /// The content of NV index 0x01400001. On SEV-SNP the report inside it is the envelope's.
    pub hcl_report: Vec<u8>,
    /// `TPMS_ATTEST`.
    pub quote: Vec<u8>,
    /// `TPMT_SIGNATURE`.
    pub signature: Vec<u8>,
    /// The values of the quoted PCRs, concatenated in ascending order.
    pub pcrs: Vec<u8>,
    /// Azure's certificate for the attestation key and its issuers up to the root, as PEM. A hint.
    pub ak_certificates: Option<Vec<u8>>,
}

impl Vtpm {
    /// Together with the hardware's report or quote.
    pub(crate) fn parts<'a>(&'a self, tee: Tee, hardware: &'a [u8]) -> Parts<'a> {
        Parts {
            tee,
            hardware,
            hcl_report: &self.hcl_report,
            tpm_quote: &self.quote,
            tpm_signature: &self.signature,
            pcrs: &self.pcrs,
            ak_certificates: self.ak_certificates.as_deref(),
        }
    }
}

const COLLECTION_TYPE: (&str, &str) = ("__cmwc_t", "tag:cloister.invalid,2026:evidence");
const SNP_REPORT: &str = "application/vnd.cloister.snp-report";
const TDX_QUOTE: &str = "application/vnd.cloister.tdx-quote";
const BINDING: &str = "application/vnd.cloister.binding+cbor";
const MANIFEST: &str = "application/vnd.cloister.manifest+cbor";
const CERTIFICATES: &str = "application/vnd.cloister.snp-certificates";
const EVENT_LOG: &str = "application/vnd.cloister.event-log";
const HCL_REPORT: &str = "application/vnd.cloister.azure-hcl-report";
const TPM_QUOTE: &str = "application/vnd.cloister.tpm-quote";
const TPM_SIGNATURE: &str = "application/vnd.cloister.tpm-signature";
const TPM_PCRS: &str = "application/vnd.cloister.tpm-pcrs";
const AK_CERTIFICATES: &str = "application/pem-certificate-chain";

/// Items that are always there, the collection's type included.
const FIXED_ITEMS: usize = 4;
/// Items that may be there.
const OPTIONAL_ITEMS: usize = 7;

/// An item that may be there: its label, its media type, its bytes.
type Optional<'a> = (u8, &'static str, Option<&'a Vec<u8>>);

impl Envelope {
    /// The CBOR form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(self.hardware.len().saturating_add(1024));
        self.write(&mut e);
        e.into_bytes()
    }

    fn write(&self, e: &mut Writer) {
        let optional = self.optional();
        let present = optional.iter().filter(|(_, _, item)| item.is_some()).count();
        e.map(present.saturating_add(FIXED_ITEMS));
        let hardware_type = match self.tee {
            Tee::Snp => SNP_REPORT,
            Tee::Tdx => TDX_QUOTE,
        };
        item(e, 1, hardware_type, &self.hardware);
        item(e, 2, BINDING, &self.binding);
        item(e, 3, MANIFEST, &self.manifest);
        for (label, media_type, bytes) in optional {
            if let Some(bytes) = bytes {
                item(e, label, media_type, bytes);
            }
        }
        e.text(COLLECTION_TYPE.0).text(COLLECTION_TYPE.1);
    }

    /// In order of label.
    fn optional(&self) -> [Optional<'_>; 7] {
        let vtpm = self.vtpm.as_ref();
        [
            (4, CERTIFICATES, self.certificates.as_ref()),
            (5, EVENT_LOG, self.event_log.as_ref()),
            (6, HCL_REPORT, vtpm.map(|vtpm| &vtpm.hcl_report)),
            (7, TPM_QUOTE, vtpm.map(|vtpm| &vtpm.quote)),
            (8, TPM_SIGNATURE, vtpm.map(|vtpm| &vtpm.signature)),
            (9, TPM_PCRS, vtpm.map(|vtpm| &vtpm.pcrs)),
            (10, AK_CERTIFICATES, vtpm.and_then(|vtpm| vtpm.ak_certificates.as_ref())),
        ]
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    ///
    /// # Errors
    /// [`EnvelopeError`] with the reason.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > limits::ENVELOPE_BYTES_MAX {
            return Err(malformed("longer than 512 KiB"));
        }
        let envelope =
            Self::read(&mut Decoder::new(bytes)).map_err(|e| malformed(&e.to_string()))?;
        envelope.check_sizes()?;
        if envelope.encode() != bytes {
            return Err(malformed("not in deterministic form"));
        }
        Ok(envelope)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, minicbor::decode::Error> {
        let items = d.map()?.and_then(|items| usize::try_from(items).ok());
        let items = items.and_then(|items| items.checked_sub(FIXED_ITEMS));
        let Some(optional @ 0..=OPTIONAL_ITEMS) = items else {
            return Err(minicbor::decode::Error::message("not a collection of 4 to 11 items"));
        };
        let (tee, hardware) = match entry(d, 1)? {
            (SNP_REPORT, bytes) => (Tee::Snp, bytes),
            (TDX_QUOTE, bytes) => (Tee::Tdx, bytes),
            _ => {
                return Err(minicbor::decode::Error::message("item 1 is neither report nor quote"));
            }
        };
        let mut envelope = Self {
            tee,
            hardware: hardware.to_vec(),
            binding: typed(d, 2, BINDING)?,
            manifest: typed(d, 3, MANIFEST)?,
            certificates: None,
            event_log: None,
            vtpm: None,
        };
        let mut parts = VtpmParts::default();
        for _ in 0..optional {
            match d.u8()? {
                4 => envelope.certificates = Some(record(d, CERTIFICATES)?),
                5 => envelope.event_log = Some(record(d, EVENT_LOG)?),
                6 => parts.hcl_report = Some(record(d, HCL_REPORT)?),
                7 => parts.quote = Some(record(d, TPM_QUOTE)?),
                8 => parts.signature = Some(record(d, TPM_SIGNATURE)?),
                9 => parts.pcrs = Some(record(d, TPM_PCRS)?),
                10 => parts.ak_certificates = Some(record(d, AK_CERTIFICATES)?),
                _ => return Err(minicbor::decode::Error::message("unknown item")),
            }
        }
        envelope.vtpm = parts.whole()?;
        if (d.str()?, d.str()?) != COLLECTION_TYPE {
            return Err(minicbor::decode::Error::message("collection of another type"));
        }
        Ok(envelope)
    }

    fn check_sizes(&self) -> Result<(), EnvelopeError> {
        let empty = Vec::new();
        let bounded = [
            ("report or quote", &self.hardware, limits::HARDWARE_EVIDENCE_BYTES_MAX),
            ("binding", &self.binding, limits::BINDING_BYTES_MAX),
            ("manifest", &self.manifest, limits::MANIFEST_BYTES_MAX),
            (
                "certificates",
                self.certificates.as_ref().unwrap_or(&empty),
                limits::ENDORSEMENT_BYTES_MAX,
            ),
            ("event log", self.event_log.as_ref().unwrap_or(&empty), limits::EVENT_LOG_BYTES_MAX),
        ];
        let vtpm = self.vtpm.iter().flat_map(Vtpm::bounded);
        match bounded.into_iter().chain(vtpm).find(|(_, bytes, max)| bytes.len() > *max) {
            Some((what, bytes, max)) => Err(malformed(&format!(
                "{what} has {} bytes, at most {max} are allowed",
                bytes.len()
            ))),
            None => Ok(()),
        }
    }
}

/// Parts of the virtual TPM as far as they were read.
#[derive(Default)]
struct VtpmParts {
    hcl_report: Option<Vec<u8>>,
    quote: Option<Vec<u8>>,
    signature: Option<Vec<u8>>,
    pcrs: Option<Vec<u8>>,
    ak_certificates: Option<Vec<u8>>,
}

impl VtpmParts {
    /// All that belong together, or none.
    fn whole(self) -> Result<Option<Vtpm>, minicbor::decode::Error> {
        match self {
            Self {
                hcl_report: Some(hcl_report),
                quote: Some(quote),
                signature: Some(signature),
                pcrs: Some(pcrs),
                ak_certificates,
            } => Ok(Some(Vtpm { hcl_report, quote, signature, pcrs, ak_certificates })),
            Self {
                hcl_report: None,
                quote: None,
                signature: None,
                pcrs: None,
                ak_certificates: None,
            } => Ok(None),
            _ => {
                Err(minicbor::decode::Error::message("some items of a virtual TPM without others"))
            }
        }
    }
}

impl Vtpm {
    /// What may be how long.
    fn bounded(&self) -> impl Iterator<Item = (&'static str, &Vec<u8>, usize)> {
        let fixed = [
            ("HCL report", &self.hcl_report, limits::HCL_REPORT_BYTES_MAX),
            ("TPM quote", &self.quote, limits::TPM_STRUCTURE_BYTES_MAX),
            ("TPM signature", &self.signature, limits::TPM_STRUCTURE_BYTES_MAX),
            ("PCR values", &self.pcrs, limits::PCR_VALUES_BYTES_MAX),
        ];
        let certificates = self.ak_certificates.iter();
        fixed.into_iter().chain(
            certificates
                .map(|pem| ("attestation key certificates", pem, limits::ENDORSEMENT_BYTES_MAX)),
        )
    }
}

fn item(e: &mut Writer, label: u8, media_type: &str, bytes: &[u8]) {
    e.unsigned(label.into()).array(2).text(media_type).bytes(bytes);
}

fn entry<'b>(
    d: &mut Decoder<'b>,
    label: u8,
) -> Result<(&'b str, &'b [u8]), minicbor::decode::Error> {
    if d.u8()? != label {
        return Err(minicbor::decode::Error::message("items out of order"));
    }
    pair(d)
}

fn pair<'b>(d: &mut Decoder<'b>) -> Result<(&'b str, &'b [u8]), minicbor::decode::Error> {
    if d.array()? != Some(2) {
        return Err(minicbor::decode::Error::message("item is not a CMW record"));
    }
    Ok((d.str()?, d.bytes()?))
}

fn typed(
    d: &mut Decoder<'_>,
    label: u8,
    media_type: &str,
) -> Result<Vec<u8>, minicbor::decode::Error> {
    let (found, bytes) = entry(d, label)?;
    if found == media_type {
        Ok(bytes.to_vec())
    } else {
        Err(minicbor::decode::Error::message("item of another type"))
    }
}

fn record(d: &mut Decoder<'_>, media_type: &str) -> Result<Vec<u8>, minicbor::decode::Error> {
    let (found, bytes) = pair(d)?;
    if found == media_type {
        Ok(bytes.to_vec())
    } else {
        Err(minicbor::decode::Error::message("item of another type"))
    }
}

fn malformed(reason: &str) -> EnvelopeError {
    EnvelopeError { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;

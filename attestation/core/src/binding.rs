//! The binding: what REPORT_DATA stands for.
//!
//! REPORT_DATA = SHA-512 over the deterministic CBOR of the fields below. The CBOR travels with
//! the Evidence and the hash is computed over the received bytes. The label separates this use of
//! the hardware's signature from every other.
//!
//! Where a virtual TPM speaks for the guest, there is no REPORT_DATA of its own. [`qualifying_data`]
//! of the same 64 bytes then travels in the TPM quote.

use core::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA512, digest};
use minicbor::Decoder;
use minicbor::data::Type;

use crate::bytes::{Digest48, Nonce, ReportData, hex};
use crate::cbor::Writer;
use crate::limits::BINDING_BYTES_MAX;

crate::codes! {
    /// The binding bytes do not decode, or are not in deterministic form.
    MALFORMED = "binding.malformed", Peer, "",
        "Use a runtime of a version that this Verifier supports.",
        "The CBOR that explains REPORT_DATA is not the deterministic encoding of the fields that this version knows. Either the runtime is of another version, or the bytes were altered on the way.";
    /// REPORT_DATA is not the hash of the binding.
    REPORT_DATA = "binding.report_data", Peer, "",
        "Collect fresh Evidence for this key, nonce and manifest.",
        "The 64 bytes that the hardware signed are not the SHA-512 of the binding that came with the Evidence. The Evidence was made for something else: an older challenge, another key, another program.";
    /// The nonce in the binding is not the one that was asked for.
    NONCE = "binding.nonce", Peer, "RFC 9334 section 10.2",
        "Ask for a new challenge and collect Evidence for it.",
        "The binding names another challenge than the one that this exchange answers. This is what replayed Evidence looks like.";
    /// A key digest in the binding is not that of the key presented.
    KEY = "binding.key", Peer, "",
        "Present the keys that the Evidence was collected for.",
        "The binding names other keys than the ones presented with it. This is what Evidence borrowed from another machine looks like.";
    /// The manifest digest in the binding is not that of the manifest presented.
    MANIFEST = "binding.manifest", Peer, "",
        "Send the manifest that is inside the measured image.",
        "The manifest that came with the Evidence is not the one that the runtime bound into REPORT_DATA.";
}

/// What a virtual TPM is asked to sign for a REPORT_DATA: SHA-384 over a label and the 64 bytes.
///
/// A TPM takes as much qualifying data as its widest hash name has: 50 bytes where that is SHA-384,
/// 66 where it is SHA-512. The 64 bytes themselves fit into the wider ones only, 48 into all, and
/// the label keeps the digest from being one that is made for anything else.
// SPEC: TPM 2.0 Part 2, section 10.4.3, TPM2B_DATA: at most the size of a TPMT_HA.
#[must_use]
pub fn qualifying_data(report_data: &ReportData) -> Digest48 {
    let mut preimage = QUALIFYING_LABEL.to_vec();
    preimage.extend_from_slice(report_data.as_bytes());
    Digest48::sha384(&preimage)
}

const QUALIFYING_LABEL: &[u8] = b"cloister/tpm-qualifying-data/1";

/// What Evidence says that it is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound<'a> {
    /// REPORT_DATA, as the guest asked the hardware to sign it.
    ReportData(&'a ReportData),
    /// `extraData` of a TPM quote, as the guest asked its virtual TPM to sign it.
    QualifyingData(&'a [u8]),
}

impl Bound<'_> {
    /// Whether this is the binding to `report_data`, in time that does not depend on where the
    /// first difference is.
    #[must_use]
    pub fn is_to(&self, report_data: &ReportData) -> bool {
        match self {
            Self::ReportData(bound) => bound.ct_eq(report_data),
            Self::QualifyingData(bound) => Digest48::from_slice(bound)
                .is_some_and(|bound| bound.ct_eq(&qualifying_data(report_data))),
        }
    }
}

impl fmt::Display for Bound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReportData(bound) => bound.fmt(f),
            Self::QualifyingData(bound) => write!(f, "qualifying data {}", hex::encode(bound)),
        }
    }
}

/// First field of every binding.
pub const LABEL: &str = "cloister/evidence/1";

/// Why a binding was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("binding is malformed: {reason}")]
pub struct BindingError {
    reason: String,
}

impl crate::code::Diagnostic for BindingError {
    fn code(&self) -> &'static crate::code::Code {
        &MALFORMED
    }
}

/// What one piece of Evidence is bound to. All digests are SHA-384; keys by the DER of their SPKI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Digest of the identity key, made in guest memory at boot.
    pub identity_key: Digest48,
    /// Digest of the TLS leaf key that the lease is for.
    pub channel_key: Digest48,
    /// The Verifier's challenge.
    pub nonce: Nonce,
    /// Digest of the manifest bytes.
    pub manifest: Digest48,
    /// Digest of the audit log's head, once the runtime keeps one.
    pub audit_head: Option<Digest48>,
    /// TLS exporter value; only in Evidence made for one session (`freshness = "session"`). See
    /// [`Self::is_for`].
    pub exporter: Option<[u8; 32]>,
}

impl Binding {
    /// The deterministic CBOR form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Writer::with_capacity(256);
        self.write(&mut e);
        e.into_bytes()
    }

    fn write(&self, e: &mut Writer) {
        e.map(if self.exporter.is_some() { 7 } else { 6 });
        e.unsigned(1).text(LABEL);
        e.unsigned(2).bytes(self.identity_key.as_bytes());
        e.unsigned(3).bytes(self.channel_key.as_bytes());
        e.unsigned(4).bytes(self.nonce.as_bytes());
        e.unsigned(5).bytes(self.manifest.as_bytes());
        e.unsigned(6);
        match &self.audit_head {
            Some(head) => e.bytes(head.as_bytes()),
            None => e.null(),
        };
        if let Some(exporter) = &self.exporter {
            e.unsigned(7).bytes(exporter);
        }
    }

    /// Reads received bytes; refuses anything that would not encode back to the same bytes.
    ///
    /// # Errors
    /// [`BindingError`] with the reason.
    pub fn decode(bytes: &[u8]) -> Result<Self, BindingError> {
        if bytes.len() > BINDING_BYTES_MAX {
            return Err(malformed("longer than 1 KiB"));
        }
        let binding =
            Self::read(&mut Decoder::new(bytes)).map_err(|e| malformed(&e.to_string()))?;
        if binding.encode() != bytes {
            return Err(malformed("not in deterministic form"));
        }
        Ok(binding)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, minicbor::decode::Error> {
        let fields = d.map()?;
        key(d, 1)?;
        if d.str()? != LABEL {
            return Err(minicbor::decode::Error::message("label of another protocol or version"));
        }
        Ok(Self {
            identity_key: digest48(d, 2)?,
            channel_key: digest48(d, 3)?,
            nonce: Nonce::new(fixed(d, 4)?),
            manifest: digest48(d, 5)?,
            audit_head: {
                key(d, 6)?;
                if d.datatype()? == Type::Null {
                    d.null()?;
                    None
                } else {
                    Some(Digest48::new(array(d)?))
                }
            },
            exporter: if fields == Some(7) { Some(fixed(d, 7)?) } else { None },
        })
    }

    /// Whether this was made for the TLS session with this exporter value, or for no session where
    /// there is `None`. Evidence for one session speaks for nothing else, and no other Evidence
    /// speaks for a session: whoever judges a binding asks this.
    #[must_use]
    pub fn is_for(&self, session: Option<&[u8; 32]>) -> bool {
        match (&self.exporter, session) {
            (None, None) => true,
            (Some(bound), Some(exporter)) => verify_slices_are_equal(bound, exporter).is_ok(),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    /// What the hardware has to sign for binding bytes as received or encoded.
    #[must_use]
    pub fn report_data(bytes: &[u8]) -> ReportData {
        let hash = digest(&SHA512, bytes);
        let mut out = [0; 64];
        out.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
        ReportData::new(out)
    }
}

fn digest48(d: &mut Decoder<'_>, label: u8) -> Result<Digest48, minicbor::decode::Error> {
    fixed(d, label).map(Digest48::new)
}

fn fixed<const N: usize>(
    d: &mut Decoder<'_>,
    label: u8,
) -> Result<[u8; N], minicbor::decode::Error> {
    key(d, label)?;
    array(d)
}

fn array<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], minicbor::decode::Error> {
    d.bytes()?.try_into().map_err(|_| minicbor::decode::Error::message("field of another length"))
}

fn key(d: &mut Decoder<'_>, label: u8) -> Result<(), minicbor::decode::Error> {
    if d.u8()? == label {
        Ok(())
    } else {
        Err(minicbor::decode::Error::message("fields out of order"))
    }
}

fn malformed(reason: &str) -> BindingError {
    BindingError { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::Binding;
    use crate::bytes::{Digest48, Nonce};

    fn binding() -> Binding {
        Binding {
            identity_key: Digest48::sha384(b"ik"),
            channel_key: Digest48::sha384(b"ck"),
            nonce: Nonce::new([7; 32]),
            manifest: Digest48::sha384(b"manifest"),
            audit_head: None,
            exporter: None,
        }
    }

    #[test]
    fn round_trips_in_every_shape() {
        for audit_head in [None, Some(Digest48::sha384(b"head"))] {
            for exporter in [None, Some([9; 32])] {
                let binding = Binding { audit_head, exporter, ..binding() };
                assert_eq!(Binding::decode(&binding.encode()).unwrap(), binding);
            }
        }
    }

    #[test]
    fn speaks_for_its_own_session_and_a_binding_without_one_for_none() {
        let session = Binding { exporter: Some([9; 32]), ..binding() };
        assert!(session.is_for(Some(&[9; 32])) && binding().is_for(None));
        let mut other = [9; 32];
        other[31] = 8;
        assert!(!session.is_for(Some(&other)) && !session.is_for(None));
        assert!(!binding().is_for(Some(&[9; 32])) && !binding().is_for(Some(&[0; 32])));
    }

    #[test]
    fn any_changed_byte_changes_report_data_or_is_refused() {
        let bytes = binding().encode();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_ne!(Binding::report_data(&changed), Binding::report_data(&bytes));
            if let Ok(decoded) = Binding::decode(&changed) {
                assert_ne!(decoded, binding());
            }
        }
    }

    #[test]
    fn refuses_trailing_bytes_truncation_and_non_minimal_forms() {
        let bytes = binding().encode();
        assert!(Binding::decode(&[bytes.as_slice(), &[0xf6]].concat()).is_err());
        for len in 0..bytes.len() {
            assert!(Binding::decode(&bytes[..len]).is_err());
        }
        let mut indefinite = bytes.clone();
        indefinite[0] = 0xbf;
        indefinite.push(0xff);
        assert!(Binding::decode(&indefinite).is_err());
    }
}

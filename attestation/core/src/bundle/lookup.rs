//! Finding what one piece of Evidence is verified against.

use super::Bundle;
use super::content;
use super::key::Key;
use crate::anchor::Anchors;
use crate::bytes::Fmspc;
use crate::evidence::Evidence;
use crate::publication::PckCa;
use crate::snp::{self, Product, SigningKey, VekOwner};
use crate::tdx::{self, SignedDocument};
use crate::time::UnixTime;
use crate::verify::{self, Endorsements, VerifiedEvidence, VerifyError};

/// Which platform collateral is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    fmspc: Option<Fmspc>,
    ca: Option<PckCa>,
}

impl Subject {
    /// No platform in particular.
    pub(super) const ANY: Self = Self { fmspc: None, ca: None };

    /// A processor family.
    pub(super) const fn of(fmspc: Fmspc) -> Self {
        Self { fmspc: Some(fmspc), ca: None }
    }

    /// Platforms that this CA certifies.
    pub(super) const fn by(ca: PckCa) -> Self {
        Self { fmspc: None, ca: Some(ca) }
    }
}

impl Bundle {
    /// Verifies `evidence` against what is in here, and nothing else, ending at a root in
    /// `anchors`, at the given time.
    ///
    /// # Errors
    /// As [`crate::verify::verify`]; what the bundle does not have is named as missing.
    pub fn verify(
        &self,
        evidence: &Evidence,
        anchors: &Anchors,
        now: UnixTime,
    ) -> Result<VerifiedEvidence, VerifyError> {
        let (last, others) = self.endorsements(evidence);
        // More than one only where the Evidence does not say whose key signed it: a VLEK's
        // provider, or a version 2 report's product. The signature tells.
        for with in others {
            if let Ok(verified) = verify::verify(evidence.clone(), &with, anchors, now) {
                return Ok(verified);
            }
        }
        verify::verify(evidence.clone(), &last, anchors, now)
    }

    /// One set of endorsements, and others that fit as well.
    fn endorsements(&self, evidence: &Evidence) -> (Endorsements, Vec<Endorsements>) {
        match evidence {
            Evidence::Snp(report) => {
                let mut found: Vec<_> =
                    self.snp(report).into_iter().map(Endorsements::Snp).collect();
                let last = found.pop();
                (last.unwrap_or_else(|| Endorsements::Snp(snp::Endorsements::none())), found)
            }
            Evidence::Tdx(quote) => {
                let (fmspc, ca) = tdx::claimed(quote).unzip();
                let with = self.documents(Subject { fmspc, ca });
                let with =
                    tdx::Collateral { tcb_info: with.tcb_info.filter(|_| fmspc.is_some()), ..with };
                (Endorsements::Tdx(with), Vec::new())
            }
            Evidence::Azure(azure) => self.endorsements(azure.hardware()),
        }
    }

    fn snp(&self, report: &snp::Report) -> Vec<snp::Endorsements> {
        let mut found = Vec::new();
        for entry in &self.entries {
            let Key::SnpVek { product, owner, tcb } = &entry.key else { continue };
            let signs = content::signing_key(owner);
            let fits = signs == report.signing_key()
                && report.cpuid().is_none_or(|id| Product::from_cpuid(id) == Some(*product))
                && report.reported_tcb().components(*product) == *tcb
                && owns(owner, report);
            if fits {
                let vek = entry.parts.first().cloned();
                found.push(snp::Endorsements { vek, ..self.authorities(*product, signs) });
            }
        }
        found
    }

    /// What stands above a key certificate.
    pub(super) fn authorities(&self, product: Product, signs: SigningKey) -> snp::Endorsements {
        snp::Endorsements {
            vek: None,
            intermediate: self.part(&Key::SnpIntermediate { product, signs }),
            root: self.part(&Key::SnpRoot { product }),
            crl: self.part(&Key::SnpCrl { product }),
        }
    }

    /// The collateral for a platform.
    pub(super) fn documents(&self, subject: Subject) -> tdx::Collateral {
        let tcb_info = subject.fmspc.and_then(|fmspc| self.document(&Key::TdxTcbInfo { fmspc }));
        let pck_crl = subject.ca.and_then(|ca| self.parts(&Key::TdxPckCrl { ca }));
        let (pck_crl, chain) = match pck_crl {
            Some([crl, chain]) => (Some(crl.clone()), text(chain)),
            _ => (None, None),
        };
        tdx::Collateral {
            tcb_info,
            qe_identity: self.document(&Key::TdxQeIdentity),
            root_ca_crl: self.part(&Key::TdxRootCrl),
            pck_crl,
            pck_crl_issuer_chain: chain,
            pck_certificate_chain: None,
        }
    }

    fn document(&self, key: &Key) -> Option<SignedDocument> {
        let [body, signature, chain] = self.parts(key)? else { return None };
        Some(SignedDocument {
            body: text(body)?,
            signature: signature.as_slice().try_into().ok()?,
            issuer_chain: text(chain)?,
        })
    }
}

/// Whether the key is the chip's that the report names. A VLEK's provider is not in a report.
fn owns(owner: &VekOwner, report: &snp::Report) -> bool {
    match owner {
        VekOwner::Chip(id) => report.chip_id().as_bytes().starts_with(id),
        VekOwner::Provider(_) => true,
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

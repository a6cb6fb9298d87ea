//! Everything inside, verified to the pinned roots.

use super::key::Key;
use super::lookup::Subject;
use super::{Bundle, Entry, content};
use crate::anchor::Anchors;
use crate::check::{Check, State};
use crate::snp::{self, verify_chain};
use crate::tdx::{self, VerifiedCollateral};
use crate::time::UnixTime;
use crate::verify::{Missing, VerifyError};

/// One entry with the outcome of its verification.
#[derive(Clone, Debug)]
pub struct Audited<'b> {
    /// The entry.
    pub entry: &'b Entry,
    /// Whether a vendor vouches for it.
    pub outcome: Outcome,
    /// Every step that was taken.
    pub checks: Vec<Check>,
}

/// Whether a vendor vouches for an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is signed up to a pinned root, and current.
    Verified,
    /// It is the operator's own word: no vendor signs policies and Reference Values.
    Operator,
    /// It is not signed up to a pinned root, not current, or revoked.
    Refused,
    /// No conclusion: what it would be verified with is not in the bundle.
    Incomplete(Vec<Missing>),
}

impl Bundle {
    /// Verifies every entry to a root in `anchors`, at the given time.
    #[must_use]
    pub fn audit(&self, anchors: &Anchors, now: UnixTime) -> Vec<Audited<'_>> {
        self.entries.iter().map(|entry| self.audited(entry, anchors, now)).collect()
    }

    fn audited<'b>(&'b self, entry: &'b Entry, anchors: &Anchors, now: UnixTime) -> Audited<'b> {
        let Some(verified) = self.verified(&entry.key, anchors, now) else {
            return Audited { entry, outcome: Outcome::Operator, checks: Vec::new() };
        };
        match verified {
            Ok(checks) => Audited { entry, outcome: concluded(&entry.key, &checks), checks },
            Err(error) => {
                let checks = error.checks().to_vec();
                let outcome = match error {
                    VerifyError::Incomplete { missing, .. } => Outcome::Incomplete(missing),
                    VerifyError::Refused { .. } => Outcome::Refused,
                };
                Audited { entry, outcome, checks }
            }
        }
    }

    /// `None` for what no vendor signs.
    fn verified(
        &self,
        key: &Key,
        anchors: &Anchors,
        now: UnixTime,
    ) -> Option<Result<Vec<Check>, VerifyError>> {
        let snp = |product, signs| self.authorities(product, signs);
        Some(match key {
            Key::Policy | Key::Reference { .. } => return None,
            Key::SnpVek { product, owner, .. } => {
                let vek = self.part(key);
                let with = snp::Endorsements { vek, ..snp(*product, content::signing_key(owner)) };
                verify_chain(&with, anchors, now).map(|chain| chain.checks().to_vec())
            }
            Key::SnpIntermediate { product, signs } => {
                let with = snp(*product, *signs);
                snp::verify_authorities(&with, anchors, (*product, *signs), now)
                    .map(|(_, checks)| checks)
            }
            Key::SnpRoot { product } => {
                let with = snp::Endorsements { crl: None, ..snp(*product, snp::SigningKey::Vcek) };
                snp::verify_crl(&with, anchors, *product, now)
            }
            Key::SnpCrl { product } => {
                snp::verify_crl(&snp(*product, snp::SigningKey::Vcek), anchors, *product, now)
            }
            Key::TdxTcbInfo { fmspc } => collateral(
                &tdx::Collateral { qe_identity: None, ..self.documents(Subject::of(*fmspc)) },
                anchors,
                now,
            ),
            Key::TdxQeIdentity => collateral(&self.documents(Subject::ANY), anchors, now),
            Key::TdxRootCrl => collateral(&self.root_crl(), anchors, now),
            Key::TdxPckCrl { ca } => {
                tdx::verify_pck_crl(&self.documents(Subject::by(*ca)), anchors, now)
            }
        })
    }

    /// The root's CRL, with a chain in which the root is, and without what else ends.
    fn root_crl(&self) -> tdx::Collateral {
        let chains = self.entries.iter().find_map(|entry| match (&entry.key, &*entry.parts) {
            (Key::TdxTcbInfo { .. } | Key::TdxQeIdentity, [_, _, chain]) => Some(chain),
            (Key::TdxPckCrl { .. }, [_, chain]) => Some(chain),
            _ => None,
        });
        tdx::Collateral {
            root_ca_crl: self.part(&Key::TdxRootCrl),
            pck_crl_issuer_chain: chains.and_then(|chain| String::from_utf8(chain.clone()).ok()),
            ..tdx::Collateral::none()
        }
    }
}

fn collateral(
    with: &tdx::Collateral,
    anchors: &Anchors,
    now: UnixTime,
) -> Result<Vec<Check>, VerifyError> {
    VerifiedCollateral::new(with, anchors, now).map(|verified| verified.checks().to_vec())
}

/// A CRL that nothing could be verified with was read and is vouched for by nobody.
fn concluded(key: &Key, checks: &[Check]) -> Outcome {
    let signature = if *key == Key::TdxRootCrl {
        &tdx::codes::ROOT_CRL
    } else if matches!(key, Key::TdxPckCrl { .. }) {
        &tdx::codes::PCK_CRL
    } else {
        return Outcome::Verified;
    };
    let undecided = |check: &&Check| check.code == signature && check.state == State::NotAsserted;
    checks.iter().find(undecided).map_or(Outcome::Verified, |check| {
        Outcome::Incomplete(vec![Missing::unaddressed(check.observed.to_string(), String::new())])
    })
}

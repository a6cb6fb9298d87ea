//! One entry: what was verified, whose it is, and what ends it.

use std::sync::Arc;

use crate::anchor::Anchors;
use crate::bytes::Digest48;
use crate::check::Check;
use crate::publication::{Document, Issue};
use crate::snp::{self, VerifiedChain};
use crate::tdx::{Collateral, VerifiedCollateral, VerifiedPlatform};
use crate::time::Period;

/// Something that only verification constructs. Copies share it.
#[derive(Clone, Debug)]
pub(super) enum Verified {
    /// An SEV-SNP key certificate with everything above it.
    Chain(Arc<VerifiedChain>),
    /// TDX collateral.
    Collateral(VerifiedCollateral),
    /// A TDX platform under collateral.
    Platform(Arc<VerifiedPlatform>),
}

/// What is kept.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) verified: Verified,
    /// Whose it is, as the vendor's signature says: no host can name another.
    pub(super) owner: Owner,
    /// The vendor documents that it rests on; `None` where one would have counted and was absent.
    pub(super) rests_on: Vec<(Source, Option<Issue>)>,
    /// When it holds.
    pub(super) valid: Period,
    pub(super) bytes: usize,
}

/// A vendor document under certain anchors: a simulator's never replaces the vendor's.
pub(super) type Source = (Option<Digest48>, Document);

/// A machine, or for collateral a processor family, under certain anchors.
pub(super) type Owner = (Option<Digest48>, Machine);

/// Whom the vendor names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Machine {
    /// `hwID` of a VCEK.
    Chip(Vec<u8>),
    /// A provider's VLEK names no machine; one of each TCB is one machine's worth.
    Provider(String, snp::Tcb),
    /// `PPID` of a PCK certificate.
    Ppid([u8; 16]),
    /// TCB info.
    Family([u8; 6]),
}

/// What a parsed key and other fixed parts take beside the content, rounded up.
const OVERHEAD_BYTES: usize = 4096;

impl Entry {
    pub(super) fn of_chain(
        chain: Arc<VerifiedChain>,
        with: &snp::Endorsements,
        anchors: &Anchors,
    ) -> Self {
        let simulator = anchors.simulator_fingerprint();
        let machine = match (chain.hwid(), chain.provider()) {
            (Some(hwid), _) => Machine::Chip(hwid.to_vec()),
            (None, name) => Machine::Provider(name.unwrap_or_default().to_owned(), chain.tcb()),
        };
        Self {
            owner: (simulator, machine),
            rests_on: vec![((simulator, Document::AmdCrl(chain.product())), chain.crl())],
            valid: chain.valid(),
            bytes: size(&with.contents(), chain.checks()),
            verified: Verified::Chain(chain),
        }
    }

    /// The collateral of a platform.
    pub(super) fn of_collateral(
        platform: &VerifiedPlatform,
        with: &Collateral,
        anchors: &Anchors,
    ) -> Self {
        let collateral = platform.collateral();
        let simulator = anchors.simulator_fingerprint();
        Self {
            owner: (simulator, Machine::Family(*platform.pck().fmspc().as_bytes())),
            rests_on: sources(platform, simulator),
            valid: collateral.valid(),
            bytes: size(&with.contents(), collateral.checks()),
            verified: Verified::Collateral(collateral.clone()),
        }
    }

    /// A platform, verified from this certificate chain.
    pub(super) fn of_platform(
        platform: Arc<VerifiedPlatform>,
        certificates: &[u8],
        anchors: &Anchors,
    ) -> Self {
        let simulator = anchors.simulator_fingerprint();
        Self {
            owner: (simulator, Machine::Ppid(*platform.pck().ppid().as_bytes())),
            rests_on: sources(&platform, simulator),
            valid: platform.valid(),
            bytes: size(&[Some(certificates)], platform.checks()),
            verified: Verified::Platform(platform),
        }
    }
}

fn sources(
    platform: &VerifiedPlatform,
    simulator: Option<Digest48>,
) -> Vec<(Source, Option<Issue>)> {
    let issues = platform.issues().into_iter();
    issues.map(|issue| ((simulator, issue.document), Some(issue))).collect()
}

fn size(content: &[Option<&[u8]>], checks: &[Check]) -> usize {
    let words = |check: &Check| check.expected.len().saturating_add(check.observed.len());
    let content = content.iter().flatten().map(|part| part.len());
    let rest = [OVERHEAD_BYTES, size_of_val(checks)];
    content.chain(checks.iter().map(words)).chain(rest).fold(0, usize::saturating_add)
}

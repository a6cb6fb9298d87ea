//! What AMD and Intel publish about their processors: which document is needed, where it lies, and
//! whether a received one is what was asked for.
//!
//! ```text
//!  VerifyError::Incomplete --> Need --path--> (somebody fetches) --> Response
//!                               |                                       |
//!                               '----------- Publication::verify <------'
//!                                 signature up to the pin, dates,      |
//!                                 the very chip, TCB, FMSPC asked for  v
//!                                                     Publication::add_to(Endorsements)
//! ```
//!
//! Whoever delivers a document is not trusted, nor is the way that it took: a [`Publication`]
//! exists only where the document's own signature chains to a pinned root and the document is the
//! one that was asked for. Paths follow from what is needed alone. An address inside a certificate
//! is never read.

mod amd;
pub mod codes;
mod error;
mod foreseen;
mod intel;
mod issue;
mod need;
mod response;

pub use error::PublicationError;
pub use foreseen::foreseen;
pub use issue::{Document, Issue};
pub(crate) use need::query;
pub use need::{Need, PckCa, Service, TcbUpdate};
pub use response::Response;

use core::fmt;

use crate::anchor::Anchors;
use crate::tdx::SignedDocument;
use crate::time::UnixTime;
use crate::verify::Endorsements;

/// A document that its vendor signed, that is valid now and that is the one asked for.
///
/// Only [`Publication::verify`] makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct Publication {
    need: Need,
    part: Part,
    valid_until: UnixTime,
    issue: Option<Issue>,
}

/// The document in the form that verification takes.
#[derive(Clone, PartialEq, Eq)]
enum Part {
    Vcek(Vec<u8>),
    AmdChain { intermediate: Vec<u8>, root: Vec<u8> },
    AmdCrl(Vec<u8>),
    PckCrl { crl: Vec<u8>, chain: String },
    IntelRootCrl(Vec<u8>),
    TcbInfo(SignedDocument),
    QeIdentity(SignedDocument),
}

impl Publication {
    /// Verifies that `response` is `need`, signed under `anchors` and valid at `now`.
    ///
    /// `authority` is the publication that [`Need::authority`] names for these anchors, where it
    /// names one.
    ///
    /// # Errors
    /// [`PublicationError`]: it does not read, is not signed as it should be, is stale, or is
    /// another document than the one asked for.
    pub fn verify(
        need: Need,
        response: &Response,
        authority: Option<&Self>,
        anchors: &Anchors,
        now: UnixTime,
    ) -> Result<Self, PublicationError> {
        let verifier = Verifier { response, authority, anchors, now };
        match need {
            Need::Vcek { product, hwid, tcb } => verifier.vcek(need, product, (hwid, tcb)),
            Need::AmdChain { product, key } => verifier.amd_chain(need, product, key),
            Need::AmdCrl { product } => verifier.amd_crl(need, product),
            Need::PckCrl { ca } => verifier.pck_crl(need, ca),
            Need::IntelRootCrl => verifier.intel_root_crl(need),
            Need::TdxTcbInfo { fmspc, .. } => verifier.tcb_info(need, fmspc),
            Need::TdQeIdentity { .. } => verifier.qe_identity(need),
        }
    }

    /// What it answers.
    #[must_use]
    pub const fn need(&self) -> &Need {
        &self.need
    }

    /// The last moment at which its vendor vouches for it: `nextUpdate`, or the end of validity.
    #[must_use]
    pub const fn valid_until(&self) -> UnixTime {
        self.valid_until
    }

    /// When it was issued, where its vendor issues it again and again.
    #[must_use]
    pub const fn issue(&self) -> Option<&Issue> {
        self.issue.as_ref()
    }

    /// Puts the document where verification looks for it. `false` if `endorsements` are for
    /// another TEE, which leaves them as they are.
    pub fn add_to(&self, endorsements: &mut Endorsements) -> bool {
        match (&self.part, endorsements) {
            (Part::Vcek(der), Endorsements::Snp(all)) => all.vek = Some(der.clone()),
            (Part::AmdChain { intermediate, root }, Endorsements::Snp(all)) => {
                all.intermediate = Some(intermediate.clone());
                all.root = Some(root.clone());
            }
            (Part::AmdCrl(der), Endorsements::Snp(all)) => all.crl = Some(der.clone()),
            (Part::PckCrl { crl, chain }, Endorsements::Tdx(all)) => {
                all.pck_crl = Some(crl.clone());
                all.pck_crl_issuer_chain = Some(chain.clone());
            }
            (Part::IntelRootCrl(der), Endorsements::Tdx(all)) => {
                all.root_ca_crl = Some(der.clone());
            }
            (Part::TcbInfo(document), Endorsements::Tdx(all)) => {
                all.tcb_info = Some(document.clone());
            }
            (Part::QeIdentity(document), Endorsements::Tdx(all)) => {
                all.qe_identity = Some(document.clone());
            }
            (Part::Vcek(_) | Part::AmdChain { .. } | Part::AmdCrl(_), Endorsements::Tdx(_))
            | (
                Part::PckCrl { .. }
                | Part::IntelRootCrl(_)
                | Part::TcbInfo(_)
                | Part::QeIdentity(_),
                Endorsements::Snp(_),
            ) => return false,
        }
        true
    }
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publication")
            .field("need", &self.need)
            .field("valid_until", &self.valid_until)
            .field("issue", &self.issue)
            .finish_non_exhaustive()
    }
}

/// What one verification is made with.
struct Verifier<'a> {
    response: &'a Response,
    authority: Option<&'a Publication>,
    anchors: &'a Anchors,
    now: UnixTime,
}

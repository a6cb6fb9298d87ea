//! Reference Values: which measured images are known, always as whole tuples.
//!
//! A tuple pins everything that identifies one image on one platform shape. Matching is all or
//! nothing: a digest of one image never combines with a register of another.

mod nearest;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::bytes::{Digest48, HostData};
use crate::evidence::Tee;
use crate::limits::{NAME_BYTES_MAX, REFERENCE_BYTES_MAX};
use crate::tpm::MeasuredPcrs;
use crate::verify::VerifiedEvidence;

pub use nearest::Nearest;

crate::codes! {
    /// The Reference Values document does not read.
    MALFORMED = "reference.malformed", Operator, "",
        "Write the Reference Values with the cloister of this version, or correct the field named in the message.",
        "A Reference Values document has an image, a version, a manifest digest and at least one launch shape. This one lacks a field, has an unknown one, or holds a value out of range.";
    /// No admitted tuple matches the measurements.
    MATCH = "reference.match", Operator, "RFC 9334 section 4.2",
        "Admit this image with `cloister image admit`, or find out with `cloister evidence verify` which component differs.",
        "No single admitted Reference Value matches everything that was measured. Tuples match whole: every measurement, the manifest, and the launch shape of one image together. One byte changed in the runtime, the agent, its policy or its manifest changes the measurement. With no Reference Values admitted at all, nothing matches.";
}

/// Reference Values were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reference values are malformed: {reason}")]
pub struct ReferenceError {
    reason: String,
}

impl crate::code::Diagnostic for ReferenceError {
    fn code(&self) -> &'static crate::code::Code {
        &MALFORMED
    }
}

/// What is measured at launch, on one platform shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "tee", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "kept in place as a map key")]
pub enum LaunchShape {
    /// SEV-SNP.
    Snp {
        /// `MEASUREMENT`: the launch digest.
        measurement: Digest48,
        /// `HOST_DATA`: set by the host at launch; pinned because a host may use it to steer a guest.
        host_data: HostData,
    },
    /// TDX.
    Tdx {
        /// `MRTD`.
        mr_td: Digest48,
        /// `RTMR0` to `RTMR3`. `RTMR3` belongs to the runtime and is zero until it is extended.
        rtmr: [Digest48; 4],
        /// `MRCONFIGID`.
        mr_config_id: Digest48,
        /// `MROWNER`.
        mr_owner: Digest48,
        /// `MROWNERCONFIG`.
        mr_owner_config: Digest48,
    },
    /// Azure: both what the hardware measured and what the virtual TPM did.
    Azure {
        /// The paravisor, as the hardware measured it.
        #[serde(deserialize_with = "paravisor")]
        paravisor: Box<Self>,
        /// PCRs of the guest. A Reference Value names some of them; all that it names have to match.
        pcrs: MeasuredPcrs,
    },
}

impl LaunchShape {
    /// What verified Evidence says was launched.
    #[must_use]
    pub fn observed(evidence: &VerifiedEvidence) -> Self {
        match evidence {
            VerifiedEvidence::Snp(verified) => Self::Snp {
                measurement: *verified.report().measurement(),
                host_data: *verified.report().host_data(),
            },
            VerifiedEvidence::Tdx(verified) => {
                let td = verified.quote().td_report();
                Self::Tdx {
                    mr_td: *td.mr_td(),
                    rtmr: *td.rtmr(),
                    mr_config_id: *td.mr_config_id(),
                    mr_owner: *td.mr_owner(),
                    mr_owner_config: *td.mr_owner_config(),
                }
            }
            VerifiedEvidence::Azure(verified) => Self::Azure {
                paravisor: Box::new(Self::observed(verified.hardware())),
                pcrs: verified.quote().pcrs().measured(),
            },
        }
    }

    /// Whether what was `observed` is this shape, whole: of a guest's PCRs, all that this names.
    #[must_use]
    pub fn matches(&self, observed: &Self) -> bool {
        observed.named_as(self.pcr_mask()).is_some_and(|observed| *self == *observed)
    }

    /// Which PCRs this names; 0 for a shape without PCRs.
    fn pcr_mask(&self) -> u16 {
        match self {
            Self::Snp { .. } | Self::Tdx { .. } => 0,
            Self::Azure { pcrs, .. } => pcrs.mask(),
        }
    }

    /// The same with the PCRs of `mask` and no others; `None` if one of them is not there.
    fn named_as(&self, mask: u16) -> Option<Cow<'_, Self>> {
        match self {
            Self::Snp { .. } | Self::Tdx { .. } => (mask == 0).then_some(Cow::Borrowed(self)),
            // INVARIANT: a Reference Value without a PCR does not read, and matches nothing here.
            Self::Azure { .. } if mask == 0 => None,
            Self::Azure { paravisor, pcrs } => {
                let pcrs = pcrs.restricted_to(mask)?;
                Some(Cow::Owned(Self::Azure { paravisor: paravisor.clone(), pcrs }))
            }
        }
    }

    /// The TEE of this shape.
    #[must_use]
    pub fn tee(&self) -> Tee {
        match self {
            Self::Snp { .. } => Tee::Snp,
            Self::Tdx { .. } => Tee::Tdx,
            Self::Azure { paravisor, .. } => paravisor.tee(),
        }
    }
}

/// Hardware measures a paravisor; nothing measures one through another.
fn paravisor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<LaunchShape>, D::Error> {
    match LaunchShape::deserialize(deserializer)? {
        LaunchShape::Azure { .. } => Err(D::Error::custom("a paravisor is of shape snp or tdx")),
        shape @ (LaunchShape::Snp { .. } | LaunchShape::Tdx { .. }) => Ok(Box::new(shape)),
    }
}

/// Everything that pins one image on one platform shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ReferenceTuple {
    /// The image's name.
    pub image: String,
    /// The image's version.
    pub version: String,
    /// Digest of the manifest inside the image.
    pub manifest: Digest48,
    /// What the launch measures.
    pub shape: LaunchShape,
}

impl ReferenceTuple {
    /// Names this tuple: SHA-384 over its canonical JSON (fields in declaration order, no spaces).
    #[must_use]
    pub fn digest(&self) -> Digest48 {
        Digest48::of_json(self)
    }
}

/// One image's Reference Values: the same image on each platform shape it is offered for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceValues {
    /// The image's name.
    pub image: String,
    /// The image's version.
    pub version: String,
    /// Digest of the manifest inside the image.
    pub manifest: Digest48,
    /// What the launch measures, by platform shape. At least one.
    pub shapes: Vec<LaunchShape>,
}

impl ReferenceValues {
    /// Reads a JSON document.
    ///
    /// # Errors
    /// [`ReferenceError`] with the field and the reason.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ReferenceError> {
        if bytes.len() > REFERENCE_BYTES_MAX {
            return Err(malformed("longer than 256 KiB"));
        }
        let values: Self = serde_json::from_slice(bytes).map_err(|e| malformed(&e.to_string()))?;
        values.check()?;
        Ok(values)
    }

    /// The rules that hold for every document, in whatever form it came.
    pub(crate) fn check(&self) -> Result<(), ReferenceError> {
        for (field, text) in [("image", &self.image), ("version", &self.version)] {
            if text.is_empty() || text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control)
            {
                return Err(malformed(&format!(
                    "{field} is empty, longer than 128 bytes, or has control characters"
                )));
            }
        }
        if self.shapes.is_empty() {
            return Err(malformed("shapes is empty, so nothing could ever match"));
        }
        Ok(())
    }

    /// One tuple for each shape.
    pub fn tuples(&self) -> impl Iterator<Item = ReferenceTuple> + '_ {
        self.shapes.iter().map(|shape| ReferenceTuple {
            image: self.image.clone(),
            version: self.version.clone(),
            manifest: self.manifest,
            shape: shape.clone(),
        })
    }
}

/// The admitted tuples. Empty admits nothing.
#[derive(Clone, Debug, Default)]
pub struct ReferenceSet {
    by_launch: HashMap<(LaunchShape, Digest48), ReferenceTuple>,
    /// The sets of PCRs that admitted tuples name; 0 for tuples without PCRs. There are as many as
    /// there are ways to name PCRs, not as many as tuples.
    pcr_masks: BTreeSet<u16>,
    /// What the hardware measures of the paravisors of admitted tuples.
    paravisors: HashSet<LaunchShape>,
}

impl ReferenceSet {
    /// Admits a tuple.
    pub fn admit(&mut self, tuple: ReferenceTuple) {
        self.pcr_masks.insert(tuple.shape.pcr_mask());
        if let LaunchShape::Azure { paravisor, .. } = &tuple.shape {
            self.paravisors.insert(LaunchShape::clone(paravisor));
        }
        self.by_launch.insert((tuple.shape.clone(), tuple.manifest), tuple);
    }

    /// Whether nothing is admitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_launch.is_empty()
    }

    /// How many tuples are admitted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_launch.len()
    }

    /// Whether a tuple is admitted behind the paravisor that the hardware measures as `shape`.
    #[must_use]
    pub fn has_paravisor(&self, shape: &LaunchShape) -> bool {
        self.paravisors.contains(shape)
    }

    /// The tuple that matches everything measured and the manifest, or none.
    #[must_use]
    pub fn find(&self, shape: &LaunchShape, manifest: Digest48) -> Option<&ReferenceTuple> {
        self.pcr_masks.iter().find_map(|mask| {
            let shape = shape.named_as(*mask)?.into_owned();
            self.by_launch.get(&(shape, manifest))
        })
    }
}

impl FromIterator<ReferenceTuple> for ReferenceSet {
    fn from_iter<I: IntoIterator<Item = ReferenceTuple>>(tuples: I) -> Self {
        let mut set = Self::default();
        tuples.into_iter().for_each(|tuple| set.admit(tuple));
        set
    }
}

fn malformed(reason: &str) -> ReferenceError {
    ReferenceError { reason: reason.to_owned() }
}

//! A described image: the files that make up an agent are what is measured.
//!
//! Stands in for a virtual machine's launch measurement. One changed byte in any of the files
//! changes what both TEEs report, exactly as a changed initial RAM disk would.

use std::io;
use std::path::PathBuf;

use cloister_attestation::bytes::{Digest48, HostData};
use cloister_attestation::reference::{LaunchShape, ReferenceValues};
use minicbor::Encoder;

use crate::ccel::Ccel;

/// First element of what the SNP launch digest covers.
const LABEL: &str = "cloister/process-image/1";

/// A measured register that nothing was extended into.
const UNTOUCHED: Digest48 = Digest48::new([0; 48]);

/// Where the parts of an image are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFiles {
    /// The runtime's binary.
    pub runtime: PathBuf,
    /// The agent's program.
    pub agent: PathBuf,
    /// The policy bundle.
    pub policy: PathBuf,
    /// The manifest, in the form that is bound into Evidence or as `agent.toml`.
    pub manifest: PathBuf,
}

/// The measured parts of an image, as SHA-384 digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessImage {
    /// The runtime's binary.
    pub runtime: Digest48,
    /// The agent's program.
    pub agent: Digest48,
    /// The policy bundle.
    pub policy: Digest48,
    /// The manifest.
    pub manifest: Digest48,
}

impl ProcessImage {
    /// Measures files.
    ///
    /// # Errors
    /// What reading the first unreadable one says, with its path.
    pub fn measure(files: &ImageFiles) -> io::Result<Self> {
        Ok(Self {
            runtime: measure(&files.runtime)?,
            agent: measure(&files.agent)?,
            policy: measure(&files.policy)?,
            manifest: measure(&files.manifest)?,
        })
    }

    /// SNP `MEASUREMENT`: SHA-384 over a labelled, deterministic CBOR list of names and digests.
    #[must_use]
    pub fn launch_digest(&self) -> Digest48 {
        let mut encoder = Encoder::new(Vec::new());
        self.encode(&mut encoder).expect("writing into memory cannot fail");
        Digest48::sha384(&encoder.into_writer())
    }

    fn encode(
        &self,
        encoder: &mut Encoder<Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<core::convert::Infallible>> {
        let parts = self.parts();
        let count = u64::try_from(parts.len()).expect("four parts");
        encoder.array(2)?.str(LABEL)?.array(count)?;
        for (name, digest) in parts {
            encoder.array(2)?.str(name)?.bytes(digest.as_bytes())?;
        }
        Ok(())
    }

    const fn parts(&self) -> [(&'static str, Digest48); 4] {
        [
            ("runtime", self.runtime),
            ("agent", self.agent),
            ("policy", self.policy),
            ("manifest", self.manifest),
        ]
    }

    /// TDX `MRTD`: stands for the virtual firmware, which is the same for every process image.
    #[must_use]
    pub fn mr_td(&self) -> Digest48 {
        Digest48::sha384(b"cloister/process-image/1 firmware")
    }

    /// TDX `RTMR0` to `RTMR3`: the firmware's configuration, the runtime, then agent, policy and
    /// manifest. `RTMR3` belongs to the runtime and is not extended.
    #[must_use]
    pub fn rtmr(&self) -> [Digest48; 4] {
        self.event_log().rtmr()
    }

    /// What the firmware of a TD with this image would log.
    #[must_use]
    pub fn event_log(&self) -> Ccel {
        let configuration = Digest48::sha384(b"cloister/process-image/1 configuration");
        Ccel::default()
            .naming(0, "configuration", configuration)
            .naming(1, "runtime", self.runtime)
            .naming(2, "agent", self.agent)
            .naming(2, "policy", self.policy)
            .naming(2, "manifest", self.manifest)
    }

    /// What verified Evidence for this image will say, on each platform that it is offered for.
    #[must_use]
    pub fn shapes(&self) -> Vec<LaunchShape> {
        vec![
            LaunchShape::Snp {
                measurement: self.launch_digest(),
                host_data: HostData::new([0; 32]),
            },
            LaunchShape::Tdx {
                mr_td: self.mr_td(),
                rtmr: self.rtmr(),
                mr_config_id: UNTOUCHED,
                mr_owner: UNTOUCHED,
                mr_owner_config: UNTOUCHED,
            },
        ]
    }
}

/// The Reference Values of an image: what an operator admits.
///
/// `manifest` is the digest of the manifest as it is bound into Evidence, which is not the digest
/// of the measured file where that is `agent.toml`.
#[must_use]
pub fn reference_values(
    image: &ProcessImage,
    name: &str,
    version: &str,
    manifest: Digest48,
) -> ReferenceValues {
    ReferenceValues {
        image: name.to_owned(),
        version: version.to_owned(),
        manifest,
        shapes: image.shapes(),
    }
}

fn measure(path: &PathBuf) -> io::Result<Digest48> {
    let explain =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    std::fs::read(path).map(|bytes| Digest48::sha384(&bytes)).map_err(explain)
}

#[cfg(test)]
mod tests {
    use cloister_attestation::bytes::Digest48;

    use super::ProcessImage;

    fn image() -> ProcessImage {
        let of = |text: &str| Digest48::sha384(text.as_bytes());
        ProcessImage { runtime: of("r"), agent: of("a"), policy: of("p"), manifest: of("m") }
    }

    #[test]
    fn every_part_changes_what_both_tees_measure() {
        let other = Digest48::sha384(b"other");
        let changed = [
            ProcessImage { runtime: other, ..image() },
            ProcessImage { agent: other, ..image() },
            ProcessImage { policy: other, ..image() },
            ProcessImage { manifest: other, ..image() },
        ];
        for changed in changed {
            for (before, after) in image().shapes().iter().zip(changed.shapes()) {
                assert_ne!(*before, after);
            }
        }
    }

    #[test]
    fn two_parts_swapped_are_another_image() {
        let ProcessImage { runtime, agent, .. } = image();
        let swapped = ProcessImage { runtime: agent, agent: runtime, ..image() };
        assert_ne!(swapped.launch_digest(), image().launch_digest());
        assert_ne!(swapped.rtmr(), image().rtmr());
    }
}

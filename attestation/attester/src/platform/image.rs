//! What names the image in the Evidence that a platform gives.

use super::{Platform, Shown};

/// One sentence for a person; images/platforms/README.md has the table behind it.
pub(crate) const fn named_by(platform: Platform, shown: Option<Shown>) -> &'static str {
    match (platform, shown) {
        (Platform::NoVm, _) => "nothing: there is no TEE",
        (Platform::Azure, _) => {
            "the paravisor's virtual TPM: PCR 4, 9 and 11; the hardware's report names the paravisor"
        }
        (Platform::Aws | Platform::Gcp, Some(Shown::Snp)) => {
            "nothing that cloisterd collects: MEASUREMENT names the provider's firmware, whatever \
             image it boots"
        }
        (Platform::Gcp, Some(Shown::Tdx)) => {
            "RTMR1 and RTMR2, which the provider's firmware extends; MRTD names that firmware"
        }
        (Platform::Qemu, Some(Shown::Snp)) => {
            "MEASUREMENT, if the firmware checks kernel hashes and QEMU has kernel-hashes=on"
        }
        (_, Some(Shown::Tdx)) => "RTMR1 and RTMR2, which the firmware that MRTD names extends",
        (_, Some(Shown::Snp)) => "not known for this platform: MEASUREMENT may be of firmware only",
        (_, None) => "nothing: no TEE shows itself",
    }
}

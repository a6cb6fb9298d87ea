//! From signs to findings: which platform, which TEE, what is missing, what would mend it.

use cloister_attestation::check::Check;
use cloister_attestation::code::Code;

use super::{Platform, Shown, Signs, codes, image};

/// The kernel that configfs-tsm came with.
const KERNEL_WITH_TSM: (u32, u32) = (6, 7);

/// What can be said of a machine that shows these signs.
pub(crate) fn findings(signs: &Signs) -> Vec<Check> {
    let platform = Platform::of(signs);
    let shown = Shown::by(signs);
    let mut findings = vec![described(platform, signs), tee(platform, shown, signs)];
    findings.extend(shown.map(|shown| driver(shown, signs)));
    findings.push(kernel(signs));
    let named_by = image::named_by(platform, shown);
    findings.push(Check::not_asserted(&codes::IMAGE, format!("the image is named by {named_by}")));
    findings
}

fn described(platform: Platform, signs: &Signs) -> Check {
    let words = [&signs.vendor, &signs.product, &signs.hypervisor];
    let words: Vec<&str> =
        words.into_iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    let words = if words.is_empty() { "nothing".to_owned() } else { words.join(", ") };
    Check::not_asserted(
        &codes::PLATFORM,
        format!("{platform}; a hint from the host, which proves nothing. It says: {words}"),
    )
}

/// Whether there is what this platform's Evidence comes from.
fn tee(platform: Platform, shown: Option<Shown>, signs: &Signs) -> Check {
    let code = mend(platform);
    match (platform, shown) {
        (Platform::Azure, None) if signs.tpm => Check::not_asserted(
            code,
            "a TPM, which a machine of security type TrustedLaunch has too",
        ),
        (Platform::Azure, None) => Check::decided(code, false, "a virtual TPM", "no TPM"),
        (_, Some(shown)) => Check::decided(code, true, "a TEE", format!("a {shown} guest")),
        (_, None) => Check::decided(code, false, "a SEV-SNP or TDX guest", "no sign of a TEE"),
    }
}

const fn mend(platform: Platform) -> &'static Code {
    match platform {
        Platform::Aws => &codes::AWS,
        Platform::Azure => &codes::AZURE,
        Platform::Gcp => &codes::GCP,
        Platform::Qemu => &codes::QEMU,
        Platform::OtherVm => &codes::OTHER_VM,
        Platform::NoVm => &codes::NO_VM,
    }
}

fn driver(shown: Shown, signs: &Signs) -> Check {
    let (code, module, device) = match shown {
        Shown::Snp => (&codes::SEV_DRIVER, "sev_guest", signs.sev_guest),
        Shown::Tdx => (&codes::TDX_DRIVER, "tdx_guest", signs.tdx_guest),
    };
    let loaded = device || signs.has_module(module);
    Check::decided(code, loaded, module, if loaded { "loaded" } else { "not loaded" })
}

fn kernel(signs: &Signs) -> Check {
    match signs.kernel() {
        Some(version) => {
            let found = format!("Linux {}", signs.release);
            Check::decided(&codes::KERNEL, version >= KERNEL_WITH_TSM, "Linux 6.7 or later", found)
        }
        None => Check::not_asserted(&codes::KERNEL, "the kernel's release cannot be read"),
    }
}

//! The stub that a UKI begins with. What it measures has grown from version to version, and each
//! says in a section of its own which it is.
//!
//! SPEC: systemd-stub(7) and its history: versions 252 (sections into PCR 11), 254 (`.uname`,
//! `.sbat`), 256 (into a TD's registers as well).

use super::error::MeasureError;
use super::pe::Pe;

/// The section with the stub's name and version.
const MAGIC: &str = ".sdmagic";
/// What is in it around the version.
const BEFORE: &[u8] = b"#### LoaderInfo: systemd-stub ";

/// Measures into PCR 11.
const FIRST: u32 = 252;
/// Measures what it says of the kernel and of itself.
const WITH_NAMES: u32 = 254;
/// Measures in a TD.
const IN_TD: u32 = 256;

/// The sections that every version measures, in order, where they are there.
const MEASURED: [&str; 9] =
    [".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb", ".uname", ".sbat"];
/// Those of them that come with [`WITH_NAMES`].
const NAMES: [&str; 2] = [".uname", ".sbat"];

/// A stub, by its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stub(u32);

impl Stub {
    /// The one that `uki` begins with.
    ///
    /// # Errors
    /// [`MeasureError::Pe`] if it is none that is known here.
    pub(super) fn of(uki: &Pe<'_>) -> Result<Self, MeasureError> {
        let version = uki.section(MAGIC)?.and_then(version);
        let version = version.ok_or_else(|| {
            MeasureError::pe(format!("no section `{MAGIC}` says which systemd-stub it begins with"))
        })?;
        if version < FIRST {
            return Err(MeasureError::pe(format!(
                "it begins with systemd-stub {version}: what stubs before {FIRST} measure is not \
                 predicted"
            )));
        }
        Ok(Self(version))
    }

    /// The sections that it measures, in its order, where they are there.
    pub(super) fn measured(self) -> impl Iterator<Item = &'static str> {
        MEASURED.into_iter().filter(move |name| self.0 >= WITH_NAMES || !NAMES.contains(name))
    }

    /// Whether it measures in a TD, whose firmware has registers but no TPM.
    pub(super) const fn measures_in_td(self) -> bool {
        self.0 >= IN_TD
    }
}

/// The number that the version begins with.
fn version(magic: &[u8]) -> Option<u32> {
    let version = magic.strip_prefix(BEFORE)?;
    let end = version.iter().position(|byte| !byte.is_ascii_digit())?;
    core::str::from_utf8(version.get(..end)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Stub, version};

    #[test]
    fn the_version_is_the_number_behind_the_name() {
        let of = |text: &str| version(text.as_bytes());
        assert_eq!(of("#### LoaderInfo: systemd-stub 252.39-1~deb12u2 ####\0"), Some(252));
        assert_eq!(of("#### LoaderInfo: systemd-stub 254~rc1 ####"), Some(254));
        for other in ["", "#### LoaderInfo: systemd-boot 254 ####", "254"] {
            assert_eq!(of(other), None, "{other}");
        }
        for unclear in ["v254 ####", " 254", "254", "99999999999 ####", " ####"] {
            assert_eq!(of(&format!("#### LoaderInfo: systemd-stub {unclear}")), None, "{unclear}");
        }
    }

    #[test]
    fn later_versions_measure_more() {
        let measured = |version| Stub(version).measured().collect::<Vec<_>>();
        assert!(!measured(253).contains(&".uname") && !measured(253).contains(&".sbat"));
        assert_eq!(measured(254), [measured(253).as_slice(), &[".uname", ".sbat"]].concat());
        assert!(!Stub(255).measures_in_td() && Stub(256).measures_in_td());
    }
}

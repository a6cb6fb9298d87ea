//! The Reference Value that comes nearest to what matched none, for whoever looks for the reason.

use core::cmp::Reverse;
use core::fmt;
use std::borrow::Cow;

use super::{LaunchShape, ReferenceSet, ReferenceTuple};
use crate::bytes::Digest48;

/// Tuples that are compared; beyond them, whoever looks for a reason has the diagnosis. Evidence
/// that matches nothing must not cost a Verifier more than Evidence that does.
const COMPARED_MAX: usize = 256;

/// What a part of a launch stands for, where its name does not say it.
// SPEC: UEFI 2.10 section 38.4.1; Linux, `efi-stub-helper.c`; SEV SNP Firmware ABI 56860, 8.17.
const fn meaning(name: &str) -> Option<&'static str> {
    match name.as_bytes() {
        b"MEASUREMENT" => Some("firmware, kernel, initrd, command line and vCPUs together"),
        b"MRTD" => Some("firmware"),
        b"RTMR0" => Some("firmware configuration"),
        b"RTMR1" => Some("kernel or boot loader"),
        b"RTMR2" => Some("command line and initrd"),
        b"manifest" => Some("what the runtime declares: agent, policy, files"),
        _ => None,
    }
}

/// An admitted tuple, and what of it was not observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest<'a> {
    /// The tuple.
    pub tuple: &'a ReferenceTuple,
    /// The parts, by the specifications' names, that differ. Never empty.
    pub differing: Vec<Cow<'static, str>>,
}

impl fmt::Display for Nearest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReferenceTuple { image, version, .. } = self.tuple;
        write!(f, "of the nearest, {image} {version}, these differ: ")?;
        for (at, name) in self.differing.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}")?;
            if let Some(meaning) = meaning(name) {
                write!(f, " ({meaning})")?;
            }
        }
        Ok(())
    }
}

impl ReferenceSet {
    /// The tuple of the same TEE that differs in the fewest parts from what matched none; of equals,
    /// the first by name, then the newest by version. `None` if there is no such tuple.
    #[must_use]
    pub fn nearest(&self, shape: &LaunchShape, manifest: Digest48) -> Option<Nearest<'_>> {
        let compared = self.by_launch.values().take(COMPARED_MAX).filter_map(|tuple| {
            let mut differing = tuple.shape.differing(shape)?;
            if tuple.manifest != manifest {
                differing.push("manifest".into());
            }
            Some(Nearest { tuple, differing })
        });
        compared.min_by_key(|it| {
            let ReferenceTuple { image, version, .. } = it.tuple;
            (it.differing.len(), image.clone(), Reverse(version.clone()))
        })
    }
}

impl LaunchShape {
    /// The names of the parts that were not `observed`; `None` for another kind of launch.
    fn differing(&self, observed: &Self) -> Option<Vec<Cow<'static, str>>> {
        let mut found = Vec::new();
        let mut compare = |name: &'static str, same: bool| {
            if !same {
                found.push(Cow::Borrowed(name));
            }
        };
        match (self, observed) {
            (
                Self::Snp { measurement, host_data },
                Self::Snp { measurement: launched, host_data: given },
            ) => {
                compare("MEASUREMENT", measurement == launched);
                compare("HOST_DATA", host_data == given);
            }
            (
                Self::Tdx { mr_td, rtmr, mr_config_id, mr_owner, mr_owner_config },
                Self::Tdx {
                    mr_td: firmware,
                    rtmr: registers,
                    mr_config_id: config,
                    mr_owner: owner,
                    mr_owner_config: owner_config,
                },
            ) => {
                compare("MRTD", mr_td == firmware);
                let names = ["RTMR0", "RTMR1", "RTMR2", "RTMR3"];
                for ((name, value), other) in names.into_iter().zip(rtmr).zip(registers) {
                    compare(name, value == other);
                }
                compare("MRCONFIGID", mr_config_id == config);
                compare("MROWNER", mr_owner == owner);
                compare("MROWNERCONFIG", mr_owner_config == owner_config);
            }
            (
                Self::Azure { paravisor, pcrs },
                Self::Azure { paravisor: launched, pcrs: observed },
            ) => {
                let of_paravisor = paravisor.differing(launched)?;
                found.extend(
                    of_paravisor.into_iter().map(|name| format!("paravisor {name}").into()),
                );
                let same = |pcr, value| observed.iter().any(|other| other == (pcr, value));
                let other = pcrs.iter().filter(|(pcr, value)| !same(*pcr, *value));
                found.extend(other.map(|(pcr, _)| Cow::Owned(format!("PCR{pcr}"))));
            }
            (Self::Snp { .. } | Self::Tdx { .. } | Self::Azure { .. }, _) => return None,
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::bytes::{Digest48, HostData};
    use crate::reference::{LaunchShape, ReferenceSet, ReferenceTuple};

    fn digest(mark: u8) -> Digest48 {
        Digest48::new([mark; 48])
    }

    fn snp(measurement: u8) -> LaunchShape {
        LaunchShape::Snp { measurement: digest(measurement), host_data: HostData::new([0; 32]) }
    }

    fn tdx(kernel: u8, initrd: u8) -> LaunchShape {
        LaunchShape::Tdx {
            mr_td: digest(1),
            rtmr: [digest(2), digest(kernel), digest(initrd), digest(0)],
            mr_config_id: digest(0),
            mr_owner: digest(0),
            mr_owner_config: digest(0),
        }
    }

    fn admitted() -> ReferenceSet {
        let tuple = |version: &str, shape| ReferenceTuple {
            image: "translator".to_owned(),
            version: version.to_owned(),
            manifest: digest(9),
            shape,
        };
        [tuple("1.0.0", snp(1)), tuple("1.0.0", tdx(3, 4)), tuple("2.0.0", tdx(5, 6))]
            .into_iter()
            .collect()
    }

    fn told(shape: &LaunchShape, manifest: u8) -> Option<String> {
        admitted().nearest(shape, digest(manifest)).map(|nearest| nearest.to_string())
    }

    #[test]
    fn a_changed_component_is_named_by_its_register() {
        let kernel = told(&tdx(7, 4), 9).unwrap();
        let expected =
            "of the nearest, translator 1.0.0, these differ: RTMR1 (kernel or boot loader)";
        assert_eq!(kernel, expected);
        let initrd = told(&tdx(5, 7), 9).unwrap();
        assert!(
            initrd.contains("2.0.0, these differ: RTMR2 (command line and initrd)"),
            "{initrd}"
        );
    }

    #[test]
    fn a_changed_policy_changes_the_manifest_too() {
        let policy = told(&snp(2), 8).unwrap();
        assert!(policy.contains("MEASUREMENT (firmware"), "{policy}");
        assert!(policy.ends_with("manifest (what the runtime declares: agent, policy, files)"));
    }

    #[test]
    fn another_kind_of_launch_is_near_to_nothing() {
        assert_eq!(ReferenceSet::default().nearest(&snp(1), digest(9)), None);
        let only_snp: ReferenceSet =
            admitted().nearest(&snp(2), digest(9)).map(|it| it.tuple.clone()).into_iter().collect();
        assert_eq!(only_snp.nearest(&tdx(3, 4), digest(9)), None);
    }
}

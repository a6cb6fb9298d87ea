//! TCB status: Intel's word for how current a platform is, and how several words become one.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Intel's status words.
///
/// Never ordered: which of two is better depends on what a Relying Party cares for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TcbStatus {
    /// The latest published level.
    UpToDate,
    /// Current, but software inside the TD has to mitigate.
    SWHardeningNeeded,
    /// Current, but the platform has to be configured otherwise.
    ConfigurationNeeded,
    /// Current, with both of the above.
    ConfigurationAndSWHardeningNeeded,
    /// Known vulnerabilities are not mitigated.
    OutOfDate,
    /// Known vulnerabilities are not mitigated, and the configuration has to change too.
    OutOfDateConfigurationNeeded,
    /// Keys of this level are no longer believed.
    Revoked,
    /// The platform is current after a TD-preserving update, the TD was launched before it.
    TDRelaunchAdvised,
    /// The same, and the configuration has to change.
    TDRelaunchAdvisedConfigurationNeeded,
}

impl TcbStatus {
    /// Every word.
    pub const ALL: [Self; 9] = [
        Self::UpToDate,
        Self::SWHardeningNeeded,
        Self::ConfigurationNeeded,
        Self::ConfigurationAndSWHardeningNeeded,
        Self::OutOfDate,
        Self::OutOfDateConfigurationNeeded,
        Self::Revoked,
        Self::TDRelaunchAdvised,
        Self::TDRelaunchAdvisedConfigurationNeeded,
    ];

    /// The status that Intel calls `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.to_string() == word)
    }

    /// Whether a platform TCB level in TCB info may have this status. The relaunch words are
    /// conclusions, never published.
    pub(super) const fn is_platform_status(self) -> bool {
        !matches!(self, Self::TDRelaunchAdvised | Self::TDRelaunchAdvisedConfigurationNeeded)
    }

    /// Whether a TDX module or quoting enclave level may have this status.
    // SPEC: Intel Trusted Services API, enclave identity V2 and tdxModuleIdentities: tcbStatus is
    // one of these three.
    pub(super) const fn is_component_status(self) -> bool {
        matches!(self, Self::UpToDate | Self::OutOfDate | Self::Revoked)
    }

    /// Whether known vulnerabilities are not mitigated at launch, which a grace period may excuse.
    pub(super) const fn is_out_of_date(self) -> bool {
        matches!(self, Self::OutOfDate | Self::OutOfDateConfigurationNeeded)
    }

    /// Whether a platform of this status now makes up for one that was out of date at launch.
    pub(super) const fn mends(self) -> bool {
        matches!(
            self,
            Self::UpToDate
                | Self::SWHardeningNeeded
                | Self::ConfigurationNeeded
                | Self::ConfigurationAndSWHardeningNeeded
        )
    }

    const fn needs_configuration(self) -> bool {
        matches!(
            self,
            Self::ConfigurationNeeded
                | Self::ConfigurationAndSWHardeningNeeded
                | Self::OutOfDateConfigurationNeeded
                | Self::TDRelaunchAdvisedConfigurationNeeded
        )
    }

    /// This platform status, made worse by that of its TDX module or quoting enclave.
    // SPEC: Intel SGX ECDSA Quote Library API, 4.1.2.4.17; Intel QVL `convergeTcbStatuses`.
    #[must_use]
    pub(super) const fn merged_with(self, component: Self) -> Self {
        match (component, self) {
            (Self::Revoked, _) => Self::Revoked,
            (Self::OutOfDate, Self::UpToDate | Self::SWHardeningNeeded) => Self::OutOfDate,
            (
                Self::OutOfDate,
                Self::ConfigurationNeeded | Self::ConfigurationAndSWHardeningNeeded,
            ) => Self::OutOfDateConfigurationNeeded,
            _ => self,
        }
    }

    /// This launch status, seen together with that of the platform as it is now.
    // SPEC: Intel QVL `checkForRelaunch`: TEE_TCB_SVN judged the launch, TEE_TCB_SVN_2 the present.
    #[must_use]
    pub(super) const fn relaunch(self, current: Self) -> Self {
        match (self, current) {
            (_, Self::Revoked) => Self::Revoked,
            (Self::OutOfDate | Self::OutOfDateConfigurationNeeded, _) if current.mends() => {
                if self.needs_configuration() || current.needs_configuration() {
                    Self::TDRelaunchAdvisedConfigurationNeeded
                } else {
                    Self::TDRelaunchAdvised
                }
            }
            // A TCB that became worse after launch is not excused by what it was then.
            (_, Self::OutOfDate | Self::OutOfDateConfigurationNeeded) => {
                self.merged_with(Self::OutOfDate)
            }
            _ => self,
        }
    }
}

impl fmt::Display for TcbStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UpToDate => "UpToDate",
            Self::SWHardeningNeeded => "SWHardeningNeeded",
            Self::ConfigurationNeeded => "ConfigurationNeeded",
            Self::ConfigurationAndSWHardeningNeeded => "ConfigurationAndSWHardeningNeeded",
            Self::OutOfDate => "OutOfDate",
            Self::OutOfDateConfigurationNeeded => "OutOfDateConfigurationNeeded",
            Self::Revoked => "Revoked",
            Self::TDRelaunchAdvised => "TDRelaunchAdvised",
            Self::TDRelaunchAdvisedConfigurationNeeded => "TDRelaunchAdvisedConfigurationNeeded",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::TcbStatus::{self, *};

    #[test]
    fn reads_and_prints_intels_words_and_no_others() {
        for status in TcbStatus::ALL {
            let json = format!("\"{status}\"");
            assert_eq!(serde_json::from_str::<TcbStatus>(&json).unwrap(), status);
            assert_eq!(serde_json::to_string(&status).unwrap(), json);
            assert_eq!(TcbStatus::from_word(&status.to_string()), Some(status));
        }
        for unknown in ["\"uptodate\"", "\"\"", "\"UpToDateish\"", "null", "0"] {
            assert!(serde_json::from_str::<TcbStatus>(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn a_revoked_part_revokes_the_whole() {
        for status in TcbStatus::ALL {
            assert_eq!(status.merged_with(Revoked), Revoked);
            assert_eq!(status.relaunch(Revoked), Revoked);
            assert_eq!(Revoked.relaunch(status), Revoked);
        }
        assert_eq!(Revoked.merged_with(UpToDate), Revoked);
    }

    #[test]
    fn an_out_of_date_part_keeps_the_need_for_configuration() {
        assert_eq!(UpToDate.merged_with(OutOfDate), OutOfDate);
        assert_eq!(SWHardeningNeeded.merged_with(OutOfDate), OutOfDate);
        assert_eq!(ConfigurationNeeded.merged_with(OutOfDate), OutOfDateConfigurationNeeded);
        assert_eq!(
            ConfigurationAndSWHardeningNeeded.merged_with(OutOfDate),
            OutOfDateConfigurationNeeded
        );
        assert_eq!(
            OutOfDateConfigurationNeeded.merged_with(OutOfDate),
            OutOfDateConfigurationNeeded
        );
    }

    #[test]
    fn a_current_part_never_makes_the_whole_better() {
        for status in TcbStatus::ALL {
            assert_eq!(status.merged_with(UpToDate), status);
        }
    }

    #[test]
    fn relaunch_is_advised_only_when_the_platform_was_mended() {
        assert_eq!(OutOfDate.relaunch(UpToDate), TDRelaunchAdvised);
        assert_eq!(OutOfDate.relaunch(SWHardeningNeeded), TDRelaunchAdvised);
        assert_eq!(OutOfDate.relaunch(ConfigurationNeeded), TDRelaunchAdvisedConfigurationNeeded);
        assert_eq!(
            OutOfDateConfigurationNeeded.relaunch(UpToDate),
            TDRelaunchAdvisedConfigurationNeeded
        );
        assert_eq!(OutOfDate.relaunch(OutOfDate), OutOfDate);
        for current in [UpToDate, SWHardeningNeeded, ConfigurationNeeded] {
            assert_eq!(UpToDate.relaunch(current), UpToDate);
        }
    }

    #[test]
    fn a_platform_that_became_out_of_date_is_out_of_date() {
        assert_eq!(UpToDate.relaunch(OutOfDate), OutOfDate);
        assert_eq!(UpToDate.relaunch(OutOfDateConfigurationNeeded), OutOfDate);
        assert_eq!(ConfigurationNeeded.relaunch(OutOfDate), OutOfDateConfigurationNeeded);
    }
}

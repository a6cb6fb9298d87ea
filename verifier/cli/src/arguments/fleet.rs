//! The words of `cloister fleet`.

use core::str::FromStr;
use core::time::Duration;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConnectionArguments;
use super::bundle::FetchArguments;

/// `cloister fleet`.
#[derive(Debug, Args)]
pub struct FleetArguments {
    /// How to reach the Verifier.
    #[command(flatten)]
    pub connection: ConnectionArguments,
    /// What to do.
    #[command(subcommand)]
    pub command: FleetCommand,
}

/// `cloister fleet ...`.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum FleetCommand {
    /// Say which machines will fail appraisal, from when on, and what mends it.
    #[command(after_help = EXAMPLES)]
    Forecast(Box<ForecastArguments>),
    /// Show what every runtime showed of its audit log last, and what does not fit.
    #[command(after_help = CHECKPOINTS_EXAMPLES)]
    Checkpoints,
    /// End leases, so that runtimes renew at once with new Evidence.
    #[command(after_help = REATTEST_EXAMPLES)]
    Reattest {
        /// Every live lease, and not only those under older policies.
        #[arg(long)]
        all: bool,
    },
}

const CHECKPOINTS_EXAMPLES: &str = "\
A runtime shows the Verifier the size and root of its audit log with every lease,
and proves that the log only grew. Its peers report what they were shown. Two
checkpoints that are not shown to be of one log are kept as they were signed:
`--json` has them.

Examples:
  cloister fleet checkpoints
  cloister fleet checkpoints --json | jq '.checkpoints[] | select(.conflicts != [])'

Exit: 0 every log only grew, 1 misuse, 2 one did not, 3 the Verifier did not answer.";

const REATTEST_EXAMPLES: &str = "\
Raises the policy epoch floor: leases below it are refused everywhere from then
on, and channels that rest on them are closed. Runtimes that still meet the
policy are back with their next Evidence.

Examples:
  cloister policy apply policy.toml && cloister fleet reattest
  cloister fleet reattest --all";

const EXAMPLES: &str = "\
Machines come from the Verifier, as they attested last, or from folders of
Evidence. Intel's sets are collateral.json files, or are fetched; AMD's minimums
are a TOML file:
  [[minimum]]
  product = \"milan\"
  effective = \"2026-09-01T00:00:00Z\"
  bulletin = \"AMD-SB-3020\"
  tcb = { boot_loader = 4, tee = 0, snp = 27, microcode = 222 }

Examples:
  cloister fleet forecast --fetch --minimums amd.toml --within 90d
  cloister fleet forecast --evidence ./node1 --early early.json
  cloister fleet forecast --early early.json --switch-on 2026-11-12T00:00:00Z

Exit: 0 none fails within the time, 1 misuse, 2 at least one does,
3 no conclusion: TCB info is missing, or the Verifier did not answer.";

/// `cloister fleet forecast`.
#[derive(Debug, Args)]
pub struct ForecastArguments {
    /// A folder of Evidence in the place of the Verifier's machines; may be repeated.
    #[arg(long, value_name = "DIR")]
    pub evidence: Vec<PathBuf>,
    /// Intel's standard set (collateral.json); may be repeated, one for each FMSPC.
    #[arg(long, value_name = "FILE")]
    pub standard: Vec<PathBuf>,
    /// Intel's early set (collateral.json); may be repeated, one for each FMSPC.
    #[arg(long, value_name = "FILE")]
    pub early: Vec<PathBuf>,
    /// Where to fetch both sets for every FMSPC that no file has.
    #[command(flatten)]
    pub fetch: FetchArguments,
    /// When Intel makes the early set the standard one (UTC, RFC 3339), if it is known.
    #[arg(long, value_name = "TIME")]
    pub switch_on: Option<String>,
    /// AMD's minimums (TOML).
    #[arg(long, value_name = "FILE")]
    pub minimums: Option<PathBuf>,
    /// Appraisal policy (TOML, or JSON); default: the strict built-in one.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// How far to look: days (90d), weeks (6w) or hours (12h).
    #[arg(long, value_name = "TIME", default_value = "90d")]
    pub within: Window,
    /// As of this time (UTC, RFC 3339); default: now.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Accept this simulator's roots, and no vendor's. Proves nothing about hardware.
    #[arg(long, value_name = "FILE")]
    pub simulator_anchor: Option<PathBuf>,
}

/// A span of time: how far a forecast looks, how long two versions overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(pub Duration);

/// Not a number with one of the units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number and a unit (s, m, h, d, w), as in 10m, 12h, 90d or 6w")]
pub struct WindowError;

const HOUR: u64 = 60 * 60;

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let (digits, unit) =
            [('s', 1), ('m', 60), ('h', HOUR), ('d', 24 * HOUR), ('w', 7 * 24 * HOUR)]
                .into_iter()
                .find_map(|(letter, secs)| Some((text.strip_suffix(letter)?, secs)))
                .ok_or(WindowError)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(WindowError);
        }
        let count: u64 = digits.parse().map_err(|_| WindowError)?;
        count.checked_mul(unit).map(|secs| Self(Duration::from_secs(secs))).ok_or(WindowError)
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn a_window_is_a_number_and_one_unit() {
        for (text, secs) in
            [("0s", 0), ("10m", 600), ("12h", 43_200), ("90d", 7_776_000), ("6w", 3_628_800)]
        {
            assert_eq!(text.parse::<Window>().unwrap().0.as_secs(), secs, "{text}");
        }
        for bad in ["", "d", "90", "-1d", "+1d", "1.5d", "90 d", "1y", "99999999999999999999w"] {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
    }
}

//! What the conformance suite found, and how two findings differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

/// Every check of every scenario, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report(BTreeMap<String, Vec<Check>>);

/// One check. The same may be made several times in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Check {
    id: String,
    name: String,
    status: String,
    #[serde(rename = "errorMessage", default)]
    why: String,
}

impl Report {
    /// Reads the folder that the suite has written: one folder for each scenario.
    pub(crate) fn read(folder: &Path) -> Self {
        let scenarios = std::fs::read_dir(folder).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let checks = std::fs::read(path.join("checks.json")).unwrap();
            (scenario(path.file_name().unwrap().to_str().unwrap()), checks)
        });
        let parse = |checks: Vec<u8>| serde_json::from_slice(&checks).unwrap();
        Self(scenarios.map(|(name, checks)| (name, parse(checks))).collect())
    }

    /// How many checks have this status.
    pub(crate) fn count(&self, status: &str) -> usize {
        self.0.values().flatten().filter(|check| check.status == status).count()
    }

    /// How many scenarios.
    pub(crate) fn scenarios(&self) -> usize {
        self.0.len()
    }

    /// Every check that has not passed, as `scenario: check`.
    pub(crate) fn not_passed(&self) -> Vec<String> {
        let all = self.0.iter().flat_map(|(name, checks)| checks.iter().map(move |c| (name, c)));
        let failed = all.filter(|(_, check)| !matches!(check.status.as_str(), "SUCCESS" | "INFO"));
        failed.map(|(name, check)| format!("{name}: {} {}", check.id, check.status)).collect()
    }

    /// How `through` differs from this, one line for each check. A check that is skipped, or is not
    /// made at all, is as different as one that fails.
    pub(crate) fn differences(&self, through: &Self) -> Vec<String> {
        let names: BTreeSet<_> = self.0.keys().chain(through.0.keys()).collect();
        let none = Vec::new();
        let both = names.into_iter().flat_map(|name| {
            let direct = self.0.get(name).unwrap_or(&none);
            let through = through.0.get(name).unwrap_or(&none);
            (0..direct.len().max(through.len())).filter_map(move |at| {
                let (direct, through) = (direct.get(at), through.get(at));
                let same = direct.map(Check::verdict) == through.map(Check::verdict);
                (!same).then(|| format!("{name}: {} became {}", shown(direct), shown(through)))
            })
        });
        both.collect()
    }
}

impl Check {
    fn verdict(&self) -> [&str; 3] {
        [&self.id, &self.name, &self.status]
    }
}

fn shown(check: Option<&Check>) -> String {
    check.map_or_else(
        || "nothing".to_owned(),
        |Check { id, name, status, why }| format!("{id} {name} {status} ({why})"),
    )
}

/// The name in `server-NAME-2026-11-21T15-00-00-000Z`.
fn scenario(folder: &str) -> String {
    let name = folder.strip_prefix("server-").unwrap();
    name[..name.len() - "-2026-11-21T15-00-00-000Z".len()].to_owned()
}

#[test]
fn a_check_that_is_skipped_missing_or_renamed_is_a_difference() {
    let check = |id: &str, status: &str| {
        let of = |text: &str| text.to_owned();
        Check { id: of(id), name: of("N"), status: of(status), why: String::new() }
    };
    let report = |checks: &[Check]| Report([("s".to_owned(), checks.to_vec())].into());
    let direct = report(&[check("a", "SUCCESS"), check("b", "FAILURE")]);
    assert_eq!(direct.differences(&direct), Vec::<String>::new());
    for through in [
        report(&[check("a", "SKIPPED"), check("b", "FAILURE")]),
        report(&[check("a", "FAILURE"), check("b", "FAILURE")]),
        report(&[check("a", "SUCCESS"), check("b", "SUCCESS")]),
        report(&[check("a", "SUCCESS")]),
        report(&[check("b", "FAILURE"), check("a", "SUCCESS")]),
        Report::default(),
    ] {
        assert!(!direct.differences(&through).is_empty(), "{through:?}");
        assert!(!through.differences(&direct).is_empty(), "{through:?}");
    }
}

#[test]
fn a_folder_is_named_after_its_scenario() {
    assert_eq!(scenario("server-tools-list-2026-11-21T15-02-03-456Z"), "tools-list");
}

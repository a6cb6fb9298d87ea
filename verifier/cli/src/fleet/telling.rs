//! Forecasts for people and for programs.

use core::fmt::Write as _;
use core::time::Duration;

use cloister_attestation::diagnosis::Shortfall;
use cloister_attestation::forecast::{Cause, Failure, Forecast, Machine, Mend, When};
use cloister_attestation::time::UnixTime;
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};

use crate::answer::{Answer, Exit};
use crate::text::{indented, printable, table};

/// Letters of a machine's name that a table shows; `--json` has all of them.
const LETTERS_SHOWN: usize = 21;

/// Everything that was forecast.
pub(super) struct Telling {
    window: Duration,
    now: UnixTime,
    unfetched: Vec<String>,
    machines: Vec<(Machine, Forecast)>,
}

impl Telling {
    pub(super) const fn new(window: Duration, now: UnixTime, unfetched: Vec<String>) -> Self {
        Self { window, now, unfetched, machines: Vec::new() }
    }

    pub(super) fn add(&mut self, machine: &Machine, forecast: Forecast) {
        self.machines.push((machine.clone(), forecast));
    }

    /// A machine that fails is more than one of which nothing can be said.
    fn exit(&self) -> Exit {
        let fails = self.machines.iter().any(|(_, told)| told.fails_within(self.window, self.now));
        let lacking = !self.unfetched.is_empty()
            || self.machines.iter().any(|(_, told)| !told.missing.is_empty());
        match (fails, lacking) {
            (true, _) => Exit::Refused,
            (false, true) => Exit::NoConclusion,
            (false, false) => Exit::Acceptable,
        }
    }

    pub(super) fn answer(&self) -> Answer {
        let exit = self.exit();
        Answer { exit, text: self.text(exit), json: self.json() }
    }

    fn text(&self, exit: Exit) -> String {
        let mut text = String::new();
        let end = self.now.plus(self.window);
        let rows = self.machines.iter().flat_map(|(machine, told)| {
            let soon = told.failures.iter().filter(|failure| failure.when.from() <= end);
            soon.map(|failure| row(machine, failure, self.now))
        });
        let rows: Vec<[String; 4]> = rows.collect();
        if !rows.is_empty() {
            text.push_str(&table(["MACHINE", "FROM", "WHY", "WHAT MENDS IT"], rows));
        }
        let missing = self.machines.iter().flat_map(|(_, told)| &told.missing);
        let missing = missing.map(|missing| &missing.what).chain(&self.unfetched);
        for what in missing {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "missing  {}", indented(&printable(what), 9));
        }
        let fail =
            self.machines.iter().filter(|(_, told)| told.fails_within(self.window, self.now));
        let conclusion =
            format!("{} of {} machines fail until {end}", fail.count(), self.machines.len());
        let conclusion = match exit {
            Exit::Acceptable => conclusion.green().bold().to_string(),
            Exit::NoConclusion | Exit::Partial => {
                format!("{conclusion}; something is missing").yellow().to_string()
            }
            Exit::Refused | Exit::Misuse => conclusion.red().bold().to_string(),
        };
        let _ = writeln!(text, "{conclusion}");
        text
    }

    fn json(&self) -> Value {
        let machines = self.machines.iter().map(|(machine, told)| {
            json!({
                "id": machine.id(),
                "product": machine.product(),
                "last_seen": machine.last_seen.to_string(),
                "fails_within": told.fails_within(self.window, self.now),
                "failures": told.failures.iter().map(failure).collect::<Vec<_>>(),
                "missing": told.missing,
            })
        });
        json!({
            "at": self.now.to_string(),
            "until": self.now.plus(self.window).to_string(),
            "machines": machines.collect::<Vec<_>>(),
            "unfetched": self.unfetched,
        })
    }
}

fn failure(failure: &Failure) -> Value {
    let announced = matches!(failure.when, When::From(_));
    json!({
        "from": failure.when.from().to_string(),
        "announced": announced,
        "cause": failure.cause,
        "mend": failure.mend,
    })
}

fn row(machine: &Machine, failure: &Failure, now: UnixTime) -> [String; 4] {
    [
        machine.id().chars().take(LETTERS_SHOWN).collect(),
        from(failure.when, now),
        why(&failure.cause),
        mend(&failure.mend),
    ]
}

fn from(when: When, now: UnixTime) -> String {
    match when {
        When::From(moment) if moment <= now => "now".to_owned(),
        When::From(moment) => moment.to_string(),
        When::NotBefore(moment) if moment <= now => "any day".to_owned(),
        When::NotBefore(moment) => format!("{moment} or later"),
        _ => when.from().to_string(),
    }
}

fn why(cause: &Cause) -> String {
    match cause {
        Cause::Policy => "the policy refuses it".to_owned(),
        Cause::TcbStatus { set, status, advisories, .. } => {
            format!("{status} in the {set} set{}", listed(advisories.iter()))
        }
        Cause::Advisories { set, advisories } => {
            format!("advisories in the {set} set{}", listed(advisories.iter()))
        }
        Cause::NoLevel { set } => format!("below every level of the {set} set"),
        Cause::EvaluationNumber { least, observed } => {
            format!("evaluation {observed}, the policy wants {least}")
        }
        Cause::Minimum { bulletin, .. } => format!("minimum of {}", printable(bulletin)),
        Cause::Floor { field, .. } => format!("below the policy's floor for {field} TCB"),
        Cause::CollateralEnds => "the collateral ends".to_owned(),
        Cause::CertificateEnds => "its certificate ends".to_owned(),
        _ => "for a reason that this version does not know".to_owned(),
    }
}

fn listed<'a>(ids: impl Iterator<Item = &'a String>) -> String {
    let ids: Vec<String> = ids.map(|id| printable(id)).collect();
    if ids.is_empty() { String::new() } else { format!(": {}", ids.join(", ")) }
}

fn mend(mend: &Mend) -> String {
    match mend {
        Mend::Update { short } => short.iter().map(update).collect::<Vec<_>>().join("; "),
        Mend::Commit => "commit the firmware that runs".to_owned(),
        Mend::Report => "report the TCB that is committed".to_owned(),
        Mend::Relaunch => "launch the guest again".to_owned(),
        Mend::Configure => "configure it as the advisories say".to_owned(),
        Mend::Refresh => "fetch the next issue".to_owned(),
        Mend::Certify => "a new certificate".to_owned(),
        Mend::NonePublished => "nothing that is published".to_owned(),
        _ => "unknown to this version".to_owned(),
    }
}

fn update(short: &Shortfall) -> String {
    let Shortfall { component, have, need } = short;
    format!("{} {have} to {need}", printable(&component.to_string()))
}

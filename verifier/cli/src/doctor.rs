//! `cloister doctor`: which TEE is here, what it gives, and what would mend what it does not.

use core::fmt::Write as _;

use cloister_attestation::check::{Check, State};
use cloister_attester::{Choice, Options, doctor};
use owo_colors::OwoColorize as _;
use serde_json::json;

use crate::answer::{Answer, Exit};
use crate::arguments::DoctorArguments;
use crate::text::indented;

/// Looks at this machine. Acceptable if Evidence could be collected.
pub(crate) fn run(arguments: &DoctorArguments) -> Answer {
    let options = Options { tsm_root: arguments.tsm_root.clone(), ..Options::new(Choice::Auto) };
    told(&doctor::findings(&options))
}

fn told(findings: &[Check]) -> Answer {
    // The last finding is the attempt to collect, which is what everything before it is for.
    let collects = findings.last().is_some_and(|last| last.state == State::Pass);
    let mut text = String::new();
    findings.iter().for_each(|finding| text.push_str(&described(finding, collects)));
    let conclusion = if collects {
        "this machine gives Evidence".green().bold().to_string()
    } else {
        "this machine gives no Evidence".yellow().bold().to_string()
    };
    // Writing into a String cannot fail.
    let _ = writeln!(text, "{conclusion}");
    let exit = if collects { Exit::Acceptable } else { Exit::NoConclusion };
    Answer { exit, text, json: json!({ "collects": collects, "findings": findings }) }
}

/// A remedy is told only where there is something to mend.
fn described(finding: &Check, collects: bool) -> String {
    let word = match finding.state {
        State::Pass => "ok  ".green().to_string(),
        State::Fail if collects => "-   ".yellow().to_string(),
        State::Fail => "FAIL".red().bold().to_string(),
        State::NotApplicable | State::NotAsserted | _ => "note".to_owned(),
    };
    let mut text = format!("{word} {}\n", finding.code.id.bold());
    let wanted = if finding.failed() { finding.expected.as_str() } else { "" };
    let remedy = if finding.failed() && !collects { finding.code.remedy } else { "" };
    for (name, words) in
        [("wanted", wanted), ("found", finding.observed.as_str()), ("help", remedy)]
    {
        if !words.is_empty() {
            let _ = writeln!(text, "     {name:7} {}", indented(words, 13));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use cloister_attestation::check::Check;

    use super::told;
    use crate::answer::Exit;
    use crate::codes;

    #[test]
    fn remedies_are_told_until_evidence_can_be_collected() {
        let missing = Check::decided(&codes::FILE, false, "configfs", "absent");
        let failed =
            told(&[missing.clone(), Check::decided(&codes::FOLDER, false, "Evidence", "none")]);
        assert_eq!(failed.exit, Exit::NoConclusion);
        assert!(failed.text.contains("help"));
        let good = told(&[missing, Check::decided(&codes::FOLDER, true, "Evidence", "1184 bytes")]);
        assert_eq!(good.exit, Exit::Acceptable);
        assert!(!good.text.contains("help"));
    }
}

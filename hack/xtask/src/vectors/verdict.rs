//! What the program said about a case, and whether that is what the case expects.

use super::case::About;

/// The part of the program's answer that is judged.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Verdict {
    pub(super) stages: Stages,
    pub(super) tcb_status: Option<String>,
    #[serde(default)]
    pub(super) subject: String,
    checks: Vec<Check>,
    /// The program's exit code; not part of what it prints.
    #[serde(skip)]
    pub(super) exit: Option<i32>,
}

/// How each stage ended.
#[derive(Debug, serde::Deserialize, serde::Serialize)]
pub(super) struct Stages {
    parse: String,
    verify: String,
    appraise: Option<String>,
}

#[derive(Debug, serde::Deserialize)]
struct Check {
    id: String,
    state: String,
}

const ACCEPTABLE: i32 = 0;
const REFUSED: i32 = 2;
const NO_CONCLUSION: i32 = 3;

/// Whether the verdict is the expected one, or what differs.
pub(super) fn judge(about: &About, verdict: &Verdict) -> Result<(), String> {
    verdict.is_consistent()?;
    match about.expected.as_str() {
        "accept" if verdict.subject == "tpm_quote" => verdict.genuine_tpm_quote(),
        "accept" => accepted(about, verdict),
        // Genuine, and refused by a policy that demands a current TCB.
        "accept-with-tcb-status" => {
            accepted(about, verdict).and_then(|()| verdict.wants_exit(REFUSED))
        }
        // Nothing speaks against it, and what is needed to conclude is not there.
        "accept-signature-only" => {
            verdict.parsed().and_then(|()| verdict.wants_verify("incomplete"))
        }
        // As far as it goes, it is consistent; the rest was never published.
        "accept-partial" => verdict.parsed().and_then(|()| verdict.wants_verify("incomplete")),
        // What its fields say is not judged.
        "parse" | "parse-only" => verdict.parsed(),
        "reject" | "reject-strict" => verdict.wants_exit(REFUSED),
        other => Err(format!("no rule says what `{other}` expects")),
    }
}

/// `accept` is about signatures, chains and TCB, whatever a policy says.
fn accepted(about: &About, verdict: &Verdict) -> Result<(), String> {
    verdict.parsed()?;
    verdict.wants_verify("ok")?;
    if about.tcb_status.is_some() && about.tcb_status != verdict.tcb_status {
        return Err(format!(
            "tcb_status is {:?}, expected {:?}",
            verdict.tcb_status, about.tcb_status
        ));
    }
    match &about.policy_expected {
        Some(words) if words.starts_with("reject") => verdict.wants_exit(REFUSED),
        _ => Ok(()),
    }
}

impl Verdict {
    fn parsed(&self) -> Result<(), String> {
        if self.stages.parse == "ok" {
            Ok(())
        } else {
            Err(format!("parse is {}, expected ok", self.stages.parse))
        }
    }

    fn wants_verify(&self, wanted: &str) -> Result<(), String> {
        let found = &self.stages.verify;
        if found == wanted { Ok(()) } else { Err(format!("verify is {found}, expected {wanted}")) }
    }

    /// A TPM quote alone is never acceptable, because nobody vouches for the key that came with it.
    /// It is genuine when that is the one thing that is missing.
    fn genuine_tpm_quote(&self) -> Result<(), String> {
        self.parsed()?;
        self.wants_verify("incomplete")?;
        for wanted in ["tpm.quote.signature", "tpm.quote.pcr_digest"] {
            if !self.checks.iter().any(|check| check.id == wanted && check.state == "pass") {
                return Err(format!("{wanted} did not pass"));
            }
        }
        Ok(())
    }

    fn wants_exit(&self, wanted: i32) -> Result<(), String> {
        let Stages { parse, verify, appraise } = &self.stages;
        if self.exit == Some(wanted) {
            return Ok(());
        }
        Err(format!(
            "exit is {:?}, expected {wanted} (parse {parse}, verify {verify}, appraise {appraise:?})",
            self.exit
        ))
    }

    fn without_failures(&self) -> Result<(), String> {
        match self.checks.iter().find(|check| check.state == "fail") {
            Some(check) => Err(format!("{} failed", check.id)),
            None => Ok(()),
        }
    }

    /// The exit code and the stages have to tell the same story, whatever the story is.
    fn is_consistent(&self) -> Result<(), String> {
        let Stages { parse, verify, appraise } = &self.stages;
        let refused = parse != "ok"
            || !["ok", "incomplete"].contains(&verify.as_str())
            || appraise.as_deref() == Some("contraindicated");
        if refused {
            return self.wants_exit(REFUSED);
        }
        self.without_failures()?;
        let concluded = verify == "ok" && self.exit == Some(ACCEPTABLE);
        if concluded { Ok(()) } else { self.wants_exit(NO_CONCLUSION) }
    }
}

#[cfg(test)]
mod tests {
    use super::{About, Check, Stages, Verdict, judge};

    fn verdict(parse: &str, verify: &str, appraise: Option<&str>, exit: i32) -> Verdict {
        let failed = exit == 2;
        Verdict {
            stages: Stages {
                parse: parse.to_owned(),
                verify: verify.to_owned(),
                appraise: appraise.map(str::to_owned),
            },
            tcb_status: Some("UpToDate".to_owned()),
            subject: "evidence".to_owned(),
            checks: vec![Check {
                id: "a.b".to_owned(),
                state: if failed { "fail" } else { "pass" }.to_owned(),
            }],
            exit: Some(exit),
        }
    }

    fn agrees(expected: &str, verdict: &Verdict) -> bool {
        let about = About {
            expected: expected.to_owned(),
            valid_at: None,
            tcb_status: None,
            policy_expected: None,
        };
        judge(&about, verdict).is_ok()
    }

    #[test]
    fn each_outcome_agrees_with_its_expectation_and_with_no_other() {
        let outcomes = [
            ("accept", verdict("ok", "ok", None, 0)),
            ("accept-signature-only", verdict("ok", "incomplete", None, 3)),
            ("accept-with-tcb-status", verdict("ok", "ok", Some("contraindicated"), 2)),
            ("reject", verdict("ok", "snp.signature", None, 2)),
        ];
        for (row, (_, outcome)) in outcomes.iter().enumerate() {
            for (column, (expected, _)) in outcomes.iter().enumerate() {
                // A policy may refuse what is genuine, and refuses what `reject` names.
                let also = row == 2 && (*expected == "accept" || *expected == "reject");
                assert_eq!(
                    agrees(expected, outcome),
                    row == column || also,
                    "{expected} {outcome:?}"
                );
            }
        }
    }

    #[test]
    fn an_exit_code_that_contradicts_the_stages_never_agrees() {
        assert!(!agrees("reject", &verdict("snp.length", "incomplete", None, 0)));
        assert!(!agrees("accept", &verdict("ok", "ok", None, 2)));
        assert!(!agrees("accept-signature-only", &verdict("ok", "incomplete", None, 0)));
    }

    #[test]
    fn another_tcb_status_or_a_lenient_policy_disagrees() {
        let mut about = About {
            expected: "accept".to_owned(),
            valid_at: None,
            tcb_status: Some("OutOfDate".to_owned()),
            policy_expected: None,
        };
        let outcome = verdict("ok", "ok", None, 0);
        assert!(judge(&about, &outcome).is_err());
        about.tcb_status = Some("UpToDate".to_owned());
        assert_eq!(judge(&about, &outcome), Ok(()));
        about.policy_expected = Some("reject under a default policy".to_owned());
        assert!(judge(&about, &outcome).is_err());
    }

    #[test]
    fn a_tpm_quote_alone_is_genuine_only_if_its_signature_and_its_pcrs_are() {
        let mut outcome = verdict("ok", "incomplete", None, 3);
        outcome.subject = "tpm_quote".to_owned();
        assert!(!agrees("accept", &outcome));
        outcome.checks = ["tpm.quote.signature", "tpm.quote.pcr_digest"]
            .map(|id| Check { id: id.to_owned(), state: "pass".to_owned() })
            .into();
        assert!(agrees("accept", &outcome));
        outcome.checks.pop();
        assert!(!agrees("accept", &outcome));
    }

    #[test]
    fn a_word_that_no_rule_knows_disagrees() {
        assert!(!agrees("accept-probably", &verdict("ok", "ok", None, 0)));
    }
}

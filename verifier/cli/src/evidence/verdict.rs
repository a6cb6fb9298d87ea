//! What came out: the stages, every check, and what is missing.

use cloister_attestation::check::{Check, State};
use cloister_attestation::code::Code;
use cloister_attestation::evidence::{Route, Tee};
use cloister_attestation::result::{AttestationResult, Tier};
use cloister_attestation::verify::Missing;
use serde::{Serialize, Serializer};

use crate::answer::Exit;

/// How a stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Done, and nothing spoke against it.
    Ok,
    /// Refused for this reason.
    Refused(&'static Code),
    /// Something that the stage needs is not there.
    Incomplete,
}

impl Stage {
    /// `ok`, `incomplete`, or the code.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused(code) => code.id,
            Self::Incomplete => "incomplete",
        }
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// How each stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stages {
    /// Bytes to fields.
    pub parse: Stage,
    /// Signatures, chains, revocation, TCB.
    pub verify: Stage,
    /// The policy's conclusion; `None` where there is none: verification did not succeed, or
    /// nothing speaks against the Evidence and there was no image to compare it with.
    pub appraise: Option<Tier>,
}

/// What was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// A report or quote.
    Evidence,
    /// Certificates without a report: they can be good, and nothing follows about any machine.
    Endorsements,
    /// A TDREPORT, which only the processor that made it can check.
    LocalReport,
    /// A TPM quote under a key for which nobody vouches.
    TpmQuote,
}

/// The outcome for one folder. Serialises as one object, whose fields are stable.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Which TEE; `None` for a TPM quote alone.
    pub tee: Option<Tee>,
    /// How the hardware's word reached the guest.
    pub route: Route,
    /// The processor generation, once a verified chain names it.
    pub product: Option<String>,
    /// Report or quote version, once it parsed.
    pub version: Option<u32>,
    /// How each stage ended.
    pub stages: Stages,
    /// The vendor's word for the TCB, where there is one.
    pub tcb_status: Option<String>,
    /// Whether a simulator's roots were accepted instead of the vendors'.
    pub simulated: bool,
    /// Every check that was made, in order.
    pub checks: Vec<Check>,
    /// What was judged.
    pub subject: Subject,
    /// What a conclusion would need.
    pub missing: Vec<Missing>,
    /// Checks that nobody vouches for.
    pub not_asserted: Vec<&'static str>,
    /// The whole result, where there is one: what a token is made from.
    #[serde(skip)]
    pub result: Option<Box<AttestationResult>>,
}

impl Verdict {
    /// A verdict before anything is known.
    pub(crate) const fn open(tee: Option<Tee>, simulated: bool) -> Self {
        Self {
            tee,
            route: Route::Direct,
            product: None,
            version: None,
            stages: Stages { parse: Stage::Incomplete, verify: Stage::Incomplete, appraise: None },
            tcb_status: None,
            simulated,
            checks: Vec::new(),
            subject: Subject::Evidence,
            missing: Vec::new(),
            not_asserted: Vec::new(),
            result: None,
        }
    }

    /// Refused while parsing: the one check that there is says why.
    pub(crate) fn unparsed(
        mut self,
        code: &'static Code,
        observed: impl core::fmt::Display,
    ) -> Self {
        self.stages.parse = Stage::Refused(code);
        self.checks.push(Check::decided(code, false, "bytes that parse", observed));
        self
    }

    /// Takes over the checks, and names those that nobody vouches for.
    pub(super) fn with_checks(mut self, checks: &[Check]) -> Self {
        self.checks = checks.to_vec();
        self.name_not_asserted();
        self
    }

    /// Puts checks that were made before the Evidence was looked at in front of the others.
    pub(crate) fn after(mut self, earlier: Vec<Check>) -> Self {
        self.checks.splice(0..0, earlier);
        self.name_not_asserted();
        self
    }

    fn name_not_asserted(&mut self) {
        self.not_asserted.clear();
        for check in self.checks.iter().filter(|check| check.state == State::NotAsserted) {
            // One code can stand for several certificates or documents.
            if !self.not_asserted.contains(&check.code.id) {
                self.not_asserted.push(check.code.id);
            }
        }
    }

    /// Something without which there is no conclusion.
    pub(crate) fn lacking(mut self, what: &str) -> Self {
        self.missing.push(Missing::unaddressed(what.to_owned(), String::new()));
        self
    }

    /// The conclusion as an exit code: refused if anything speaks against it, no conclusion if
    /// anything is missing, acceptable otherwise.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let Stages { parse, verify, appraise } = self.stages;
        let refused = matches!(parse, Stage::Refused(_))
            || matches!(verify, Stage::Refused(_))
            || appraise == Some(Tier::Contraindicated)
            || self.checks.iter().any(Check::failed);
        if refused {
            Exit::Refused
        } else if verify == Stage::Ok
            && self.missing.is_empty()
            && self.subject == Subject::Evidence
        {
            Exit::Acceptable
        } else {
            Exit::NoConclusion
        }
    }
}

#[cfg(test)]
mod tests {
    use cloister_attestation::check::Check;
    use cloister_attestation::evidence::Tee;
    use cloister_attestation::result::Tier;

    use super::{Stage, Subject, Verdict};
    use crate::answer::Exit;
    use crate::codes;

    fn verdict(parse: Stage, verify: Stage, appraise: Option<Tier>) -> Verdict {
        let mut verdict = Verdict::open(Some(Tee::Snp), false);
        verdict.stages.parse = parse;
        verdict.stages.verify = verify;
        verdict.stages.appraise = appraise;
        verdict
    }

    #[test]
    fn only_verified_evidence_with_nothing_against_it_is_acceptable() {
        let refused = Stage::Refused(&codes::FOLDER);
        for (outcome, exit) in [
            (verdict(Stage::Ok, Stage::Ok, None), Exit::Acceptable),
            (verdict(Stage::Ok, Stage::Ok, Some(Tier::Affirming)), Exit::Acceptable),
            (verdict(Stage::Ok, Stage::Ok, Some(Tier::Contraindicated)), Exit::Refused),
            (verdict(Stage::Ok, refused, None), Exit::Refused),
            (verdict(refused, Stage::Incomplete, None), Exit::Refused),
            (verdict(Stage::Ok, Stage::Incomplete, None), Exit::NoConclusion),
            (Verdict::open(Some(Tee::Tdx), false), Exit::NoConclusion),
        ] {
            assert_eq!(outcome.exit(), exit, "{outcome:?}");
        }
    }

    #[test]
    fn one_failed_check_is_a_refusal_whatever_the_stages_say() {
        let failed = Check::decided(&codes::FOLDER, false, "a", "b");
        let passed = Check::decided(&codes::FOLDER, true, "a", "a");
        let good = verdict(Stage::Ok, Stage::Ok, Some(Tier::Affirming));
        assert_eq!(good.clone().after(vec![passed.clone()]).exit(), Exit::Acceptable);
        assert_eq!(good.after(vec![failed, passed]).exit(), Exit::Refused);
    }

    #[test]
    fn earlier_checks_come_first_and_are_named_if_nobody_vouches_for_them() {
        let open = Check::not_asserted(&codes::FILE, "nobody");
        let mut outcome = verdict(Stage::Ok, Stage::Ok, None);
        outcome = outcome.with_checks(&[Check::not_asserted(&codes::FOLDER, "nobody")]);
        outcome = outcome.after(vec![open]);
        assert_eq!(outcome.not_asserted, [codes::FILE.id, codes::FOLDER.id]);
    }

    #[test]
    fn good_endorsements_alone_are_no_conclusion() {
        let mut outcome = verdict(Stage::Ok, Stage::Ok, None);
        outcome.subject = Subject::Endorsements;
        assert_eq!(outcome.exit(), Exit::NoConclusion);
        let outcome = verdict(Stage::Ok, Stage::Ok, None).lacking("a report");
        assert_eq!(outcome.exit(), Exit::NoConclusion);
    }
}

//! A bundle: received bytes, parsed and validated before anything is decided by them.

use core::fmt;
use std::collections::HashMap;

use cedar_policy::{Authorizer, PolicyId, PolicySet, ValidationMode, Validator};
use cloister_attestation::bytes::Digest48;

use crate::annotation;
use crate::complexity;
use crate::decision::{Decision, Reason};
use crate::error::PolicyError;
use crate::limit::{Limited, Limits};
use crate::limits::{BUNDLE_BYTES_MAX, POLICIES_MAX};
use crate::memo::Key;
use crate::position::Position;
use crate::prepared::Cache;
use crate::request::Request;
use crate::slice::Sliced;
use crate::visitor::{self, VisitorRequest, Visitors};
use crate::vocabulary::{Question, Vocabulary};

/// A set of Cedar policies that fits the published schema.
///
/// ```
/// use cloister_policy::{PolicyBundle, PolicyError};
///
/// let bundle = PolicyBundle::parse(br#"
///     @id("planner-may-call-translator")
///     permit(principal == Agent::"planner",
///            action in [Action::"connect", Action::"a2a"],
///            resource == Agent::"translator")
///     when { context.tee == Tee::"snp" && !context.simulated };
/// "#)?;
/// assert_eq!(bundle.policies(), 1);
///
/// let misspelt = PolicyBundle::parse(br#"permit(principal, action == Action::"sned", resource);"#);
/// assert!(matches!(misspelt, Err(PolicyError::Invalid { .. })));
/// # Ok::<(), PolicyError>(())
/// ```
pub struct PolicyBundle {
    set: Sliced,
    prepared: Cache,
    vocabulary: Vocabulary,
    visitors: Visitors,
    authorizer: Authorizer,
    digest: Digest48,
    policies: usize,
    limits: HashMap<String, Limits>,
}

impl PolicyBundle {
    /// Reads Cedar text and validates it strictly against [`crate::SCHEMA`]; policies whose
    /// principal is a `Visitor`, against [`crate::VISITOR_SCHEMA`]. What Cedar would only warn
    /// about (a policy that can never apply, letters of mixed scripts) is refused too.
    ///
    /// No bytes are a legal bundle: it refuses everything.
    ///
    /// # Errors
    /// [`PolicyError`] with the line of the first thing that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        within(bytes.len(), BUNDLE_BYTES_MAX, "bytes")?;
        let text = core::str::from_utf8(bytes).map_err(|error| not_text(bytes, error))?;
        complexity::check(text)?;
        let all = identified(text, &static_policies(text)?)?;
        let limits = annotation::limits(text, &all)?;
        let (set, of_visitors) = visitor::parted(&all)?;
        let vocabulary = Vocabulary::of_peers()?;
        validate(text, &set, &vocabulary)?;
        let words = Vocabulary::of_visitors()?;
        validate(text, &of_visitors, &words)?;
        Ok(Self {
            visitors: Visitors::new(of_visitors, &set, words)?,
            set: Sliced::new(set)?,
            prepared: Cache::default(),
            vocabulary,
            authorizer: Authorizer::new(),
            digest: Digest48::sha384(bytes),
            policies: all.num_of_policies(),
            limits,
        })
    }

    /// SHA-384 over the received bytes: the digest that the manifest of the image names.
    #[must_use]
    pub const fn digest(&self) -> &Digest48 {
        &self.digest
    }

    /// How many policies there are.
    #[must_use]
    pub const fn policies(&self) -> usize {
        self.policies
    }

    /// The ids of the policies, in no order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let visitors = self.visitors.policies().policies();
        let others = visitors.filter(|policy| self.set().policy(policy.id()).is_none());
        self.set().policies().chain(others).map(|policy| policy.id().as_ref())
    }

    /// Answers one request. Whatever goes wrong on the way denies.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let prepared = match self.prepared.of(request, &self.vocabulary) {
            Ok(prepared) => prepared,
            Err(why) => return Decision::failed(why),
        };
        let Some(slice) = prepared.slice(&request.action, &self.set, &self.vocabulary) else {
            return Decision::failed("there is no such action");
        };
        let key = Key::of(&request.action, &slice.mentioned);
        if let Some(known) = key.as_ref().and_then(|key| prepared.memo.find(key)) {
            return known;
        }
        let question = self.vocabulary.short(&prepared.asking, &request.action, slice);
        let decision = self.answer(question, &slice.policies);
        if let Some(key) = key {
            prepared.memo.keep(key, &decision);
        }
        decision
    }

    /// As [`Self::decide`], by Cedar, all policies and all facts.
    #[cfg(test)]
    pub(crate) fn decide_anew(&self, request: &Request<'_>) -> Decision {
        self.answer(self.question(request), self.set())
    }

    /// Answers one request of somebody of whom nothing is attested. Whatever goes wrong on the way
    /// denies.
    ///
    /// Permitted is what a policy permits whose principal is a `Visitor`; every policy that forbids
    /// counts, unless its principal is somebody else.
    pub fn decide_visitor(&self, request: &VisitorRequest<'_>) -> Decision {
        self.answer(self.visitors.question(request), self.visitors.policies())
    }

    /// The policies for attested peers.
    pub(crate) const fn set(&self) -> &PolicySet {
        self.set.whole()
    }

    /// The request in Cedar's terms.
    pub(crate) fn question(&self, request: &Request<'_>) -> Result<Question, String> {
        self.vocabulary.question(&self.vocabulary.asking(request)?, &request.action)
    }

    fn answer(&self, question: Result<Question, String>, set: &PolicySet) -> Decision {
        let question = match question {
            Ok(question) => question,
            Err(why) => return Decision::failed(why),
        };
        let response = self.authorizer.is_authorized(&question.request, set, &question.entities);
        let diagnostics = response.diagnostics();
        let mut policies = diagnostics.reason().map(ToString::to_string).collect::<Vec<_>>();
        policies.sort_unstable();
        // SECURITY: Cedar leaves a policy that fails to evaluate out of the decision. It may have
        // been one that forbids, so a failure denies.
        if let Some(error) = diagnostics.errors().next() {
            return Decision::failed(error);
        }
        match (response.decision(), policies.is_empty()) {
            (cedar_policy::Decision::Allow, _) => {
                let limited = self.limited(&policies);
                Decision::new(Reason::Permitted, policies).within(limited)
            }
            (cedar_policy::Decision::Deny, false) => Decision::new(Reason::Forbidden, policies),
            (cedar_policy::Decision::Deny, true) => Decision::new(Reason::NoPermit, policies),
        }
    }
}

impl PolicyBundle {
    fn limited(&self, policies: &[String]) -> Vec<Limited> {
        let limited = policies.iter().filter_map(|id| {
            let limits = *self.limits.get(id)?;
            Some(Limited { policy: id.clone(), limits })
        });
        limited.collect()
    }
}

impl fmt::Debug for PolicyBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyBundle")
            .field("digest", &self.digest)
            .field("policies", &self.policies())
            .finish_non_exhaustive()
    }
}

/// Parses, and refuses what could not take effect.
fn static_policies(text: &str) -> Result<PolicySet, PolicyError> {
    let set: PolicySet =
        text.parse().map_err(|errors: cedar_policy::ParseErrors| syntax(text, &errors))?;
    if let Some(template) = set.templates().next() {
        return Err(PolicyError::Template { id: template.id().to_string() });
    }
    within(set.num_of_policies(), POLICIES_MAX, "policies")?;
    Ok(set)
}

/// The same policies under the names that their `@id` annotations give them.
fn identified(text: &str, parsed: &PolicySet) -> Result<PolicySet, PolicyError> {
    let mut set = PolicySet::new();
    for policy in parsed.policies() {
        let named = match policy.annotation(annotation::ID) {
            Some(id) => policy.new_id(PolicyId::new(id)),
            None => policy.clone(),
        };
        let id = named.id().to_string();
        if id.is_empty() || set.add(named).is_err() {
            return Err(PolicyError::DuplicateId { at: Position::of_second_id(text, &id), id });
        }
    }
    Ok(set)
}

fn validate(text: &str, set: &PolicySet, vocabulary: &Vocabulary) -> Result<(), PolicyError> {
    let result = Validator::new(vocabulary.schema().clone()).validate(set, ValidationMode::Strict);
    let errors = result.validation_errors().map(|error| Finding::new(text, error));
    let warnings = result.validation_warnings().map(|warning| Finding::new(text, warning));
    // Cedar reports in no order; an operator corrects from the top, and errors before warnings,
    // which may follow from them.
    let first = errors.min_by_key(Finding::line).or_else(|| warnings.min_by_key(Finding::line));
    first.map_or(Ok(()), |finding| {
        Err(PolicyError::Invalid { at: finding.at, message: finding.message })
    })
}

fn within(observed: usize, max: usize, unit: &'static str) -> Result<(), PolicyError> {
    if observed > max { Err(PolicyError::TooLarge { observed, max, unit }) } else { Ok(()) }
}

fn not_text(bytes: &[u8], error: core::str::Utf8Error) -> PolicyError {
    let line = Position::of_offset(bytes, error.valid_up_to()).line().unwrap_or_default();
    PolicyError::NotText { line }
}

fn syntax(text: &str, errors: &cedar_policy::ParseErrors) -> PolicyError {
    PolicyError::Syntax { at: Position::of_diagnostic(text, errors), message: one_line(errors) }
}

/// One thing that the validator says.
struct Finding {
    at: Position,
    message: String,
}

impl Finding {
    fn new<E: miette::Diagnostic>(text: &str, error: &E) -> Self {
        let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
        let message = one_line(&format!("{error}{help}"));
        Self { at: Position::of_diagnostic(text, error), message }
    }

    fn line(&self) -> usize {
        self.at.line().unwrap_or(usize::MAX)
    }
}

fn one_line(message: &impl fmt::Display) -> String {
    message.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

//! The cases beside a policy, put to it.

use std::path::{Path, PathBuf};

use cloister_policy::{Decision, LocalAgent, PolicyBundle, Request, Subject, VisitorRequest};

use super::case::{Case, Document, Expected, Peer};
use super::{AuthorizationError, cases_beside};
use crate::file;

/// The cases of one policy, every one of which makes sense.
pub(super) struct Cases {
    pub(super) local: LocalAgent,
    document: Document,
}

impl Cases {
    /// Reads those beside `policy`, or in `file`.
    pub(super) fn read(policy: &Path, file: Option<&Path>) -> Result<Self, AuthorizationError> {
        let path = file.map_or_else(|| cases_beside(policy), Path::to_owned);
        if file.is_none() && !path.exists() {
            return Err(AuthorizationError::Missing {
                path: policy.to_owned(),
                what: "cases beside it",
            });
        }
        let refuse = |reason| AuthorizationError::Cases { path: path.clone(), reason };
        let text = file::read_text(&path)?;
        let document: Document =
            toml::from_str(&text).map_err(|error| refuse(on_one_line(&text, &error)))?;
        let cases = Self { local: document.local.agent(), document };
        if cases.all().is_empty() {
            return Err(AuthorizationError::Missing { path, what: "case" });
        }
        for case in cases.all() {
            cases.sense(case).map_err(|why| refuse(format!("case {:?}: {why}", case.name)))?;
        }
        Ok(cases)
    }

    pub(super) fn all(&self) -> &[Case] {
        &self.document.case
    }

    pub(super) fn named(&self, name: &str) -> Result<&Case, AuthorizationError> {
        self.all().iter().find(|case| case.name == name).ok_or_else(|| {
            AuthorizationError::UnknownCase { name: name.to_owned(), known: self.names() }
        })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.all().iter().map(|case| format!("{:?}", case.name)).collect()
    }

    fn sense(&self, case: &Case) -> Result<(), String> {
        case.action()?;
        if self.all().iter().filter(|other| other.name == case.name).count() > 1 {
            return Err("there is another one of this name".to_owned());
        }
        match &case.peer {
            Some(peer) if !self.document.peer.contains_key(peer) => {
                Err(format!("there is no peer {peer:?}"))
            }
            _ => Ok(()),
        }
    }

    /// The peer of a case, or `None` for a visitor.
    pub(super) fn subject(&self, case: &Case) -> Option<Subject> {
        let name = case.peer.as_ref()?;
        let peer: &Peer = self.document.peer.get(name)?;
        Some(case.subject(name, peer, &self.local))
    }

    /// What `bundle` makes of a case.
    pub(super) fn decide(&self, bundle: &PolicyBundle, case: &Case) -> Result<Decision, String> {
        let (local, action) = (&self.local, case.action()?);
        Ok(match self.subject(case) {
            Some(peer) => {
                let direction = case.direction();
                bundle.decide(&Request { direction, peer: &peer, local, action })
            }
            None => bundle.decide_visitor(&VisitorRequest { local, action }),
        })
    }
}

/// What is wrong with `decision`, if it is not what `case` expects.
pub(super) fn objection(case: &Case, decision: &Decision) -> Option<String> {
    let given = if decision.allows() { Expected::Allow } else { Expected::Deny };
    if given != case.expect {
        return Some(format!("expected {}: {decision}", case.expect.as_str()));
    }
    let mut by = case.by.clone()?;
    by.sort_unstable();
    let differs = by != decision.policies();
    differs.then(|| format!("expected it by {}: {decision}", named(&by)))
}

fn named(policies: &[String]) -> String {
    if policies.is_empty() { "no policy".to_owned() } else { policies.join(", ") }
}

/// The policies in `place`: it, or every one in the folder that it is; sorted.
pub(super) fn policies_in(place: &Path) -> Result<Vec<PathBuf>, AuthorizationError> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let unreadable = |source| file::FileError::Unreadable { path: place.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(place).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if super::is_named_so(&path) {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(AuthorizationError::Missing { path: place.to_owned(), what: "policy" });
    }
    Ok(found)
}

fn on_one_line(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count().saturating_add(1), error.message())
}

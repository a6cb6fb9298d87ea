//! Paths beneath an HTTP+JSON interface, as the operation table names them.

use http::Method;

use super::said::{Contradiction, Said};
use super::table::{Row, TABLE, V1_0};
use crate::path::decoded;

/// The HTTP methods that operations use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Delete,
}

impl Verb {
    fn is(self, method: &Method) -> bool {
        match self {
            Self::Get => method == Method::GET,
            Self::Post => method == Method::POST,
            Self::Delete => method == Method::DELETE,
        }
    }
}

/// One segment of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// This text.
    Is(&'static str),
    /// A task's id.
    Task,
    /// A task's id, a colon, and this verb.
    TaskVerb(&'static str),
    /// The id of a push notification configuration.
    Config,
}

/// What a path beneath an HTTP+JSON interface matched.
#[derive(Debug)]
pub(crate) struct HttpMatch {
    pub(crate) row: &'static Row,
    pub(crate) tenant: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) config: Option<String>,
}

impl HttpMatch {
    /// What path and query say of the ids.
    pub(crate) fn said(self, query: Option<&str>) -> Result<Said, Contradiction> {
        let Self { row, tenant, task, config } = self;
        let mut said = Said { tenant, task, config, ..Said::default() };
        crate::query::take(query, row.body, &mut said)?;
        Ok(said)
    }

    /// Whether two readings come to the same, but for the version and the tenant.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        self.row.name == other.row.name && self.task == other.task && self.config == other.config
    }
}

/// The row of a path beneath the URL of an interface of `version`, without its leading slash.
///
/// A path is matched as it was received and with its percent-encoding undone, with and, in version
/// 1.0, without a leading tenant. If these readings are not of the same operation, it is none.
pub(crate) fn http(method: &Method, path: &str, version: &str) -> Option<HttpMatch> {
    let raw = path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let plain = raw.iter().map(|segment| decoded(segment)).collect::<Result<Vec<_>, _>>().ok()?;
    let as_received = readings(method, &raw, version);
    let as_decoded = readings(method, &plain, version);
    let first = as_decoded.first()?;
    let named_alike = as_received.iter().all(|reading| reading.row.name == first.row.name);
    let agreed = named_alike && as_decoded.iter().all(|reading| reading.agrees(first));
    if agreed && !as_received.is_empty() { as_decoded.into_iter().next() } else { None }
}

/// Every row that matches, without a tenant before with one.
fn readings(method: &Method, segments: &[String], version: &str) -> Vec<HttpMatch> {
    let may_have_tenant = version == V1_0;
    let with_tenant =
        segments.split_first().filter(|(tenant, _)| may_have_tenant && !tenant.is_empty());
    let splits = [Some((None, segments)), with_tenant.map(|(tenant, rest)| (Some(tenant), rest))];
    let mut found = Vec::new();
    for (tenant, segments) in splits.into_iter().flatten() {
        for row in TABLE.iter().filter(|row| row.version == version) {
            let paths = row.paths.iter().filter(|(verb, _)| verb.is(method));
            found.extend(paths.filter_map(|(_, path)| matched(row, path, segments, tenant)));
        }
    }
    found
}

fn matched(
    row: &'static Row,
    path: &[Segment],
    segments: &[String],
    tenant: Option<&String>,
) -> Option<HttpMatch> {
    let mut found = HttpMatch { row, tenant: tenant.cloned(), task: None, config: None };
    if path.len() != segments.len() {
        return None;
    }
    for (expected, segment) in path.iter().zip(segments) {
        match expected {
            Segment::Is(text) => (segment == text).then_some(())?,
            Segment::Task => found.task = Some(task(segment)?.to_owned()),
            Segment::TaskVerb(verb) => found.task = Some(before_verb(segment, verb)?.to_owned()),
            Segment::Config if segment.is_empty() => return None,
            Segment::Config => found.config = Some(segment.clone()),
        }
    }
    Some(found)
}

/// The verbs that may follow a task's id.
const VERBS: &[&str] = &["cancel", "subscribe"];

/// A segment that is a task's id.
///
/// SECURITY: a verb at the end is a verb, never part of an id; otherwise a rule for `subscribe`
/// would not see `GET /tasks/x:subscribe`.
fn task(segment: &str) -> Option<&str> {
    let has_verb = segment.rsplit_once(':').is_some_and(|(_, last)| VERBS.contains(&last));
    (!segment.is_empty() && !has_verb).then_some(segment)
}

/// A task's id before a colon and `verb`.
fn before_verb<'a>(segment: &'a str, verb: &str) -> Option<&'a str> {
    segment.strip_suffix(verb)?.strip_suffix(':').filter(|id| !id.is_empty())
}

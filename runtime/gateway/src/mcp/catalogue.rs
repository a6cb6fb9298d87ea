//! What is known of one server's tools: which definitions are expected, and which were seen.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_audit::Hash;
use cloister_audit::record::{ToolDrifted, name_digest};
use tokio::time::Instant;

use super::definition::{Definition, ToolDigest};
use super::error::{McpError, TOOL_DRIFT, UNPINNED};
use super::parameter::Mirrors;
use super::pins::{ToolPins, Unpinned};
use super::revision::{Era, Revision};
use super::server::{ServerName, ToolReport};
use crate::limits::{
    DEFINITION_AGE_MAX, DEFINITIONS_REFETCH_AFTER, DRIFTS_REPORTED_MAX, REPORTED_MAX, TOOLS_MAX,
    VIEWS_MAX,
};
use crate::recorder::Recorder;

/// The tools of one server.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pins: ToolPins,
    /// Raised whenever the server says that its list has changed.
    generation: AtomicU64,
    drifts: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What was seen first, where that decides. The revisions of the protocol describe one tool
    /// differently.
    first: HashMap<(Revision, String), ToolDigest>,
    views: HashMap<Viewer, View>,
    reported: HashSet<(String, ToolDigest)>,
}

/// Who looks: what a server shows may depend on the caller, the session and the credentials.
pub(crate) type Viewer = Hash;

/// Names a viewer.
pub(crate) fn viewer(
    caller: &str,
    revision: Revision,
    session: Option<&str>,
    credentials: &[&[u8]],
) -> Viewer {
    let lengths = credentials.iter().map(|part| part.len().to_be_bytes()).collect::<Vec<_>>();
    let parts = credentials.iter().zip(&lengths).flat_map(|(part, len)| [&len[..], part]);
    let session = session.unwrap_or_default();
    let head = [caller, "\0", revision.as_str(), "\0", session, "\0"].map(str::as_bytes);
    Hash::over(&head.into_iter().chain(parts).collect::<Vec<_>>())
}

/// What one viewer was shown.
#[derive(Debug)]
struct View {
    tools: HashMap<String, Tool>,
    used: Instant,
    /// When all of the list was last read for it.
    whole: Option<(Instant, u64)>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A tool as it was last seen.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    seen: Instant,
    generation: u64,
    digest: ToolDigest,
    /// What keeps it from being called, if something does.
    pub(crate) drift: Option<Arc<Drift>>,
    pub(crate) mirrors: Arc<Mirrors>,
}

/// A definition that is not what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drift {
    pub(crate) tool: String,
    /// What would be right; nothing where a tool without a pin is refused.
    pub(crate) expected: Vec<ToolDigest>,
    pub(crate) seen: ToolDigest,
}

/// What is remembered of a tool when it is called.
#[derive(Debug)]
pub(crate) enum Recalled {
    /// It was shown a moment ago.
    Tool(Tool),
    /// All of the list was read a moment ago, and it was not in it.
    Absent,
    /// Nothing, or nothing that is recent enough.
    Forgotten,
}

impl Drift {
    /// Puts it on record and into the log, with what was expected and what was seen.
    pub(crate) fn tell(&self, server: &ServerName, recorder: &dyn Recorder) {
        let (tool, seen) = (&self.tool, self.seen);
        if self.expected.is_empty() {
            tracing::info!(%server, ?tool, %seen, code = UNPINNED.id, "a tool without a pin is not shown");
            return;
        }
        let expected = self.expected();
        tracing::warn!(%server, ?tool, expected, %seen, code = TOOL_DRIFT.id, help = TOOL_DRIFT.remedy, "a tool's definition is not what is expected");
        recorder.drifted(ToolDrifted {
            server: server.to_string(),
            tool: name_digest("tool", &format!("{server}/{tool}")),
            expected: self.expected.iter().map(|digest| digest.hash()).collect(),
            seen: self.seen.hash(),
        });
    }

    /// Why the tool cannot be called.
    pub(crate) fn refusal(&self) -> McpError {
        let seen = self.seen.to_string();
        if self.expected.is_empty() {
            return McpError::Unpinned { seen };
        }
        McpError::Drift { expected: self.expected(), seen }
    }

    fn expected(&self) -> String {
        self.expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
    }
}

impl Catalogue {
    pub(crate) fn new(pins: ToolPins) -> Self {
        let (generation, drifts) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { pins, generation, drifts, known: Mutex::default() }
    }

    /// Stands for everything that was seen until now. To be read before a list is asked for.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The server says that its list has changed: what was seen is out of date.
    pub(crate) fn changed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether a tool can be called about which nothing is known.
    pub(crate) fn lets_unknown(&self, tool: &str) -> bool {
        self.pins.of(tool).is_none() && self.pins.unpinned() == Unpinned::Accept
    }

    /// How often a definition was not what is expected.
    pub(crate) fn drifts(&self) -> u64 {
        self.drifts.load(Ordering::Relaxed)
    }

    /// Judges a definition that the server shows, and makes the tool of it; `None` for one that is
    /// invalid.
    pub(crate) fn judge(
        &self,
        revision: Revision,
        generation: u64,
        (name, definition): (&str, &Definition),
    ) -> Option<Tool> {
        let mirrors = match (revision.era(), &definition.mirrors) {
            (Era::Legacy, _) => Mirrors::new(),
            (Era::Modern, mirrors) => mirrors.clone()?,
        };
        let expected = self.expected(revision, name, definition.digest);
        let digest = definition.digest;
        let drift = expected.map(|expected| {
            if !expected.is_empty() {
                self.drifts.fetch_add(1, Ordering::Relaxed);
            }
            Arc::new(Drift { tool: name.to_owned(), expected, seen: digest })
        });
        let (seen, mirrors) = (Instant::now(), Arc::new(mirrors));
        Some(Tool { seen, generation, digest, drift, mirrors })
    }

    /// What would have been right, if `seen` is not.
    fn expected(
        &self,
        revision: Revision,
        name: &str,
        seen: ToolDigest,
    ) -> Option<Vec<ToolDigest>> {
        if let Some(expected) = self.pins.of(name) {
            return (!expected.contains(&seen)).then(|| expected.to_vec());
        }
        match self.pins.unpinned() {
            Unpinned::Accept => None,
            Unpinned::Refuse => Some(Vec::new()),
            Unpinned::FirstSeen => {
                let mut known = self.lock();
                let key = (revision, name.to_owned());
                // SECURITY: what cannot be remembered could change unnoticed.
                if known.first.len() >= TOOLS_MAX && !known.first.contains_key(&key) {
                    return Some(Vec::new());
                }
                let first = *known.first.entry(key).or_insert(seen);
                (first != seen).then(|| vec![first])
            }
        }
    }

    /// Whether a drift is to be told of: once for each definition, and no more than can be read.
    pub(crate) fn is_news(&self, drift: &Drift) -> bool {
        let mut known = self.lock();
        known.reported.len() < DRIFTS_REPORTED_MAX
            && known.reported.insert((drift.tool.clone(), drift.seen))
    }

    /// Remembers what a viewer was shown on one page of a list.
    pub(crate) fn shown(&self, viewer: Viewer, name: &str, tool: Tool) {
        let mut known = self.lock();
        let view = view(&mut known.views, viewer);
        if view.tools.len() < TOOLS_MAX || view.tools.contains_key(name) {
            view.tools.insert(name.to_owned(), tool);
        }
    }

    /// Remembers the whole of a list, as it was shown to a viewer.
    pub(crate) fn shown_whole(
        &self,
        viewer: Viewer,
        generation: u64,
        tools: HashMap<String, Tool>,
    ) {
        let mut known = self.lock();
        let view = view(&mut known.views, viewer);
        view.tools = tools;
        view.whole = Some((Instant::now(), generation));
    }

    /// What is known of a tool that is called.
    pub(crate) fn recall(&self, viewer: &Viewer, name: &str) -> Recalled {
        let (mut known, generation) = (self.lock(), self.generation());
        let Some(view) = known.views.get_mut(viewer) else { return Recalled::Forgotten };
        view.used = Instant::now();
        let tool = view.tools.get(name);
        let recent = tool.filter(|tool| {
            tool.generation == generation && tool.seen.elapsed() < DEFINITION_AGE_MAX
        });
        if let Some(tool) = recent {
            return Recalled::Tool(tool.clone());
        }
        let just_read = view
            .whole
            .is_some_and(|(at, of)| of == generation && at.elapsed() < DEFINITIONS_REFETCH_AFTER);
        if tool.is_none() && just_read { Recalled::Absent } else { Recalled::Forgotten }
    }

    /// Every definition that some viewer was shown lately, once.
    pub(crate) fn digests(&self) -> Vec<ToolReport> {
        let known = self.lock();
        let tools = known.views.values().flat_map(|view| &view.tools);
        let distinct: BTreeSet<_> = tools
            .map(|(name, tool)| (name.clone(), tool.digest, tool.drift.is_none()))
            .take(REPORTED_MAX)
            .collect();
        let report = |(name, digest, holds)| ToolReport { name, digest, holds };
        distinct.into_iter().map(report).collect()
    }

    /// Whose turn it is to have the list read for a viewer: one at a time does it for all.
    pub(crate) fn turn(&self, viewer: Viewer) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&view(&mut self.lock().views, viewer).turn)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The view of one viewer. Where there are too many, the one that was longest unused goes.
fn view(views: &mut HashMap<Viewer, View>, viewer: Viewer) -> &mut View {
    if views.len() >= VIEWS_MAX && !views.contains_key(&viewer) {
        let oldest = views.iter().min_by_key(|(_, view)| view.used).map(|(viewer, _)| *viewer);
        oldest.map(|oldest| views.remove(&oldest));
    }
    let view = views.entry(viewer).or_insert_with(|| View {
        tools: HashMap::new(),
        used: Instant::now(),
        whole: None,
        turn: Arc::default(),
    });
    view.used = Instant::now();
    view
}

#[cfg(test)]
mod tests;

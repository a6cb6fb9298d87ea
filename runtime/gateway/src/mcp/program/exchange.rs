//! Who waits for what of one process: no reading and writing, only who gets which message.

use std::collections::{BTreeMap, HashSet, VecDeque};

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::outgoing::{CANCELLED, Original, Outgoing, cancellation, is_object, unanswered, within};
use crate::limits::{MESSAGES_WAITING_MAX, PENDING_MAX};
use crate::mcp::error::McpError;
use crate::mcp::message::{Kind, Message};
use crate::object::Object;

/// Who a process is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// One session: whatever it says on its own account is for that.
    Session,
    /// Anybody's requests without a session: what belongs to none of them is nobody's.
    Shared,
}

/// What a reader gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Something beside the answer.
    Beside(Bytes),
    /// The answer; nothing follows.
    Answer(Bytes),
}

/// The state of one process's conversation.
#[derive(Debug)]
pub(super) struct Exchange {
    mode: Mode,
    number: u64,
    pending: BTreeMap<u64, Pending>,
    /// Ids of what the process asked, and was not answered.
    asked: HashSet<String>,
    /// What no reader is there for.
    waiting: VecDeque<Bytes>,
    listener: Option<mpsc::Sender<Piece>>,
    ended: bool,
}

#[derive(Debug)]
struct Pending {
    original: Original,
    reader: mpsc::Sender<Piece>,
}

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

impl Exchange {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            mode,
            number: 0,
            pending: BTreeMap::new(),
            asked: HashSet::new(),
            waiting: VecDeque::new(),
            listener: None,
            ended: false,
        }
    }

    pub(super) const fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    /// The process is gone: whoever waits for it hears nothing more.
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.pending.clear();
        self.listener = None;
    }

    /// A request under a number of its own, and where its answer comes.
    pub(super) fn ask(
        &mut self,
        request: &Outgoing,
    ) -> Result<(u64, Bytes, mpsc::Receiver<Piece>), McpError> {
        if self.ended {
            return Err(McpError::Program("it has ended"));
        }
        if self.pending.len() >= PENDING_MAX {
            return Err(McpError::Program("it does not answer what it was asked"));
        }
        self.number = self.number.saturating_add(1);
        let (line, original) = request.numbered(self.number)?;
        let (reader, receiver) = mpsc::channel(MESSAGES_WAITING_MAX);
        self.pending.insert(self.number, Pending { original, reader });
        Ok((self.number, line, receiver))
    }

    /// Nobody waits for an answer any more. True if it had not come.
    pub(super) fn give_up(&mut self, number: u64) -> bool {
        self.pending.remove(&number).is_some()
    }

    /// What is written of a message that waits for no answer; `None` if the process is not to see it.
    pub(super) fn tell(&mut self, message: &Outgoing) -> Option<Bytes> {
        match message.kind() {
            Kind::Request { .. } => None,
            // SECURITY: only what the process asked is answered, and once.
            Kind::Response => self.asked.remove(&message.answers()?).then(|| message.unchanged()),
            Kind::Notification { method } if method == CANCELLED => {
                let cancelled = message.cancels()?;
                let is_it = |pending: &Pending| pending.original.id.get() == cancelled.get();
                let (number, _) = self.pending.iter().find(|(_, pending)| is_it(pending))?;
                Some(cancellation(*number))
            }
            Kind::Notification { .. } => Some(message.unchanged()),
        }
    }

    /// From now on, what belongs to no request comes here. A listener before it hears nothing more.
    pub(super) fn listen(&mut self) -> mpsc::Receiver<Piece> {
        let (listener, receiver) = mpsc::channel(MESSAGES_WAITING_MAX);
        for message in self.waiting.drain(..) {
            // There is room for as many as may wait.
            let _full = listener.try_send(Piece::Beside(message));
        }
        self.listener = (!self.ended).then_some(listener);
        receiver
    }

    /// Takes a line of the process. What it is to be told at once comes back.
    pub(super) fn hear(&mut self, line: &[u8]) -> Option<Bytes> {
        let Ok(message) = Message::of_server(line) else {
            tracing::debug!("a tool server's program wrote a line that is no message");
            return None;
        };
        let kind = message.kind.clone();
        let object = message.into_object();
        match kind {
            Kind::Response => self.answered(object),
            Kind::Notification { method } => self.told(&method, &object),
            Kind::Request { id, .. } => return self.asks(&id, line),
        }
        None
    }

    fn answered(&mut self, mut message: Object<'_>) {
        let number = message.get("id").and_then(|id| id.get().parse::<u64>().ok());
        let Some(Pending { original, reader }) = number.and_then(|it| self.pending.remove(&it))
        else {
            return;
        };
        message.replace("id", original.id);
        if let Ok(message) = message.to_raw() {
            send(&reader, Piece::Answer(bytes(message)));
        }
    }

    fn asks(&mut self, id: &RawValue, line: &[u8]) -> Option<Bytes> {
        if self.mode == Mode::Shared || self.asked.len() >= PENDING_MAX {
            return Some(unanswered(id));
        }
        self.asked.insert(id.get().to_owned());
        self.hand_to_session(Bytes::copy_from_slice(line), true);
        None
    }

    fn told(&mut self, method: &str, message: &Object<'_>) {
        let of = match method {
            "notifications/progress" => self.of_request(message, |params, number| {
                let token = Object::read(params).ok()?.get("progressToken")?.get().parse().ok()?;
                let original = number(token)?;
                let mut params = Object::read(params).ok()?;
                params.replace("progressToken", original.token.clone()?);
                Some((token, params.to_raw().ok()?))
            }),
            _ => self.of_request(message, |params, number| {
                let meta = Object::read(params).ok()?;
                let meta = Object::read(meta.get("_meta").filter(|meta| is_object(meta))?).ok()?;
                let token = meta.get(SUBSCRIPTION)?.get().parse().ok()?;
                let (params, _) =
                    within(params, "_meta", SUBSCRIPTION, &number(token)?.id).ok()??;
                Some((token, params))
            }),
        };
        match of {
            Some((number, message)) => self.hand_to_request(number, message),
            None if method == CANCELLED && self.mode == Mode::Shared => self.torn_down(message),
            None if self.mode == Mode::Session && method != "notifications/progress" => {
                let is_log = method == "notifications/message";
                if let Ok(message) = message.to_raw() {
                    self.hand_to_session(bytes(message), is_log);
                }
            }
            // SECURITY: what belongs to no request could be anybody's.
            None => {}
        }
    }

    /// The request that a notification belongs to, and the notification as its caller knows it.
    fn of_request(
        &self,
        message: &Object<'_>,
        find: impl Fn(&RawValue, &dyn Fn(u64) -> Option<Original>) -> Option<(u64, Box<RawValue>)>,
    ) -> Option<(u64, Bytes)> {
        let params = message.get("params").filter(|params| is_object(params))?;
        let original = |number| self.pending.get(&number).map(|pending| pending.original.clone());
        let (number, params) = find(params, &original)?;
        let mut message = message.clone();
        message.replace("params", params);
        Some((number, bytes(message.to_raw().ok()?)))
    }

    fn hand_to_request(&mut self, number: u64, message: Bytes) {
        let sent = self.pending.get(&number).map(|it| send(&it.reader, Piece::Beside(message)));
        if sent == Some(false) {
            // A reader that does not read holds nobody else up.
            self.pending.remove(&number);
        }
    }

    /// The server ends a subscription.
    fn torn_down(&mut self, message: &Object<'_>) {
        let params = message.get("params").and_then(|params| Object::read(params).ok());
        let number = params.and_then(|it| it.get("requestId")?.get().parse::<u64>().ok());
        number.and_then(|number| self.pending.remove(&number));
    }

    /// To whoever reads for the session; `with_request` if it may be about a request under way.
    fn hand_to_session(&mut self, message: Bytes, with_request: bool) {
        let oldest = self.pending.values().next().filter(|_| with_request);
        let reader = oldest.map(|pending| &pending.reader).or(self.listener.as_ref());
        if reader.is_some_and(|reader| send(reader, Piece::Beside(message.clone()))) {
            return;
        }
        if self.waiting.len() >= MESSAGES_WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(message);
    }
}

/// Whether a reader took it.
fn send(reader: &mpsc::Sender<Piece>, piece: Piece) -> bool {
    reader.try_send(piece).is_ok()
}

fn bytes(message: Box<RawValue>) -> Bytes {
    Bytes::from(Box::<str>::from(message).into_boxed_bytes())
}

#[cfg(test)]
mod tests;

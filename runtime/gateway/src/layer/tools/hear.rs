//! What a server answers, as its caller hears it.

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Frame, SizeHint};

use super::decline::Decline;
use crate::body::{Body, BodyError, boxed, empty, full};
use crate::headers::forget_representation;
use crate::limits::ANSWER_BYTES_MAX;
use crate::mcp::{EventError, EventReader, McpError, Screen, Verdict};
use crate::object::Object;
use crate::peek::{collect_patiently, is_encoded, media};

/// An answer with every message in it judged. What is asked in it and not passed on is declined.
pub(super) async fn heard(
    response: Response<Body>,
    screen: Screen,
    decline: Option<Decline>,
) -> Result<Response<Body>, McpError> {
    if is_encoded(response.headers()) {
        return Err(McpError::Answer("it is compressed"));
    }
    if media(response.headers()) == "text/event-stream" && response.status().is_success() {
        let (mut head, body) = response.into_parts();
        forget_representation(&mut head.headers);
        return Ok(Response::from_parts(head, boxed(Screened::new(body, screen, decline))));
    }
    whole(response, &screen).await
}

/// An answer that is one message, or none.
async fn whole(response: Response<Body>, screen: &Screen) -> Result<Response<Body>, McpError> {
    let (mut head, body) = response.into_parts();
    // There is no limit on how long an answer takes.
    let received = collect_patiently(body, ANSWER_BYTES_MAX).await;
    let received = received.map_err(|_| McpError::Answer("it is too large or broke off"))?;
    if received.is_empty() {
        return Ok(Response::from_parts(head, empty()));
    }
    let is_json = media(&head.headers) == "application/json";
    let shown = match (is_json, head.status.is_success()) {
        (true, true) => message(received.clone(), screen)?,
        (true, false) => refusal(received.clone(), screen),
        // Nothing of an answer of another type is passed on.
        (false, false) => Bytes::new(),
        // What was told is not answered; some servers say in words that they took it.
        (false, true) if screen.asked.id.is_none() => Bytes::new(),
        (false, true) => return Err(McpError::Answer("it is of another type")),
    };
    if shown != received {
        forget_representation(&mut head.headers);
    }
    Ok(Response::from_parts(head, full(shown)))
}

fn message(received: Bytes, screen: &Screen) -> Result<Bytes, McpError> {
    match screen.judge(&received)? {
        Verdict::Passed => Ok(received),
        Verdict::Changed(shown) => Ok(shown),
        Verdict::Withheld | Verdict::Declined(_) => {
            Err(McpError::Answer("it is no answer to what was asked"))
        }
    }
}

/// What comes with the status of an error: a JSON-RPC error, or something of HTTP's own.
fn refusal(received: Bytes, screen: &Screen) -> Bytes {
    match Object::parse(&received) {
        Ok(object) if !object.has("jsonrpc") => received,
        Ok(_) => message(received, screen).unwrap_or_default(),
        Err(_) => Bytes::new(),
    }
}

/// A stream of events, each of which is passed on once it is whole and judged.
struct Screened {
    body: Body,
    screen: Screen,
    decline: Option<Decline>,
    reader: EventReader,
    ended: bool,
}

impl Screened {
    fn new(body: Body, screen: Screen, decline: Option<Decline>) -> Self {
        Self { body, screen, decline, reader: EventReader::default(), ended: false }
    }

    /// The next event that the caller hears of.
    fn next(&mut self) -> Result<Option<Bytes>, EventError> {
        let Some(event) = self.reader.next_event()? else { return Ok(None) };
        if let (Some(session), Some(id)) = (&self.screen.asked.session, &event.id) {
            self.screen.server.sessions().showed(session, id);
        }
        let Some(data) = &event.data else { return Ok(Some(event.into_raw())) };
        // What cannot be read is nothing that the caller could act on.
        let verdict = self.screen.judge(data.as_bytes()).unwrap_or(Verdict::Withheld);
        Ok(Some(match verdict {
            Verdict::Passed => event.into_raw(),
            Verdict::Changed(shown) => event.with_data(Some(&shown)),
            Verdict::Withheld => event.with_data(None),
            Verdict::Declined(answer) => {
                if let Some(decline) = &self.decline {
                    decline.say(answer);
                }
                event.with_data(None)
            }
        }))
    }
}

impl http_body::Body for Screened {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            match this.next() {
                Ok(Some(event)) => return Poll::Ready(Some(Ok(Frame::data(event)))),
                Ok(None) => {}
                Err(error) => {
                    this.ended = true;
                    tracing::info!(server = this.screen.server.name(), %error, "a stream was broken off");
                    return Poll::Ready(Some(Err(error.into())));
                }
            }
            match ready!(Pin::new(&mut this.body).poll_frame(cx)).transpose()? {
                // Trailers say nothing here.
                Some(frame) => {
                    let data = frame.into_data().unwrap_or_default();
                    if let Err(error) = this.reader.push(&data) {
                        this.ended = true;
                        return Poll::Ready(Some(Err(error.into())));
                    }
                }
                None => this.ended = true,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

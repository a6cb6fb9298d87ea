//! What a service, or whoever stands in its way, may answer instead.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::Response;
use hyper::body::Frame;

use super::catalogue::Published;

/// One way to misbehave, for every request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// This status, with `Retry-After` if there is one.
    Status(u16, Option<String>),
    /// A redirect to this address.
    Redirect(String),
    /// Nothing, ever.
    Silence,
    /// The document, one byte a second.
    Drip,
    /// Zeros without end.
    Endless,
    /// The document with half of its body, and a length that promises the whole.
    Truncated,
    /// This body with the document's own header fields.
    Poisoned(Vec<u8>),
    /// This body, without saying how long it is.
    Unannounced(Vec<u8>),
    /// The document, with more header fields than any service sends.
    Headers,
}

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

const SECOND: Duration = Duration::from_secs(1);

impl Fault {
    pub(super) async fn respond(self, published: Option<Published>) -> Response<Body> {
        let Some(published) = published else { return status(404) };
        match self {
            Self::Status(code, retry_after) => {
                let mut response = status(code);
                if let Some(value) = retry_after {
                    let value = value.parse().expect("a header value");
                    response.headers_mut().insert(hyper::header::RETRY_AFTER, value);
                }
                response
            }
            Self::Redirect(location) => {
                let mut response = status(302);
                let location = location.parse().expect("a header value");
                response.headers_mut().insert(hyper::header::LOCATION, location);
                response
            }
            Self::Silence => std::future::pending().await,
            Self::Drip => with_body(&published, drip(published.body.clone())),
            Self::Endless => with_body(&published, endless()),
            Self::Truncated => truncated(&published),
            Self::Poisoned(body) => genuine(&Published { body, ..published }),
            Self::Unannounced(body) => with_body(&published, unannounced(body)),
            Self::Headers => {
                let mut response = genuine(&published);
                for number in 0..100 {
                    let name = format!("x-{number}").parse::<hyper::header::HeaderName>();
                    response
                        .headers_mut()
                        .insert(name.expect("a name"), "x".parse().expect("a value"));
                }
                response
            }
        }
    }
}

/// The document as it should be.
pub(super) fn genuine(published: &Published) -> Response<Body> {
    let body = Full::new(Bytes::from(published.body.clone())).boxed_unsync();
    with_body(published, body)
}

/// An answer without a body.
pub(super) fn status(code: u16) -> Response<Body> {
    let mut response = Response::new(Full::default().boxed_unsync());
    *response.status_mut() = code.try_into().expect("a status");
    response
}

fn with_body(published: &Published, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    if let Some((name, value)) = &published.issuer_chain {
        let value = value.parse().expect("percent-encoded text");
        response.headers_mut().insert(*name, value);
    }
    response
}

fn drip(body: Vec<u8>) -> Body {
    let frames = stream::unfold(body.into_iter(), |mut rest| async {
        tokio::time::sleep(SECOND).await;
        let byte = rest.next()?;
        Some((Ok(Frame::data(Bytes::from(vec![byte]))), rest))
    });
    StreamBody::new(frames).boxed_unsync()
}

fn unannounced(body: Vec<u8>) -> Body {
    let frame = Ok(Frame::data(Bytes::from(body)));
    StreamBody::new(stream::once(std::future::ready(frame))).boxed_unsync()
}

fn endless() -> Body {
    let frames = stream::repeat_with(|| Ok(Frame::data(Bytes::from(vec![0; 16 * 1024]))));
    StreamBody::new(frames).boxed_unsync()
}

fn truncated(published: &Published) -> Response<Body> {
    let half = published.body[..published.body.len() / 2].to_vec();
    let mut response = with_body(published, Full::new(Bytes::from(half)).boxed_unsync());
    let length = published.body.len().to_string().parse().expect("a number");
    response.headers_mut().insert(hyper::header::CONTENT_LENGTH, length);
    response
}

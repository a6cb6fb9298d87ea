//! A request's body that can be read again, as long as little of it was read.
//!
//! A request that certainly was not delivered may be sent again on another channel. Its body is a
//! stream, so what was read of it is kept, up to a bound; a body of which more was read than that
//! cannot be sent again.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cloister_gateway::{Body, BodyError, boxed};
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};

use crate::limits::REPLAY_BYTES_MAX;

/// Keeps one body, and what was read of it.
#[derive(Clone)]
pub(super) struct Tape(Arc<Mutex<Recording>>);

struct Recording {
    source: Body,
    pieces: Vec<Piece>,
    bytes: usize,
    /// More was read than is kept, or nobody will ask again.
    lost: bool,
    /// Which reader may read. Those before it are cut off.
    reader: u64,
}

#[derive(Clone)]
enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
}

/// A later reader took over.
#[derive(Debug, thiserror::Error)]
#[error("the request is being sent again on another channel")]
struct TakenOver;

impl Tape {
    pub(super) fn new(source: Body) -> Self {
        let recording = Recording { source, pieces: Vec::new(), bytes: 0, lost: false, reader: 0 };
        Self(Arc::new(Mutex::new(recording)))
    }

    /// The body from its beginning; `None` if that is not known any more. Readers before it end.
    pub(super) fn play(&self) -> Option<Body> {
        let mut recording = lock(&self.0);
        if recording.lost {
            return None;
        }
        recording.reader = recording.reader.saturating_add(1);
        let reader = Reader { tape: Arc::clone(&self.0), number: recording.reader, at: 0 };
        Some(boxed(reader))
    }

    /// Whether [`Self::play`] has a body to give.
    pub(super) fn can_play(&self) -> bool {
        !lock(&self.0).lost
    }

    /// Keeps nothing from now on: the request was delivered.
    pub(super) fn stop(&self) {
        lock(&self.0).lose();
    }
}

impl Recording {
    fn lose(&mut self) {
        self.lost = true;
        self.pieces = Vec::new();
    }

    fn keep(&mut self, piece: Piece) {
        if let Piece::Data(data) = &piece {
            self.bytes = self.bytes.saturating_add(data.len());
        }
        if self.bytes > REPLAY_BYTES_MAX {
            self.lose();
        }
        if !self.lost {
            self.pieces.push(piece);
        }
    }

    /// The next frame of the source; kept if there is room.
    fn record(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = match ready!(Pin::new(&mut self.source).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                self.lose();
                return Poll::Ready(Some(Err(error)));
            }
            None => return Poll::Ready(None),
        };
        match frame.into_data().map_err(Frame::into_trailers) {
            Ok(data) => {
                self.keep(Piece::Data(data.clone()));
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Err(Ok(trailers)) => {
                self.keep(Piece::Trailers(trailers.clone()));
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            Err(Err(other)) => {
                self.lose();
                Poll::Ready(Some(Ok(other)))
            }
        }
    }
}

struct Reader {
    tape: Arc<Mutex<Recording>>,
    number: u64,
    /// Pieces that were read.
    at: usize,
}

impl http_body::Body for Reader {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let tape = Arc::clone(&self.tape);
        let mut recording = lock(&tape);
        if recording.reader != self.number {
            return Poll::Ready(Some(Err(TakenOver.into())));
        }
        let kept = recording.pieces.get(self.at).cloned();
        let frame = match kept {
            Some(Piece::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Piece::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            None => ready!(recording.record(cx)),
        };
        self.at = self.at.saturating_add(1);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let recording = lock(&self.tape);
        self.at >= recording.pieces.len() && recording.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let recording = lock(&self.tape);
        let kept = recording.pieces.iter().skip(self.at).map(|piece| match piece {
            Piece::Data(data) => u64::try_from(data.len()).unwrap_or(u64::MAX),
            Piece::Trailers(_) => 0,
        });
        let kept = kept.fold(0, u64::saturating_add);
        let rest = recording.source.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(kept));
        }
        hint.set_lower(rest.lower().saturating_add(kept));
        hint
    }
}

fn lock(tape: &Mutex<Recording>) -> MutexGuard<'_, Recording> {
    tape.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use cloister_gateway::{Body, full};
    use http_body::Body as _;
    use http_body_util::{BodyExt as _, StreamBody};

    use super::{Bytes, Frame, Tape};
    use crate::limits::REPLAY_BYTES_MAX;

    async fn read(body: Body) -> Result<Bytes, String> {
        body.collect().await.map(|all| all.to_bytes()).map_err(|error| error.to_string())
    }

    fn pieces(sizes: &[usize]) -> Body {
        let frames: Vec<_> = sizes
            .iter()
            .map(|size| Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![7; *size]))))
            .collect();
        cloister_gateway::boxed(StreamBody::new(futures_util::stream::iter(frames)))
    }

    #[tokio::test]
    async fn a_body_reads_the_same_again_from_wherever_its_reader_stopped() {
        for stop in 0..=3 {
            let tape = Tape::new(pieces(&[1, 2, 3]));
            let mut first = tape.play().unwrap();
            for _ in 0..stop {
                first.frame().await.unwrap().unwrap();
            }
            assert_eq!(read(tape.play().unwrap()).await.unwrap().len(), 6, "after {stop}");
        }
    }

    #[tokio::test]
    async fn only_the_latest_reader_reads() {
        let tape = Tape::new(full("body"));
        let (first, second) = (tape.play().unwrap(), tape.play().unwrap());
        assert!(read(first).await.unwrap_err().contains("another channel"));
        assert_eq!(read(second).await.unwrap(), "body");
    }

    #[tokio::test]
    async fn a_body_of_which_too_much_was_read_cannot_be_read_again() {
        let tape = Tape::new(pieces(&[REPLAY_BYTES_MAX, 1]));
        let mut first = tape.play().unwrap();
        first.frame().await.unwrap().unwrap();
        assert!(tape.play().is_some());
        let all = read(tape.play().unwrap()).await.unwrap();
        assert_eq!(all.len(), REPLAY_BYTES_MAX + 1, "the reader itself loses nothing");
        assert!(tape.play().is_none());
    }

    #[tokio::test]
    async fn nothing_is_kept_of_what_was_delivered() {
        let tape = Tape::new(full("body"));
        let reader = tape.play().unwrap();
        tape.stop();
        assert!(tape.play().is_none());
        assert_eq!(read(reader).await.unwrap(), "body");
    }

    #[tokio::test]
    async fn the_length_stays_known() {
        let tape = Tape::new(full("body"));
        let mut first = tape.play().unwrap();
        assert_eq!(first.size_hint().exact(), Some(4));
        first.frame().await.unwrap().unwrap();
        assert!(first.is_end_stream());
        let again = tape.play().unwrap();
        assert_eq!((again.size_hint().exact(), again.is_end_stream()), (Some(4), false));
    }
}

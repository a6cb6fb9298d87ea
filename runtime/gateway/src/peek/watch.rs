//! The rest of a body that was decided over by its head.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::Settled;
use crate::body::{Body, BodyError, boxed};
use crate::scan::{Scan, ScanError};

/// Tells why a body was broken off, if it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    broke: Arc<OnceLock<ScanError>>,
    goes_on: bool,
}

impl Watch {
    /// Reads on in whatever follows `head`, of which `pending` is the beginning.
    ///
    /// SECURITY: what names another task than was decided over is not forwarded, and with it the
    /// end of the body: no server can have understood it whole.
    pub(super) fn begin(head: Bytes, pending: Bytes, rest: Body, mut scan: Scan) -> Settled {
        let (said, watch) =
            (scan.settle(), Self { goes_on: !scan.is_complete(), ..Self::default() });
        let whole = (!watch.goes_on).then(|| head.clone());
        let body = Watched { head, pending, rest, scan, watch: watch.clone(), ended: false };
        Settled { said, body: boxed(body), whole, watch }
    }

    /// Why the body was broken off.
    pub(crate) fn broke(&self) -> Option<ScanError> {
        self.broke.get().copied()
    }

    /// Whether more of the message was to come when it was decided over.
    pub(crate) const fn goes_on(&self) -> bool {
        self.goes_on
    }
}

struct Watched {
    /// Read, and not yet forwarded.
    head: Bytes,
    /// Received, and not yet read.
    pending: Bytes,
    rest: Body,
    scan: Scan,
    watch: Watch,
    ended: bool,
}

impl Watched {
    fn read<T>(&mut self, result: Result<T, ScanError>) -> Result<T, BodyError> {
        result.map_err(|error| {
            self.ended = true;
            // Only the first counts, and after it nothing is read.
            let _first = self.watch.broke.set(error);
            error.into()
        })
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if !this.head.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(core::mem::take(&mut this.head)))));
        }
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            let data = if this.pending.is_empty() {
                match ready!(Pin::new(&mut this.rest).poll_frame(cx)).transpose()? {
                    Some(frame) => frame.into_data().unwrap_or_default(),
                    None => {
                        this.ended = true;
                        let end = this.scan.end();
                        this.read(end)?;
                        continue;
                    }
                }
            } else {
                core::mem::take(&mut this.pending)
            };
            let read = this.scan.feed(&data);
            this.read(read)?;
            if !data.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.head.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let here = u64::try_from(self.head.len().saturating_add(self.pending.len()));
        let (here, rest) = (here.unwrap_or(u64::MAX), self.rest.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(here));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(here));
        }
        hint
    }
}

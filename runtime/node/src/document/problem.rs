//! Why there is no document, as JSON: `{"code", "fault", "message", "remedy"}`.

use core::time::Duration;

use bytes::Bytes;
use cloister_attestation::code::{Code, Diagnostic};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::json;

cloister_attestation::codes! {
    /// There is nothing else here.
    PATH = "node.document.path", Caller, "",
        "Ask for GET /.well-known/cloister; agents are reached over a channel, with `cloister/1`.",
        "Without a client certificate a runtime answers only with its attestation document, by GET and under one path. Nothing that arrives this way reaches the agent.";
    /// The nonce is not one.
    NONCE = "node.document.nonce", Caller, "RFC 9334 section 10.1",
        "Pass nonce= and 64 hexadecimal digits that nobody has used before, and nothing else.",
        "Evidence is made for a nonce of 32 bytes, so that whoever asks knows that it is fresh. The query has another form.";
    /// More is asked for than the TEE is asked.
    BUSY = "node.document.busy", Caller, "RFC 6585 section 4",
        "Ask again after the time in the Retry-After header.",
        "Evidence costs the TEE's firmware time that is shared by everybody on the machine, so strangers get so much of it and no more.";
    /// Too many connections.
    CROWDED = "node.document.crowded", Caller, "",
        "Connect again in a while, and close connections that are done.",
        "Anybody may open a connection to ask for the attestation document, so there is room for a few at a time. A connection is closed by the runtime after half a minute.";
    /// The TEE gave none.
    EVIDENCE = "node.document.evidence", Operator, "",
        "Look at the runtime's log for what its TEE said.",
        "The TEE of this runtime gave no Evidence for the document. The lease and the certificate chain can still be asked for without a nonce.";
    /// The lease is gone.
    NOT_ADMITTED = "node.document.not_admitted", Operator, "",
        "Look at /readyz and the log for why this runtime has no live lease.",
        "The runtime has no live lease at the moment, and so nothing to show.";
}

/// No document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("there is nothing else here")]
    Path,
    #[error("the nonce is not 64 hexadecimal digits")]
    Nonce,
    #[error("Evidence was asked for too often")]
    Busy {
        /// How long until there is some again.
        wait: Duration,
    },
    #[error("the TEE gave no Evidence")]
    Evidence,
    #[error("this runtime is not admitted")]
    NotAdmitted,
}

impl Diagnostic for Problem {
    fn code(&self) -> &'static Code {
        match self {
            Self::Path => &PATH,
            Self::Nonce => &NONCE,
            Self::Busy { .. } => &BUSY,
            Self::Evidence => &EVIDENCE,
            Self::NotAdmitted => &NOT_ADMITTED,
        }
    }
}

impl Problem {
    const fn status(self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Nonce => StatusCode::BAD_REQUEST,
            Self::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Evidence | Self::NotAdmitted => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(super) fn response(self) -> Response<Full<Bytes>> {
        let code = self.code();
        let body = json!({
            "code": code.id,
            "fault": code.fault.to_string(),
            "message": self.to_string(),
            "remedy": code.remedy,
        });
        let mut response = super::answer::json(self.status(), body.to_string());
        if let Self::Busy { wait } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs(wait)));
        }
        response
    }
}

/// Whole seconds, never too few.
fn secs(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use http::header;

    use super::{Problem, secs};

    #[test]
    fn whoever_is_told_to_wait_is_told_long_enough() {
        let told = [0, 1, 1000, 1001].map(|ms| secs(Duration::from_millis(ms)));
        assert_eq!(told, [0, 1, 1, 2]);
        let busy = Problem::Busy { wait: Duration::from_millis(1500) }.response();
        assert_eq!(
            (busy.status().as_u16(), &busy.headers()[header::RETRY_AFTER]),
            (429, &"2".parse().unwrap())
        );
        assert!(!Problem::Path.response().headers().contains_key(header::RETRY_AFTER));
    }
}

//! `cloister verify`: a runtime on the network, asked what it is, and all of its answer judged.
//!
//! ```text
//!   nonce --> connection --> Seen { document, certificates, exporter }
//!   file, Verifier --> Trust                |
//!   policy, Reference Values --> Demands    |
//!                     '----------------> judgement --> Verdict --> as `evidence verify` tells it
//! ```

pub(crate) mod codes;
pub(crate) mod connection;
mod error;
mod judgement;
pub(crate) mod print;
pub(crate) mod trust;

use core::future::Future;

use cloister_attestation::bytes::Nonce;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::publication::TcbUpdate;
use cloister_attestation::verify::Endorsements;

use crate::answer::Answer;
use crate::arguments::RemoteArguments;
use crate::bundle::Online;
use crate::evidence::Demands;
use crate::operator::settings::address;

pub(crate) use codes::CODES;
use connection::Seen;
pub(crate) use error::RemoteError;
use judgement::Judge;
use trust::Trust;

/// Does what `cloister verify` asks for.
pub(crate) fn run(arguments: &RemoteArguments) -> Answer {
    attempt(arguments).unwrap_or_else(|error| Answer::error(error.exit(), &error))
}

fn attempt(arguments: &RemoteArguments) -> Result<Answer, RemoteError> {
    let url = address(&arguments.url)?;
    let demands = Demands::judged_by(None, &arguments.by)?;
    let trust = Trust::of(arguments, &demands)?;
    let nonce = nonce()?;
    let online = Online::new(&arguments.fetch, TcbUpdate::Standard, &demands.anchors)?;
    let seen = block_on(connection::ask(&url, nonce))?;
    let complete = |evidence: &Evidence, given: Endorsements| match &online {
        Some(online) => online.complete(evidence, given, demands.at).endorsements,
        None => given,
    };
    let judge = Judge { trust: &trust, demands: &demands, complete: &complete };
    let (verdict, lease) = judge.judge(&seen, &arguments.agent);
    Ok(print::answer(&seen, lease.as_ref(), &verdict, &demands))
}

/// Runs `task` to its end on this thread.
fn block_on<T>(task: impl Future<Output = Result<T, RemoteError>>) -> Result<T, RemoteError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RemoteError::Process)?
        .block_on(task)
}

/// A number that nobody else knows and nobody used before.
///
/// # Errors
/// [`RemoteError::Random`].
pub(crate) fn nonce() -> Result<Nonce, RemoteError> {
    let mut bytes = [0; Nonce::LEN];
    getrandom::fill(&mut bytes).map_err(|_| RemoteError::Random)?;
    Ok(Nonce::new(bytes))
}

//! Admissions at a Verifier, over evidence verification alone.
//!
//! *Per second and core* is measured as processor time: what the whole process takes, in user and
//! in kernel mode, in all of its threads, for one admission. A core that does nothing else has one
//! second of it a second. What the disk makes a writer wait is no core's time, and is there all the
//! same: every admission is answered only once it is durable, and enough of them are under way that
//! the processor has work meanwhile.
//!
//! The reference verifies the very same Evidence, from the envelope's bytes on, on as many threads
//! as there are processors. The simulator signs its certificates anew for every request, so that
//! both verify the chain as well as the report: each admission is the first one of a machine.

mod enclave;
mod verifier;

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use cloister_api::v1;
use cloister_api::v1::attest_response::Outcome;
use cloister_attestation::anchor::Anchors;
use cloister_attestation::cache::EndorsementCache;
use cloister_attestation::envelope::Envelope;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::snp::CertificateTable;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::Endorsements;
use tokio::task::JoinSet;

use crate::timing::{Measured, Turn, processor_micros, turns};
use verifier::Verifier;

/// When the simulator issues its certificates, and an hour later.
const ISSUED: UnixTime = UnixTime::from_secs(1_790_000_000);
const NOW: UnixTime = UnixTime::from_secs(1_790_003_600);

/// Runtimes that ask at once.
const AT_ONCE: usize = 64;
/// Leases that each of them asks for, one after the other, in one turn.
const EACH: usize = 4;

/// Processor time of an admission over that of evidence verification alone.
pub(crate) fn issue() -> Result<Measured> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let verifier = runtime.block_on(Verifier::open())?;
    let reference = Reference::new(verifier.anchors().clone());
    let mut rates = Vec::new();
    let mut measured = turns(String::new(), || {
        let requests = verifier.requests(AT_ONCE * EACH)?;
        let evidence: Vec<Vec<u8>> = requests.iter().map(|it| it.evidence.clone()).collect();
        let began = Instant::now();
        let own = per_one(evidence.len(), || runtime.block_on(verifier.admit(requests)))?;
        rates.push(count(evidence.len()) / began.elapsed().as_secs_f64());
        let reference = per_one(evidence.len(), || reference.verify(&evidence))?;
        Ok(Turn { own, reference })
    })?;
    runtime.block_on(verifier.close());
    rates.sort_by(f64::total_cmp);
    let rate = rates.get(rates.len() / 2).context("turns")?;
    measured.input = format!("SNP, {AT_ONCE} at once, {rate:.0}/s");
    Ok(measured)
}

/// Processor time of `work` for each of `n`, in microseconds.
fn per_one(n: usize, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let began = processor_micros()?;
    work()?;
    Ok((processor_micros()? - began) / count(n))
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from)
}

impl Verifier {
    /// One request for each of `n` fresh challenges.
    fn requests(&self, n: usize) -> Result<Vec<v1::AttestRequest>> {
        (0..n).map(|at| self.enclave(at % AT_ONCE)?.request(self.challenge()?)).collect()
    }

    /// Admits all of them, [`AT_ONCE`] at a time.
    async fn admit(&self, requests: Vec<v1::AttestRequest>) -> Result<()> {
        let mut runtimes: Vec<Vec<v1::AttestRequest>> = vec![Vec::new(); AT_ONCE];
        for (at, request) in requests.into_iter().enumerate() {
            runtimes.get_mut(at % AT_ONCE).context("a runtime")?.push(request);
        }
        let mut asking = JoinSet::new();
        for requests in runtimes {
            let admission = Arc::clone(self.admission());
            asking.spawn(async move {
                for request in requests {
                    match admission.attest(request).await?.outcome {
                        Some(Outcome::Admitted(_)) => {}
                        other => bail!("not admitted: {other:?}"),
                    }
                }
                Ok(())
            });
        }
        while let Some(asked) = asking.join_next().await {
            asked??;
        }
        Ok(())
    }
}

/// Evidence verification alone.
struct Reference {
    cache: EndorsementCache,
    anchors: Anchors,
    threads: usize,
}

impl Reference {
    fn new(anchors: Anchors) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { cache: EndorsementCache::default(), anchors, threads }
    }

    fn verify(&self, evidence: &[Vec<u8>]) -> Result<()> {
        let share = evidence.len().div_ceil(self.threads);
        std::thread::scope(|scope| {
            let threads = evidence.chunks(share).map(|share| {
                scope.spawn(move || share.iter().try_for_each(|envelope| self.verify_one(envelope)))
            });
            let threads: Vec<_> = threads.collect();
            threads.into_iter().try_for_each(|it| it.join().ok().context("a thread panicked")?)
        })
    }

    fn verify_one(&self, envelope: &[u8]) -> Result<()> {
        let envelope = Envelope::decode(envelope)?;
        let evidence = Evidence::from_envelope(&envelope)?;
        let Evidence::Snp(report) = &evidence else { bail!("a report of SEV-SNP") };
        let table = CertificateTable::parse(envelope.certificates.as_deref().unwrap_or_default())?;
        let with = Endorsements::Snp(table.endorsements(report));
        let verified = self.cache.verify(evidence, &with, &self.anchors, NOW)?;
        ensure!(verified.simulator().is_some(), "a simulator signed");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, Reference, Verifier};

    #[test]
    fn what_is_measured_is_admitted_and_on_record() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let verifier = Verifier::open().await.unwrap();
            let requests = verifier.requests(AT_ONCE * 2).unwrap();
            let evidence: Vec<_> = requests.iter().map(|it| it.evidence.clone()).collect();
            verifier.admit(requests.clone()).await.unwrap();
            assert_eq!(verifier.admitted().await.unwrap(), u64::try_from(AT_ONCE * 2).unwrap());
            assert!(verifier.admit(requests).await.is_err(), "a challenge buys one lease");
            Reference::new(verifier.anchors().clone()).verify(&evidence).unwrap();
            verifier.close().await;
        });
    }

    #[test]
    fn the_reference_refuses_what_it_cannot_verify() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let verifier = runtime.block_on(Verifier::open()).unwrap();
        let evidence = verifier.requests(1).unwrap().remove(0).evidence;
        let vendor = cloister_attestation::anchor::Anchors::vendor();
        assert!(Reference::new(vendor).verify(&[evidence]).is_err());
    }
}

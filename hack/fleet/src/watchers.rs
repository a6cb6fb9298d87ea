//! The Verifier's record and its stream of events, with a watcher for each runtime: the service's
//! own code over a database, without the network.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use cloister_attestation::bytes::{Digest48, HostData, Nonce};
use cloister_attestation::policy::AnchorPolicy;
use cloister_attestation::reference::{LaunchShape, ReferenceTuple};
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::{self, VerifiedLease};
use cloister_channel::{IdentityKey, TrustBundle, TrustDomain};
use cloister_domain::world::World;
use cloister_verifier::Clock;
use cloister_verifier::registry::{Pace, Registry, Watched};
use cloister_verifier::state::{Directory, Keys};
use cloister_verifier::store::{Admitted, Operation, Outcome, Store, Verdict};
use cloister_verifier::trust::Trust;
use serde::Serialize;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::meter::{self, each_ms, measured, number};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
/// One runtime in so many is revoked in a storm.
const STORM: usize = 100;

/// What it takes to tell everybody.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Watchers {
    /// Processor time to put one lease on record, milliseconds.
    pub(crate) record_ms: f64,
    /// Resident memory of one watcher, without its connection, KiB.
    pub(crate) memory_kib: f64,
    /// One revocation, told to everybody.
    pub(crate) revocation: Told,
    /// A hundredth of the fleet revoked at once, told to everybody.
    pub(crate) storm: Told,
    /// The trust bundle before, and after the storm.
    pub(crate) bundles: [Bundle; 2],
}

/// Events on their way to all watchers.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Told {
    pub(crate) events: usize,
    pub(crate) messages: usize,
    /// Processor time at the Verifier, milliseconds, with that of taking the messages.
    pub(crate) cpu_ms: f64,
    /// From the request to revoke until the last watcher had the last message, milliseconds on the
    /// clock.
    pub(crate) until_ms: f64,
}

/// A trust bundle on its way.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Bundle {
    pub(crate) revoked: usize,
    pub(crate) bytes: usize,
    /// To read the record and sign, milliseconds.
    pub(crate) make_ms: f64,
    /// To verify and read, milliseconds.
    pub(crate) read_ms: f64,
}

pub(crate) fn run(nodes: u32, lease: Duration) -> anyhow::Result<Watchers> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let service = Service::open(lease).await?;
        service.measure(usize::try_from(nodes)?).await
    })
}

struct Service {
    _folder: tempfile::TempDir,
    keys: Arc<Keys>,
    store: Store,
    trust: Trust,
    registry: Registry,
    world: World,
    lease: Duration,
}

impl Service {
    async fn open(lease: Duration) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let world = World::new();
        let domain: TrustDomain = world.domain.clone();
        let directory = Directory::open(&folder.path().join("data"))?;
        let keys = Arc::new(Keys::open(&directory, &domain, lease, NOW)?);
        let store = Store::open(&directory.path("verifier.sqlite"), &domain, NOW).await?;
        let trust = Trust::new(domain, AnchorPolicy::Vendor, Arc::clone(&keys), store.clone());
        let (clock, stopping) = (Clock::from_fn(|| NOW), CancellationToken::new());
        let registry =
            Registry::new(store.clone(), trust.clone(), clock, Pace::default(), stopping);
        Ok(Self { _folder: folder, keys, store, trust, registry, world, lease })
    }

    async fn measure(&self, nodes: usize) -> anyhow::Result<Watchers> {
        let used = meter::processor();
        let leases = self.admit(nodes).await?;
        let recorded = meter::processor().saturating_sub(used);
        let before = meter::resident()?;
        let mut watching: Vec<_> =
            leases.into_iter().map(|lease| self.registry.watch(lease, 0)).collect();
        // The first item of each is a heartbeat: it is there, and waits.
        for watched in &mut watching {
            item(watched).await?;
        }
        let memory_kib = (meter::resident()? - before) / number(nodes);
        let few = self.bundle().await?;
        let one = self.told(&mut watching, &single()).await?;
        let storm = self.told(&mut watching, &doomed()).await?;
        let bundles = [few, self.bundle().await?];
        let record_ms = each_ms(recorded, nodes);
        Ok(Watchers { record_ms, memory_kib, revocation: one, storm, bundles })
    }

    /// Puts a lease on record for each of so many runtimes.
    async fn admit(&self, nodes: usize) -> anyhow::Result<Vec<VerifiedLease>> {
        let tuples = [tuple("lasting"), doomed(), single()];
        let operation = operation("image.admit");
        let admitted = self.store.admit_images(&tuples, &operation).await?;
        admitted.map_err(|digest| anyhow::anyhow!("{digest} was revoked"))?;
        let trust = self.trust.bundle(NOW).await?;
        let trust = TrustBundle::from_wire(&trust, AnchorPolicy::Vendor)?;
        let mut leases = Vec::with_capacity(nodes);
        for number in 0..nodes {
            let image = match number {
                0 => single(),
                _ if number % STORM == 0 => doomed(),
                _ => tuple("lasting"),
            };
            leases.push(self.admit_one(number, &image, &trust).await?);
        }
        Ok(leases)
    }

    async fn admit_one(
        &self,
        number: usize,
        image: &ReferenceTuple,
        trust: &TrustBundle,
    ) -> anyhow::Result<VerifiedLease> {
        let (identity, agent) = (IdentityKey::generate()?, format!("node-{number}"));
        let channel_key = Digest48::sha384(agent.as_bytes());
        let mut claims = self.world.claims(&agent, *identity.thumbprint(), channel_key);
        claims.issued_at = NOW;
        claims.expires_at = NOW.plus(self.lease);
        let signed = self.keys.leases.ring().signer().sign(&claims)?;
        let mut nonce = [0; 32];
        nonce[..8].copy_from_slice(&u64::try_from(number)?.to_be_bytes());
        let admitted = Admitted {
            nonce: Nonce::new(nonce),
            nonce_expires_at: claims.expires_at,
            instance: claims.instance().to_string(),
            agent: agent.clone(),
            tuple: image.digest(),
            endpoint: "192.0.2.1:4500".to_owned(),
            simulated: false,
            tier: claims.tier.to_string(),
            platform: "chip".to_owned(),
            not_asserted: claims.not_asserted.clone(),
            machine: None,
            log: None,
            lease_expires_at: claims.expires_at,
            policy_epoch: claims.policy_epoch,
            takes_policies: false,
            verdict: Verdict {
                at: NOW,
                outcome: Outcome::Admitted,
                agent: Some(agent),
                instance: None,
                evidence: String::new(),
                detail: "{}".to_owned(),
            },
        };
        let objection = self.store.admit(admitted).await?;
        objection.map_err(|objection| anyhow::anyhow!("not on record: {objection:?}"))?;
        Ok(lease::verify(&signed, trust, NOW)?)
    }

    /// Revokes an image, and waits until every watcher has heard of each of its instances. Those
    /// hear of themselves last.
    async fn told(
        &self,
        watching: &mut Vec<Receiver<Watched>>,
        image: &ReferenceTuple,
    ) -> anyhow::Result<Told> {
        let newest = *self.store.newest_event().borrow();
        let (used, began) = (meter::processor(), Instant::now());
        let operation = operation("image.revoke");
        let revoked = self.store.revoke_image(&image.digest(), "image.revoked", &operation).await?;
        let (_, events) = revoked.context("the image was admitted")?;
        let last = newest + u64::from(events);
        let mut hearing = JoinSet::new();
        for watched in watching.drain(..) {
            hearing.spawn(until(watched, last));
        }
        let mut messages = 0;
        while let Some(heard) = hearing.join_next().await {
            let (watched, heard) = heard??;
            messages += heard;
            watching.extend(watched);
        }
        Ok(Told {
            events: usize::try_from(events)?,
            messages,
            cpu_ms: each_ms(meter::processor().saturating_sub(used), 1),
            until_ms: each_ms(began.elapsed(), 1),
        })
    }

    async fn bundle(&self) -> anyhow::Result<Bundle> {
        let used = meter::processor();
        let wire = self.trust.bundle(NOW).await?;
        let made = meter::processor().saturating_sub(used);
        let (read, reading) = measured(|| TrustBundle::from_wire(&wire, AnchorPolicy::Vendor));
        read?;
        Ok(Bundle {
            revoked: self.store.revoked(NOW).await?.0.len(),
            bytes: prost::Message::encoded_len(&wire),
            make_ms: each_ms(made, 1),
            read_ms: each_ms(reading, 1),
        })
    }
}

/// Reads to the event with number `last`, or to the end of the stream: the watcher if it goes on,
/// and how many messages there were.
async fn until(
    mut watched: Receiver<Watched>,
    last: u64,
) -> anyhow::Result<(Option<Receiver<Watched>>, usize)> {
    let mut messages = 0;
    loop {
        match watched.recv().await {
            Some(Ok(event)) => {
                // A heartbeat repeats a number.
                messages += 1;
                if event.sequence >= last {
                    return Ok((Some(watched), messages));
                }
            }
            // Its own revocation was the last that it heard.
            Some(Err(_)) | None => return Ok((None, messages)),
        }
    }
}

async fn item(watched: &mut Receiver<Watched>) -> anyhow::Result<()> {
    let first = watched.recv().await.context("a watch ended at once")?;
    first.map_err(|end| anyhow::anyhow!("a watch ended at once: {end:?}")).map(drop)
}

fn single() -> ReferenceTuple {
    tuple("single")
}

fn doomed() -> ReferenceTuple {
    tuple("doomed")
}

fn tuple(version: &str) -> ReferenceTuple {
    ReferenceTuple {
        image: "agent".into(),
        version: version.into(),
        manifest: Digest48::sha384(b"manifest"),
        shape: LaunchShape::Snp {
            measurement: Digest48::sha384(version.as_bytes()),
            host_data: HostData::new([0; 32]),
        },
    }
}

fn operation(action: &'static str) -> Operation {
    Operation { at: NOW, action, subject: String::new(), detail: String::new() }
}

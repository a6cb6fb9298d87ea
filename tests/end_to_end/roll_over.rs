//! Roll-over of an image with running runtimes: publisher, operator, both versions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cloister_attestation::corim::{ImageRim, PublisherSigningKey, Validity};
use cloister_attestation::key::SigningKey;
use cloister_attestation::reference::ReferenceValues;
use cloister_attestation::time::UnixTime;
use cloister_devnet::enclave::{Agents, Enclave, Hardware, Host, Image};
use cloister_devnet::verifier::Verifier;

const LEASE: Duration = Duration::from_secs(8);
/// Longer than a lease, so that the old version renews while both are admitted.
const OVERLAP: &str = "24s";
/// How long to wait before the test gives up. Not a promise.
const PATIENCE: Duration = Duration::from_secs(90);
/// Far ahead of every run.
const UNTIL: UnixTime = UnixTime::from_secs(4_000_000_000);

/// One who publishes images: a key, and the file with its public half.
struct Publisher {
    key: PublisherSigningKey,
    public: PathBuf,
}

impl Publisher {
    fn new(folder: &Path) -> Self {
        let (key, public) = (SigningKey::generate().unwrap(), folder.join("publisher.pub"));
        std::fs::write(&public, key.public().to_pem()).unwrap();
        Self { key: key.into(), public }
    }

    /// A CoRIM of one version, signed.
    fn publish(&self, image: &Image, version: &str, replaces: &[&str]) -> (PathBuf, PathBuf) {
        let json = image.reference_values().unwrap();
        let values = ReferenceValues::from_json(&std::fs::read(&json).unwrap()).unwrap();
        let rim = ImageRim {
            values: ReferenceValues { version: version.to_owned(), ..values },
            revision: 0,
            replaces: replaces.iter().map(ToString::to_string).collect(),
            validity: Validity { not_before: None, not_after: UNTIL },
        };
        let corim = json.with_extension(version);
        std::fs::write(&corim, rim.sign(&self.key, "images.test").unwrap()).unwrap();
        (corim, self.public.clone())
    }
}

/// What `cloister image admit` says.
async fn admit(
    verifier: &Verifier,
    (corim, publisher): &(PathBuf, PathBuf),
    words: &[&str],
) -> anyhow::Result<serde_json::Value> {
    let (corim, publisher) = (corim.display().to_string(), publisher.display().to_string());
    let words = [&["image", "admit", &corim, "--publisher", &publisher], words].concat();
    verifier.cli(&words).await
}

async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let reaching = async {
        while !reached().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, reaching).await.is_ok(), "{what}: not yet");
}

async fn renews(enclave: &Enclave) {
    let before = enclave.lease().await.unwrap().id;
    until("a renewal", async || enclave.lease().await.is_ok_and(|lease| lease.id != before)).await;
}

#[tokio::test]
async fn an_image_of_yesterday_is_refused_once_the_stated_time_has_passed() {
    let host = Host::start(Agents::Rust).await.unwrap();
    let verifier = Verifier::with_lease(&host, LEASE).await.unwrap();
    let yesterday = Image::build(&host, &verifier, "translator", &[]).unwrap();
    let publisher = Publisher::new(host.dir());
    let first = publisher.publish(&yesterday, "1.0.0", &[]);
    admit(&verifier, &first, &[]).await.unwrap();
    let old = Enclave::boot(&host, &verifier, &yesterday, Hardware::SnpMilan).await.unwrap();
    assert_eq!(old.lease().await.unwrap().version, "1.0.0");

    let today = Image::build(&host, &verifier, "translator", &[]).unwrap();
    let today = today.of_version("1.1.0").unwrap();
    let second = publisher.publish(&today, "1.1.0", &["1.0.0"]);
    let unstated = admit(&verifier, &second, &[]).await.unwrap_err().to_string();
    assert!(unstated.contains("--overlap"), "{unstated}");
    let forged = (second.0.clone(), second.0.with_extension("pub"));
    std::fs::write(&forged.1, SigningKey::generate().unwrap().public().to_pem()).unwrap();
    let forged = admit(&verifier, &forged, &["--overlap", OVERLAP]).await.unwrap_err().to_string();
    assert!(forged.contains("corim.signature"), "{forged}");
    let rolled = admit(&verifier, &second, &["--overlap", OVERLAP]).await.unwrap();
    assert_eq!(rolled["replaced"][0]["version"], "1.0.0", "{rolled}");

    let new = Enclave::boot(&host, &verifier, &today, Hardware::SnpMilan).await.unwrap();
    assert_eq!(new.lease().await.unwrap().version, "1.1.0");
    renews(&old).await;
    until("the end of the old image", async || {
        old.log().is_ok_and(|log| log.contains("the lease is gone"))
    })
    .await;
    renews(&new).await;
    let refused = Enclave::boot_expecting_refusal(&host, &verifier, &yesterday, Hardware::SnpMilan);
    let findings = refused.await.unwrap();
    assert!(findings.iter().any(|it| it.id == "image.retired"), "{findings:?}");
    renews(&new).await;
}

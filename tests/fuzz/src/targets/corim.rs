//! CoRIM: what publishers of images sign, and anybody's.

use std::sync::LazyLock;

use cloister_attestation::bytes::{Digest48, HostData};
use cloister_attestation::corim::{
    Comid, Corim, ImageRim, PublisherKey, PublisherSigningKey, SignedCorim, Validity,
};
use cloister_attestation::key::SigningKey;
use cloister_attestation::limits::CORIM_BYTES_MAX;
use cloister_attestation::reference::{LaunchShape, ReferenceValues};

use super::{QUICK, outcome, twice};
use crate::world::NOW;
use crate::{Outcome, Target};

const BYTES_MAX: usize = 16 * 1024;

pub(super) const CORIM: Target = Target {
    name: "corim",
    run: corim,
    seeds: || vec![encoded()],
    bytes_max: BYTES_MAX,
    quick_inputs: QUICK,
};

pub(super) const SIGNED_CORIM: Target = Target {
    name: "signed-corim",
    run: signed_corim,
    seeds: || vec![WORLD.signed.clone()],
    bytes_max: BYTES_MAX,
    quick_inputs: QUICK,
};

pub(super) const PUBLISHER_KEY: Target = Target {
    name: "publisher-key",
    run: publisher_key,
    seeds: || vec![P256.as_bytes().to_vec(), P384.as_bytes().to_vec()],
    bytes_max: 1024,
    quick_inputs: QUICK,
};

/// What is read as an image under the profile is the one encoding of that image.
fn corim(data: &[u8]) -> Outcome {
    let (corim, comid) = (twice(data, Corim::parse), twice(data, Comid::parse));
    if corim.is_some() || comid.is_some() {
        assert!(data.len() <= CORIM_BYTES_MAX);
    }
    if let Some(rim) = twice(data, ImageRim::decode) {
        assert!(corim.is_some(), "an image that is no corim");
        assert_eq!(rim.encode().expect("it was decoded"), data);
    }
    if corim.is_some() { outcome(&corim) } else { outcome(&comid) }
}

/// Whatever verifies says what the publisher signed.
fn signed_corim(data: &[u8]) -> Outcome {
    let parsed = twice(data, SignedCorim::parse);
    let verified = parsed.as_ref().and_then(|it| it.verified_by(&WORLD.publisher, NOW).ok());
    if let Some(verified) = &verified {
        assert_eq!(verified, &rim(), "nobody signed this");
    }
    let unsigned = parsed.map(|it| it.dangerous_unverified());
    assert!(verified.is_none() || matches!(unsigned, Some(Ok(_))));
    outcome(&verified)
}

/// A key that is accepted is a P-256 or P-384 key to an independent reader too.
fn publisher_key(data: &[u8]) -> Outcome {
    let Ok(text) = core::str::from_utf8(data) else { return Outcome::Refused };
    let key = PublisherKey::from_pem(text);
    if key.is_ok() {
        let (label, der) = pem_rfc7468::decode_vec(text.trim().as_bytes()).expect("PEM");
        assert_eq!((label, matches!(der.len(), 91 | 120)), ("PUBLIC KEY", true));
        assert!(PublisherKey::from_spki(&der).is_ok());
    }
    outcome(&key.ok())
}

/// What the publisher signed.
struct World {
    publisher: PublisherKey,
    signed: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let key = PublisherSigningKey::from(SigningKey::generate().expect("randomness"));
    let publisher = key.public().expect("its own key");
    World { publisher, signed: rim().sign(&key, "example.org").expect("an image") }
});

fn rim() -> ImageRim {
    let digest = |text: &str| Digest48::sha384(text.as_bytes());
    let snp = LaunchShape::Snp { measurement: digest("launch"), host_data: HostData::new([3; 32]) };
    let tdx = LaunchShape::Tdx {
        mr_td: digest("mr_td"),
        rtmr: ["0", "1", "2", "3"].map(digest),
        mr_config_id: digest("config"),
        mr_owner: digest("owner"),
        mr_owner_config: digest("owner config"),
    };
    ImageRim {
        values: ReferenceValues {
            image: "translator".to_owned(),
            version: "1.2.0".to_owned(),
            manifest: digest("manifest"),
            shapes: vec![snp, tdx],
        },
        revision: 4,
        replaces: vec!["1.1.0".to_owned()],
        validity: Validity { not_before: Some(NOW), not_after: NOW },
    }
}

fn encoded() -> Vec<u8> {
    rim().encode().expect("an image")
}

// The generators of both curves.
const P256: &str = "-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n\
-----END PUBLIC KEY-----\n";
const P384: &str = "-----BEGIN PUBLIC KEY-----\n\
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEqofKIr6LBTeOscce8yCtdG4dO2KLp5uY\n\
WfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3NhfeSpYmLG9dnpi/kpLcKfj0Hb0omhR8\n\
6doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f\n\
-----END PUBLIC KEY-----\n";

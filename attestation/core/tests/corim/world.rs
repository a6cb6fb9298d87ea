//! An image to publish.

use cloister_attestation::bytes::{Digest48, HostData};
use cloister_attestation::corim::{
    CorimError, ImageRim, PublisherKey, PublisherSigningKey, SignedCorim, Validity,
};
use cloister_attestation::key::SigningKey;
use cloister_attestation::reference::{LaunchShape, ReferenceValues};
use cloister_attestation::time::UnixTime;
use cloister_attestation::tpm::{MeasuredPcr, MeasuredPcrs};

pub(crate) const FROM: UnixTime = UnixTime::from_secs(1_790_000_000);
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_790_000_500);
pub(crate) const UNTIL: UnixTime = UnixTime::from_secs(1_790_001_000);

pub(crate) fn digest(text: &str) -> Digest48 {
    Digest48::sha384(text.as_bytes())
}

fn snp() -> LaunchShape {
    LaunchShape::Snp { measurement: digest("launch"), host_data: HostData::new([3; 32]) }
}

fn tdx() -> LaunchShape {
    LaunchShape::Tdx {
        mr_td: digest("mr_td"),
        rtmr: ["0", "1", "2", "3"].map(digest),
        mr_config_id: digest("config"),
        mr_owner: digest("owner"),
        mr_owner_config: digest("owner config"),
    }
}

/// A guest behind this paravisor, with PCRs 4 and 11 of the bank whose digests have this length.
pub(crate) fn behind(paravisor: LaunchShape, digest_len: usize) -> LaunchShape {
    let value = |byte: &str| byte.repeat(digest_len).parse().unwrap();
    let values = [(4, "a4"), (11, "b1")];
    let pcrs = values.map(|(pcr, byte)| (MeasuredPcr::new(pcr).unwrap(), value(byte)));
    let pcrs = MeasuredPcrs::new(pcrs.to_vec()).unwrap();
    LaunchShape::Azure { paravisor: Box::new(paravisor), pcrs }
}

pub(crate) fn rim() -> ImageRim {
    ImageRim {
        values: ReferenceValues {
            image: "translator".to_owned(),
            version: "1.2.0".to_owned(),
            manifest: digest("manifest"),
            shapes: vec![snp(), tdx(), behind(snp(), 32), behind(tdx(), 48)],
        },
        revision: 4,
        replaces: vec!["1.1.0".to_owned(), "1.0.0".to_owned()],
        validity: Validity { not_before: Some(FROM), not_after: UNTIL },
    }
}

pub(crate) fn key() -> PublisherSigningKey {
    SigningKey::generate().unwrap().into()
}

pub(crate) fn publisher(key: &PublisherSigningKey) -> PublisherKey {
    key.public().unwrap()
}

/// What an operator who believes `publisher` says to the file.
pub(crate) fn received(bytes: &[u8], publisher: &PublisherKey) -> Result<ImageRim, CorimError> {
    SignedCorim::parse(bytes)?.verified_by(publisher, NOW)
}

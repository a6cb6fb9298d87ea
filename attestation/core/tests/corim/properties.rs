//! What holds for every image and for all bytes.

use cloister_attestation::bytes::{Digest48, HostData};
use cloister_attestation::corim::{Comid, Corim, ImageRim, SignedCorim, Validity};
use cloister_attestation::reference::{LaunchShape, ReferenceValues};
use cloister_attestation::time::UnixTime;
use cloister_attestation::tpm::{Digest, HashAlgorithm, MeasuredPcr, MeasuredPcrs};
use proptest::prelude::*;

use super::world::{key, rim};

/// Guests that ask the hardware themselves, and guests behind paravisors of the same shapes.
fn shape() -> impl Strategy<Value = LaunchShape> {
    (measured(), proptest::option::of(pcrs())).prop_map(|(measured, pcrs)| match pcrs {
        None => measured,
        Some(pcrs) => LaunchShape::Azure { paravisor: Box::new(measured), pcrs },
    })
}

fn pcrs() -> impl Strategy<Value = MeasuredPcrs> {
    let named = proptest::collection::btree_set(0u8..16, 1..17);
    (named, any::<bool>(), any::<u64>()).prop_map(|(named, is_long, seed)| {
        let bank = if is_long { HashAlgorithm::Sha384 } else { HashAlgorithm::Sha256 };
        let value = |pcr: u8| Digest::of(bank, &(seed ^ u64::from(pcr)).to_be_bytes());
        let values = named.into_iter().map(|pcr| (MeasuredPcr::new(pcr).unwrap(), value(pcr)));
        MeasuredPcrs::new(values.collect()).unwrap()
    })
}

fn measured() -> impl Strategy<Value = LaunchShape> {
    prop_oneof![
        (any::<u64>(), any::<[u8; 32]>()).prop_map(|(seed, host_data)| LaunchShape::Snp {
            measurement: Digest48::sha384(&seed.to_be_bytes()),
            host_data: HostData::new(host_data),
        }),
        any::<[u64; 4]>().prop_map(|seeds| LaunchShape::Tdx {
            mr_td: Digest48::sha384(&seeds[0].to_be_bytes()),
            rtmr: seeds.map(|seed| Digest48::sha384(&seed.to_le_bytes())),
            mr_config_id: Digest48::new([0; 48]),
            mr_owner: Digest48::sha384(&seeds[1].to_be_bytes()),
            mr_owner_config: Digest48::sha384(&seeds[2].to_be_bytes()),
        }),
    ]
}

proptest! {
    #[test]
    fn every_image_reads_back_as_it_was_written(
        image in "[a-z][a-z0-9-]{0,40}",
        version in "[ -.0-~]{1,20}",
        shapes in proptest::collection::vec(shape(), 1..6),
        revision in any::<u64>(),
        replaces in proptest::collection::vec("[0-9.]{1,8}", 0..3),
        not_before in proptest::option::of(any::<u64>()),
        not_after in any::<u64>(),
    ) {
        let manifest = Digest48::sha384(image.as_bytes());
        let rim = ImageRim {
            values: ReferenceValues { image, version, manifest, shapes },
            revision,
            replaces,
            validity: Validity {
                not_before: not_before.map(UnixTime::from_secs),
                not_after: UnixTime::from_secs(not_after),
            },
        };
        let bytes = rim.encode().unwrap();
        prop_assert_eq!(ImageRim::decode(&bytes), Ok(rim));
    }

    #[test]
    fn mutated_bytes_read_or_are_refused(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (unsigned, signed) = (rim().encode().unwrap(), rim().sign(&key(), "p").unwrap());
        for mut bytes in [unsigned, signed] {
            for (at, value) in &flips {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            let _ = (Corim::parse(&bytes), Comid::parse(&bytes), SignedCorim::parse(&bytes));
            if let Ok(rim) = ImageRim::decode(&bytes) {
                prop_assert_eq!(rim.encode(), Ok(bytes));
            }
        }
    }
}

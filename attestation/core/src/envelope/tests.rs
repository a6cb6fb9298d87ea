use super::{Envelope, Vtpm};
use crate::evidence::Tee;

fn envelope() -> Envelope {
    Envelope {
        tee: Tee::Snp,
        hardware: vec![1; 1184],
        binding: vec![2; 10],
        manifest: vec![3; 10],
        certificates: None,
        event_log: None,
        vtpm: None,
    }
}

fn vtpm(ak_certificates: Option<Vec<u8>>) -> Vtpm {
    Vtpm {
        hcl_report: vec![6; 2600],
        quote: vec![7; 145],
        signature: vec![8; 262],
        pcrs: vec![9; 768],
        ak_certificates,
    }
}

#[test]
fn round_trips_in_every_shape() {
    for tee in [Tee::Snp, Tee::Tdx] {
        for certificates in [None, Some(vec![4; 9])] {
            for event_log in [None, Some(vec![5; 300])] {
                for vtpm in [None, Some(vtpm(None)), Some(vtpm(Some(vec![10; 5000])))] {
                    let envelope = Envelope {
                        tee,
                        certificates: certificates.clone(),
                        event_log: event_log.clone(),
                        vtpm,
                        ..envelope()
                    };
                    assert_eq!(Envelope::decode(&envelope.encode()).unwrap(), envelope);
                }
            }
        }
    }
}

#[test]
fn refuses_oversized_items_and_every_truncation() {
    let mut envelope =
        Envelope { certificates: Some(vec![]), vtpm: Some(vtpm(None)), ..envelope() };
    let bytes = envelope.encode();
    for len in 0..bytes.len() {
        assert!(Envelope::decode(&bytes[..len]).is_err(), "{len}");
    }
    envelope.binding = vec![0; 1025];
    assert!(Envelope::decode(&envelope.encode()).is_err());
}

#[test]
fn each_item_of_a_virtual_tpm_has_a_limit() {
    type Item = fn(&mut Vtpm) -> &mut Vec<u8>;
    let items: [(Item, usize); 5] = [
        (|vtpm| &mut vtpm.hcl_report, 4096),
        (|vtpm| &mut vtpm.quote, 1024),
        (|vtpm| &mut vtpm.signature, 1024),
        (|vtpm| &mut vtpm.pcrs, 1152),
        (|vtpm| vtpm.ak_certificates.get_or_insert_default(), 64 * 1024),
    ];
    for (item, max) in items {
        for (length, fits) in [(max, true), (max + 1, false)] {
            let mut parts = vtpm(None);
            *item(&mut parts) = vec![0; length];
            let envelope = Envelope { vtpm: Some(parts), ..envelope() };
            assert_eq!(Envelope::decode(&envelope.encode()).is_ok(), fits, "{length} of {max}");
        }
    }
}

#[test]
fn a_virtual_tpm_without_one_of_its_items_is_refused() {
    let whole = Envelope { vtpm: Some(vtpm(None)), ..envelope() }.encode();
    let bare = envelope().encode();
    // Items 6 to 9 stand between what the bare envelope begins and ends with.
    let end = bare.len() - COLLECTION_TYPE_BYTES;
    for media_type in [super::HCL_REPORT, super::TPM_QUOTE, super::TPM_SIGNATURE, super::TPM_PCRS] {
        let mut cut = Vec::new();
        let mut d = minicbor::Decoder::new(&whole[end..whole.len() - COLLECTION_TYPE_BYTES]);
        cut.extend_from_slice(&bare[..end]);
        cut[0] += 3;
        for label in 6..=9 {
            let from = end + d.position();
            assert_eq!(d.u8().unwrap(), label);
            let (found, _) = super::pair(&mut d).unwrap();
            if found != media_type {
                cut.extend_from_slice(&whole[from..end + d.position()]);
            }
        }
        cut.extend_from_slice(&bare[end..]);
        let error = Envelope::decode(&cut).unwrap_err();
        assert!(error.to_string().contains("without others"), "{media_type}: {error}");
    }
}

/// Two texts, each with its head.
const COLLECTION_TYPE_BYTES: usize =
    1 + super::COLLECTION_TYPE.0.len() + 2 + super::COLLECTION_TYPE.1.len();

//! One content with two encodings, or one encoding with two readings: refused.

use cloister_attestation::binding::Binding;
use cloister_attestation::envelope::Envelope;
use cloister_attestation::evidence::Tee;
use cloister_attestation::manifest::Manifest;
use cloister_attestation::reference::ReferenceValues;
use cloister_attestation::tdx::Collateral;

use super::victim::{binding, digest, manifest, tdx_guest};

fn envelope() -> Vec<u8> {
    let certificates = Some(vec![4]);
    let (binding, manifest) = (vec![2], vec![3]);
    Envelope {
        tee: Tee::Snp,
        hardware: vec![1],
        binding,
        manifest,
        certificates,
        event_log: None,
        vtpm: None,
    }
    .encode()
}

/// The first byte is the head of a map with fewer than 24 entries.
fn with_one_entry_more(mut map: Vec<u8>, entry: &[u8]) -> Vec<u8> {
    map[0] += 1;
    map.extend_from_slice(entry);
    map
}

fn indefinite(mut map: Vec<u8>) -> Vec<u8> {
    map[0] = 0xbf;
    map.push(0xff);
    map
}

/// The count in one byte more than it needs.
fn long_head(map: &[u8]) -> Vec<u8> {
    [&[0xb8, map[0] & 0x1f], &map[1..]].concat()
}

#[test]
fn a_cbor_key_twice_is_refused() {
    let nonce = [&[4, 0x58, 32][..], &[7; 32]].concat();
    assert!(Binding::decode(&with_one_entry_more(binding().encode(), &nonce)).is_err());
    let agent = [&[1, 0x6a][..], b"translator"].concat();
    let manifest = manifest().encode().unwrap();
    assert!(Manifest::decode(&with_one_entry_more(manifest, &agent)).is_err());
    let kind = "application/vnd.cloister.snp-certificates";
    let item = [&[4, 0x82, 0x78, 41][..], kind.as_bytes(), &[0x41, 4]].concat();
    assert!(Envelope::decode(&with_one_entry_more(envelope(), &item)).is_err());
}

#[test]
fn an_unknown_cbor_key_is_refused() {
    let entry = [0x17, 0xf6];
    assert!(Binding::decode(&with_one_entry_more(binding().encode(), &entry)).is_err());
    let manifest = manifest().encode().unwrap();
    assert!(Manifest::decode(&with_one_entry_more(manifest, &entry)).is_err());
    assert!(Envelope::decode(&with_one_entry_more(envelope(), &entry)).is_err());
}

#[test]
fn indefinite_lengths_and_longer_heads_than_needed_are_refused() {
    let manifest = manifest().encode().unwrap();
    for again in [indefinite as fn(Vec<u8>) -> Vec<u8>, |map| long_head(&map)] {
        assert!(Binding::decode(&again(binding().encode())).is_err());
        assert!(Manifest::decode(&again(manifest.clone())).is_err());
        assert!(Envelope::decode(&again(envelope())).is_err());
    }
}

#[test]
fn a_json_key_twice_in_reference_values_or_collateral_is_refused() {
    let digest = digest("digest").to_string();
    let shape =
        format!(r#"{{"tee":"snp","measurement":"{digest}","host_data":"{}"}}"#, "00".repeat(32));
    let document = |shape: &str, more: &str| {
        format!(r#"{{"image":"a","version":"1","manifest":"{digest}","shapes":[{shape}]{more}}}"#)
    };
    ReferenceValues::from_json(document(&shape, "").as_bytes()).unwrap();
    for (shape, more) in [
        (shape.clone(), r#","image":"b""#.to_owned()),
        (shape.clone(), r#","shapes":[]"#.to_owned()),
        (shape.replacen('{', &format!(r#"{{"measurement":"{digest}","#), 1), String::new()),
        (shape.replacen('{', r#"{"tee":"tdx","#, 1), String::new()),
    ] {
        let text = document(&shape, &more);
        assert!(ReferenceValues::from_json(text.as_bytes()).is_err(), "{text}");
    }
    let genuine = String::from_utf8(tdx_guest().collateral_json()).unwrap();
    for key in ["tcb_info", "tcb_info_signature", "root_ca_crl", "pck_crl_issuer_chain"] {
        let doubled = genuine.replacen('{', &format!("{{\"{key}\":\"00\","), 1);
        assert!(Collateral::from_json(doubled.as_bytes()).is_err(), "{key}");
    }
}

/// Rewritten to the same content, a signed document is not the one that was signed.
#[test]
fn a_signed_document_that_was_read_and_written_again_is_refused() {
    let rewritten = |text: &mut String| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        *text = serde_json::to_string_pretty(&value).unwrap();
    };
    let info = tdx_guest().with_collateral(move |parts| rewritten(&mut parts.tcb_info));
    super::victim::tdx(&info).refused("tdx.tcb_info.signature");
    let identity = tdx_guest().with_collateral(move |parts| rewritten(&mut parts.qe_identity));
    super::victim::tdx(&identity).refused("tdx.qe_identity.signature");
}

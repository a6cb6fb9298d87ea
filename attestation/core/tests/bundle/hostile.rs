//! Payloads that an operator's key signed and that are no bundles all the same.

use std::sync::LazyLock;

use cloister_attestation::bundle::{Bundle, BundleError};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::cose::{self, Header};
use cloister_attestation::key::{KeyError, SigningKey};
use cloister_attestation::limits::{BUNDLE_BYTES_MAX, BUNDLE_ENTRIES_MAX, POLICY_BYTES_MAX};
use cloister_attestation::snp::Product;
use cloister_simulator::SnpGuest;
use minicbor::{Decoder, Encoder};

use super::fleet::{NOW, believed, bundle as bundle_of, fleet, operator, pki, snp};

const TYP: &str = "application/vnd.cloister.bundle+cbor";

/// One bundle for all tests: the simulator's signatures differ each time.
fn bundle() -> &'static Bundle {
    static BUNDLE: LazyLock<Bundle> =
        LazyLock::new(|| bundle_of(&[snp(&SnpGuest::new(pki(), Product::Milan))]));
    &BUNDLE
}

/// What a reader says to a payload that the operator signed, whatever it is.
fn decode(payload: &[u8]) -> Result<Bundle, BundleError> {
    let header = Header { kid: operator().public().spki(), typ: Some(TYP) };
    let bytes = cose::sign(&header, payload, |signed| operator().sign(signed)).unwrap();
    Bundle::open(&bytes, &believed())
}

fn payload(bundle: &Bundle) -> Vec<u8> {
    let message = cose::parse(&bundle.sign(operator()).unwrap(), Some(TYP)).unwrap();
    message.dangerous_unverified_payload()
}

/// The items of the payload, to be put together otherwise.
struct Items {
    expires: u64,
    entries: Vec<(Vec<u8>, Vec<u64>)>,
    contents: Vec<Vec<u8>>,
}

impl Items {
    fn of(bundle: &Bundle) -> Self {
        let bytes = payload(bundle);
        let mut d = Decoder::new(&bytes);
        d.map().unwrap();
        for _ in 0..2 {
            d.u8().unwrap();
            d.u64().unwrap();
        }
        d.u8().unwrap();
        let expires = d.u64().unwrap();
        d.u8().unwrap();
        let entries = (0..d.array().unwrap().unwrap())
            .map(|_| {
                d.array().unwrap();
                let from = d.position();
                d.skip().unwrap();
                let key = bytes[from..d.position()].to_vec();
                let places = d.array_iter().unwrap().map(Result::unwrap).collect();
                (key, places)
            })
            .collect();
        d.u8().unwrap();
        let contents = d.array().unwrap().unwrap();
        let contents = (0..contents).map(|_| d.bytes().unwrap().to_vec()).collect();
        assert_eq!(d.position(), bytes.len());
        Self { expires, entries, contents }
    }

    fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        e.map(5).unwrap().u8(1).unwrap().u8(1).unwrap();
        e.u8(2).unwrap().u64(NOW.as_secs()).unwrap();
        e.u8(3).unwrap().u64(self.expires).unwrap();
        e.u8(4).unwrap().array(self.entries.len() as u64).unwrap();
        for (key, places) in &self.entries {
            e.array(2).unwrap();
            e.writer_mut().extend_from_slice(key);
            e.array(places.len() as u64).unwrap();
            places.iter().for_each(|place| {
                e.u64(*place).unwrap();
            });
        }
        e.u8(5).unwrap().array(self.contents.len() as u64).unwrap();
        self.contents.iter().for_each(|content| {
            e.bytes(content).unwrap();
        });
        e.into_writer()
    }
}

fn reason(items: &Items) -> String {
    decode(&items.encode()).unwrap_err().to_string()
}

#[test]
fn what_is_taken_apart_and_put_together_again_reads() {
    let items = Items::of(bundle());
    assert_eq!(decode(&items.encode()).unwrap().entries(), bundle().entries());
}

#[test]
fn refuses_an_entry_that_is_there_twice() {
    let mut items = Items::of(bundle());
    let twice = items.entries[1].clone();
    items.entries.insert(2, twice);
    assert!(reason(&items).contains("twice"), "{}", reason(&items));
}

#[test]
fn refuses_entries_or_contents_in_another_order() {
    let mut items = Items::of(bundle());
    items.entries.swap(0, 1);
    assert!(reason(&items).contains("deterministic"));
    let mut items = Items::of(bundle());
    items.contents.swap(0, 1);
    for (_, places) in &mut items.entries {
        places.iter_mut().filter(|place| **place < 2).for_each(|place| *place = 1 - *place);
    }
    assert!(reason(&items).contains("deterministic"), "{}", reason(&items));
}

#[test]
fn refuses_contents_that_no_entry_refers_to_and_entries_that_refer_to_nothing() {
    let mut items = Items::of(bundle());
    items.contents.push(vec![0xff; 9]);
    assert!(reason(&items).contains("no entry refers"), "{}", reason(&items));
    let mut items = Items::of(bundle());
    items.entries[0].1[0] = 99;
    assert!(reason(&items).contains("refers to nothing"));
}

#[test]
fn refuses_another_end_than_that_of_what_is_inside() {
    for change in [1_i64, -1] {
        let mut items = Items::of(bundle());
        items.expires = items.expires.checked_add_signed(change).unwrap();
        assert!(reason(&items).contains("it says that it ends"), "{}", reason(&items));
    }
}

#[test]
fn refuses_contents_under_the_key_of_another_kind() {
    let original = Items::of(bundle());
    for (at, other) in [(1, 2), (2, 1), (3, 4), (4, 3), (0, 1)] {
        let mut items = Items::of(bundle());
        items.entries[at].1.clone_from(&original.entries[other].1);
        assert!(decode(&items.encode()).is_err(), "{at} with the contents of {other}");
    }
}

#[test]
fn refuses_a_key_that_says_another_chip_tcb_or_product() {
    let original = Items::of(bundle());
    let vek = original.entries.iter().position(|(key, _)| key.windows(7).any(|w| w == b"snp.vek"));
    let vek = vek.unwrap();
    let (key, _) = &original.entries[vek];
    // The last byte is the microcode's; a byte in the middle is the chip's.
    for at in [key.len() - 1, key.len() / 2] {
        let mut items = Items::of(bundle());
        items.entries[vek].0[at] ^= 1;
        assert!(reason(&items).contains("in truth"), "{}", reason(&items));
    }
}

#[test]
fn refuses_a_bundle_without_a_policy_and_one_that_does_not_read() {
    let mut items = Items::of(bundle());
    let policy = items.entries.iter().position(|(key, _)| key.ends_with(b"policy")).unwrap();
    let (_, places) = items.entries.remove(policy);
    let place = usize::try_from(places[0]).unwrap();
    items.contents.remove(place);
    for (_, places) in &mut items.entries {
        places.iter_mut().filter(|at| **at > place as u64).for_each(|at| *at -= 1);
    }
    assert!(reason(&items).contains("no appraisal policy"), "{}", reason(&items));
    let mut items = Items::of(bundle());
    items.contents[place] = b"{}".to_vec();
    assert!(reason(&items).contains("appraisal policy:"), "{}", reason(&items));
}

#[test]
fn refuses_another_version_a_float_and_an_indefinite_map() {
    let bytes = Items::of(bundle()).encode();
    for (at, byte) in [(2, 2), (0, 0xbf), (0, 0xa4), (2, 0xf9)] {
        let mut changed = bytes.clone();
        changed[at] = byte;
        assert!(decode(&changed).is_err(), "{at} {byte:#x}");
    }
    // The version in two bytes instead of one.
    let long = [&bytes[..2], &[0x18, 1], &bytes[3..]].concat();
    assert!(decode(&long).is_err());
}

#[test]
fn refuses_another_kind_of_message_and_a_signature_by_another_key() {
    let payload = payload(bundle());
    let kid = operator().public().spki();
    let open = |typ, key: &SigningKey| {
        let bytes = cose::sign(&Header { kid, typ }, &payload, |signed| key.sign(signed)).unwrap();
        Bundle::open(&bytes, &believed())
    };
    assert!(open(Some(TYP), operator()).is_ok());
    for other in [None, Some("application/eat+cwt")] {
        let refused = open(other, operator());
        assert!(matches!(refused, Err(BundleError::Malformed { .. })), "{refused:?}");
    }
    let forged = open(Some(TYP), &SigningKey::generate().unwrap());
    assert_eq!(forged.unwrap_err(), BundleError::Key(KeyError::Signature));
}

impl Items {
    /// The contents in their order, after one of them was changed.
    fn in_order(mut self) -> Self {
        let mut order: Vec<usize> = (0..self.contents.len()).collect();
        order.sort_by_key(|at| Digest48::sha384(&self.contents[*at]));
        for (_, places) in &mut self.entries {
            for place in places {
                *place = order.iter().position(|at| *at as u64 == *place).unwrap() as u64;
            }
        }
        self.contents = order.iter().map(|at| self.contents[*at].clone()).collect();
        self
    }

    /// The entries whose kind this is.
    fn of_kind(&self, kind: &str) -> Vec<usize> {
        let is = |key: &Vec<u8>| key.windows(kind.len()).any(|part| part == kind.as_bytes());
        (0..self.entries.len()).filter(|at| is(&self.entries[*at].0)).collect()
    }

    /// The content of an entry.
    fn content(&mut self, entry: usize, part: usize) -> &mut Vec<u8> {
        let place = usize::try_from(self.entries[entry].1[part]).unwrap();
        &mut self.contents[place]
    }
}

fn of_fleet() -> Items {
    static BUNDLE: LazyLock<Bundle> = LazyLock::new(|| bundle_of(&fleet()));
    Items::of(&BUNDLE)
}

#[test]
fn refuses_contents_of_another_product_or_authority_under_a_key_of_the_same_kind() {
    assert!(decode(&of_fleet().encode()).is_ok());
    for (kind, because) in [
        ("snp.intermediate", "it is of "),
        ("snp.root", "it is of "),
        ("snp.crl", "it is of "),
        ("tdx.pck_crl", "in truth"),
    ] {
        let mut items = of_fleet();
        let [.., a, b] = items.of_kind(kind)[..] else { panic!("{kind}") };
        let (of_a, of_b) = (items.entries[a].1.clone(), items.entries[b].1.clone());
        (items.entries[a].1, items.entries[b].1) = (of_b, of_a);
        assert!(reason(&items).contains(because), "{kind}: {}", reason(&items));
    }
}

#[test]
fn refuses_a_key_of_another_processor_family_or_image() {
    let mut items = of_fleet();
    let info = items.of_kind("tdx.tcb_info")[0];
    *items.entries[info].0.last_mut().unwrap() ^= 1;
    assert!(reason(&items).contains("in truth"), "{}", reason(&items));
    let mut items = of_fleet();
    let reference = items.of_kind("reference")[0];
    let json = String::from_utf8(items.content(reference, 0).clone()).unwrap();
    *items.content(reference, 0) = json.replace("1.0.0", "1.0.1").into_bytes();
    let items = items.in_order();
    assert!(reason(&items).contains("in truth"), "{}", reason(&items));
}

#[test]
fn refuses_a_signature_of_another_length() {
    for kind in ["tdx.tcb_info", "tdx.qe_identity"] {
        let mut items = of_fleet();
        let entry = items.of_kind(kind)[0];
        items.content(entry, 1).pop();
        let items = items.in_order();
        assert!(reason(&items).contains("63 bytes"), "{kind}: {}", reason(&items));
    }
}

#[test]
fn refuses_what_is_larger_than_its_bound_before_it_is_read() {
    let whole = Bundle::open(&vec![0; BUNDLE_BYTES_MAX + 1], &believed()).unwrap_err().to_string();
    assert!(whole.contains("at most"), "{whole}");
    let mut items = of_fleet();
    let policy = items.of_kind("policy")[0];
    // Blanks after JSON are read over.
    items.content(policy, 0).resize(POLICY_BYTES_MAX, b' ');
    assert!(decode(&items.in_order().encode()).is_ok());
    let mut items = of_fleet();
    items.content(policy, 0).resize(POLICY_BYTES_MAX + 1, b' ');
    let items = items.in_order();
    assert!(reason(&items).contains("at most"), "{}", reason(&items));
}

#[test]
fn refuses_a_small_bundle_that_would_be_a_large_one_in_memory() {
    let named = |number: usize| {
        let mut e = Encoder::new(Vec::new());
        e.array(4).unwrap().str("reference").unwrap().str(&number.to_string()).unwrap();
        e.str("1").unwrap().bytes(&[0; 48]).unwrap();
        e.into_writer()
    };
    let sharing = |entries: usize| Items {
        expires: 0,
        entries: (0..entries).map(|at| (named(at), vec![0])).collect(),
        contents: vec![vec![b' '; BUNDLE_BYTES_MAX / 128]],
    };
    assert!(!reason(&sharing(128)).contains("than a bundle may"), "{}", reason(&sharing(128)));
    assert!(reason(&sharing(129)).contains("than a bundle may"), "{}", reason(&sharing(129)));
    let mut many = sharing(BUNDLE_ENTRIES_MAX + 1);
    many.contents[0].clear();
    assert!(reason(&many).contains("too long"), "{}", reason(&many));
}

use proptest::prelude::*;

use super::{Fields, Item, Key};

fn leaf() -> impl Strategy<Value = Item> {
    prop_oneof![
        (-(1_i128 << 64)..(1_i128 << 64)).prop_map(Item::Integer),
        any::<i8>().prop_map(|value| Item::Integer(value.into())),
        ".{0,8}".prop_map(Item::Text),
        proptest::collection::vec(any::<u8>(), 0..8).prop_map(Item::Bytes),
        any::<bool>().prop_map(Item::Boolean),
        Just(Item::Null),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        any::<i16>().prop_map(|label| Key::Integer(label.into())),
        ".{0,4}".prop_map(Key::Text)
    ]
}

fn tree() -> impl Strategy<Value = Item> {
    leaf().prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Item::Array),
            proptest::collection::btree_map(key(), inner.clone(), 0..4).prop_map(Item::Map),
            (any::<u64>(), inner).prop_map(|(tag, item)| Item::Tagged(tag, Box::new(item))),
        ]
    })
}

proptest! {
    #[test]
    fn cbor_reads_back(tree in tree()) {
        prop_assert_eq!(Item::from_cbor(&tree.to_cbor()), Ok(tree));
    }

    #[test]
    fn keys_are_written_in_the_order_of_their_encoding(a in key(), b in key()) {
        let encoded = |key: &Key| match key {
            Key::Integer(label) => Item::Integer(*label).to_cbor(),
            Key::Text(name) => Item::text(name.clone()).to_cbor(),
        };
        prop_assert_eq!(a.cmp(&b), encoded(&a).cmp(&encoded(&b)));
    }

    #[test]
    fn any_bytes_read_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(tree) = Item::from_cbor(&bytes) {
            prop_assert_eq!(Item::from_cbor(&tree.to_cbor()), Ok(tree));
        }
        let _ = Item::from_json(&bytes);
    }
}

#[test]
fn refuses_duplicate_keys_in_both_forms_at_every_depth() {
    for json in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"[{"a":1,"\u0061":1}]"#] {
        let refused = Item::from_json(json.as_bytes()).unwrap_err().to_string();
        assert!(refused.contains("twice"), "{refused}");
    }
    for cbor in [&[0xa2, 1, 0, 1, 0][..], &[0x81, 0xa2, 0x61, b'a', 0, 0x61, b'a', 0]] {
        assert!(Item::from_cbor(cbor).unwrap_err().to_string().contains("twice"));
    }
    // The same label in a longer form is the same label.
    assert!(Item::from_cbor(&[0xa2, 1, 0, 0x18, 1, 0]).is_err());
}

#[test]
fn refuses_what_has_no_place_in_a_tree() {
    for json in ["1.5", "1e3", "", "{", "1 2", "{\"a\":1}x", "NaN"] {
        assert!(Item::from_json(json.as_bytes()).is_err(), "{json}");
    }
    for cbor in [
        &[0xf9, 0, 0][..],   // a float
        &[0xf7],             // undefined
        &[0xe0],             // a simple value
        &[0x9f, 0xff],       // an array of unstated length
        &[0xbf, 0xff],       // a map of unstated length
        &[0x5f, 0xff],       // bytes of unstated length
        &[0xa1, 0x41, 0, 0], // a key that is neither number nor text
        &[0, 0],             // something after it
        &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[],
    ] {
        assert!(Item::from_cbor(cbor).is_err(), "{cbor:02x?}");
    }
    assert!(Item::from_cbor(&[&[0x81; 15][..], &[0]].concat()).is_ok());
    assert!(Item::from_cbor(&[&[0x81; 16][..], &[0]].concat()).is_err(), "one level too deep");
    assert!(Item::from_cbor(&[0x81; 60_000]).is_err(), "depth does not use up the stack");
}

#[test]
fn fields_are_read_once_and_what_is_left_is_named() {
    let mut fields = Fields::of(Item::from_json(br#"{"a":"x","b":2}"#).unwrap()).unwrap();
    assert_eq!(fields.required("a", Item::into_text), Ok("x".to_owned()));
    assert_eq!(fields.optional("a", Item::into_text), Ok(None));
    assert_eq!(fields.required("c", Item::into_text).unwrap_err().to_string(), "c is missing");
    assert_eq!(fields.finish().unwrap_err().to_string(), "b is unknown");
}

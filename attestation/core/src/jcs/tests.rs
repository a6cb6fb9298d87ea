use proptest::prelude::*;
use serde_json::{Value, json};

use super::{canonical, ecma, parse};

fn again(json: &str) -> String {
    canonical(&parse(json.as_bytes()).unwrap())
}

/// SPEC: RFC 8785 appendix B.
#[test]
fn numbers_are_written_as_the_specifications_samples() {
    for (bits, text) in [
        (0x0000_0000_0000_0000_u64, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] {
        let number = serde_json::Number::from_f64(f64::from_bits(bits)).unwrap();
        assert_eq!(ecma(&number), text, "{bits:016x}");
    }
}

/// SPEC: RFC 8785 sections 3.2.2 and 3.2.3.
#[test]
fn members_are_sorted_and_texts_escaped_as_the_specifications_samples() {
    let sample = r#"{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"#;
    let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
    assert_eq!(again(sample), expected);
    let names = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#;
    let sorted = again(names);
    let at = |name: &str| sorted.find(name).unwrap();
    let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"].map(at);
    assert!(order.is_sorted(), "{sorted}");
}

#[test]
fn what_two_readers_could_read_differently_has_no_canonical_form() {
    for json in [
        r#"{"a":1,"a":1}"#,
        r#"{"x":[{"a":1,"\u0061":2}]}"#,
        r#"{"a":"\ud800"}"#,
        "{\"a\":1}x",
        "{\"a\":1e999}",
        "{\"a\":NaN}",
        "",
        "\u{feff}{}",
    ] {
        assert!(parse(json.as_bytes()).is_err(), "{json}");
    }
    assert!(parse(b"\"\xff\"").is_err());
    assert!(parse("[".repeat(200).as_bytes()).is_err());
}

#[test]
fn an_integer_beyond_a_double_is_the_double_that_readers_see() {
    assert_eq!(again("9007199254740993"), "9007199254740992");
    assert_eq!(again("[1.0,-0,-0.0,1e2,18446744073709551615]"), "[1,0,0,100,18446744073709552000]");
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_canonical_text_is_its_own_canonical_text(value in values()) {
        let once = canonical(&value);
        prop_assert_eq!(again(&once), once);
    }

    #[test]
    fn a_canonical_number_reads_back_as_the_same_double(number in any::<f64>()) {
        prop_assume!(number.is_finite());
        let text = canonical(&json!(number));
        let read: f64 = text.parse().unwrap();
        prop_assert!(read == number, "{} is not {}", text, number);
    }
}

use serde_json::{Value, json};

use super::Canonical;

fn texts(card: &Value) -> Vec<String> {
    let canonical = Canonical::of_json(card.to_string().as_bytes()).unwrap();
    canonical.distinct().into_iter().map(str::to_owned).collect()
}

/// The texts of a card with these members and no others that count.
fn known(card: &Value) -> [String; 2] {
    Canonical::of_json(card.to_string().as_bytes()).unwrap().known.unwrap()
}

#[test]
fn a_card_that_every_reader_sees_alike_has_one_text() {
    let card = json!({
        "version": "1", "name": "Ü", "signatures": [{"protected": "x"}],
        "capabilities": {"streaming": true, "pushNotifications": false},
    });
    assert_eq!(
        texts(&card),
        [
            r#"{"capabilities":{"pushNotifications":false,"streaming":true},"name":"Ü","version":"1"}"#
        ]
    );
}

#[test]
fn what_is_unknown_belongs_to_the_whole_alone() {
    let card = json!({"name": "n", "url": "http://a", "x": 1, "provider": {"url": "u", "x": 2}});
    assert_eq!(
        texts(&card),
        [
            r#"{"name":"n","provider":{"url":"u"}}"#,
            r#"{"name":"n","provider":{"url":"u","x":2},"url":"http://a","x":1}"#,
        ]
    );
}

#[test]
fn defaults_are_left_out_unless_they_are_required_or_optional() {
    let [specified, sdk] = known(&json!({
        "name": "", "iconUrl": "", "defaultInputModes": [], "securitySchemes": {},
        "capabilities": {"streaming": false, "extensions": [{"uri": "u", "required": false, "params": {"a": null, "b": "", "c": [{}]}}]},
        "supportedInterfaces": [{"url": "", "tenant": ""}],
    }));
    assert_eq!(
        specified,
        r#"{"capabilities":{"extensions":[{"params":{"a":null,"b":"","c":[{}]},"uri":"u"}],"streaming":false},"defaultInputModes":[],"iconUrl":"","name":"","supportedInterfaces":[{"url":""}]}"#
    );
    assert_eq!(sdk, r#"{"capabilities":{"extensions":[{"uri":"u"}],"streaming":false}}"#);
}

#[test]
fn names_in_the_spelling_of_protobuf_are_the_same_fields() {
    let snake = json!({"default_input_modes": ["a"], "icon_url": "i", "documentationUrl": null});
    assert_eq!(known(&snake)[0], r#"{"defaultInputModes":["a"],"iconUrl":"i"}"#);
}

#[test]
fn a_card_of_other_types_has_only_the_text_of_the_whole() {
    for card in [
        json!({"name": 1}),
        json!({"skills": {}}),
        json!({"skills": ["x"]}),
        json!({"skills": [{"tags": [1]}]}),
        json!({"capabilities": {"streaming": "true"}}),
        json!({"iconUrl": "a", "icon_url": "b"}),
        json!({"securitySchemes": {"s": {"oauth2SecurityScheme": {"flows": []}}}}),
    ] {
        assert_eq!(texts(&card).len(), 1, "{card}");
    }
}

#[test]
fn names_that_the_agent_chose_are_not_folded() {
    let card = json!({"securitySchemes": {"o_auth": {}, "oauth": {}}});
    assert_eq!(known(&card)[0], r#"{"securitySchemes":{"o_auth":{},"oauth":{}}}"#);
}

#[test]
fn what_has_two_readings_has_no_text() {
    for card in [
        r#"{"name":"a","name":"b"}"#,
        r#"{"capabilities":{"extensions":[{"params":{"a":1,"a":2}}]}}"#,
        r#"{"name":"\udc00"}"#,
        "[]",
        "",
    ] {
        assert!(Canonical::of_json(card.as_bytes()).is_err(), "{card}");
    }
}

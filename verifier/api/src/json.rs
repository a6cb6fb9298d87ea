//! The JSON form of fields that serde would write otherwise: bytes as base64, states as words.
//!
//! Each module is named in a `#[serde(with = …)]` that `build.rs` puts on a generated field.

/// Bytes as standard base64 with padding (RFC 4648 section 4).
pub(crate) mod base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A list of byte strings, each as standard base64 with padding.
pub(crate) mod base64_list {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        items: &[Vec<u8>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(items.iter().map(|item| STANDARD.encode(item)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Vec<u8>>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| STANDARD.decode(text).map_err(D::Error::custom)).collect()
    }
}

/// Declares the JSON form of an enum that prost keeps as a number: the variant's word.
macro_rules! states {
    ($($module:ident: $name:ident;)+) => {$(
        #[doc = concat!("[`crate::v1::", stringify!($name), "`] as a word.")]
        pub(crate) mod $module {
            use serde::de::Error as _;
            use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

            use crate::v1::$name;

            pub(crate) fn serialize<S: Serializer>(state: &i32, serializer: S) -> Result<S::Ok, S::Error> {
                $name::try_from(*state).map_err(serde::ser::Error::custom)?.serialize(serializer)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
                let state = $name::deserialize(deserializer)?;
                if state == $name::Unspecified {
                    return Err(D::Error::custom("a state that is not specified"));
                }
                Ok(state.into())
            }
        }
    )+};
}

states! {
    image_state: ImageState;
    agent_state: AgentState;
    lease_key_state: LeaseKeyState;
    result_format: ResultFormat;
}

#[cfg(test)]
mod tests {
    use crate::v1;

    #[test]
    fn bytes_travel_as_base64_and_states_as_words() {
        let image = v1::Image { state: v1::ImageState::Retired.into(), ..v1::Image::default() };
        let value = serde_json::to_value(&image).unwrap();
        assert_eq!(value["state"], "retired");
        assert_eq!(serde_json::from_value::<v1::Image>(value).unwrap(), image);

        let nonce = v1::ChallengeResponse { nonce: vec![0xff; 3], expires_at: 5 };
        let value = serde_json::to_value(&nonce).unwrap();
        assert_eq!(value, serde_json::json!({"nonce": "////", "expires_at": 5}));
        assert_eq!(serde_json::from_value::<v1::ChallengeResponse>(value).unwrap(), nonce);
    }

    #[test]
    fn the_outcome_of_an_attestation_is_one_named_member() {
        let refused = v1::AttestResponse {
            outcome: Some(v1::attest_response::Outcome::Refused(v1::Refused { findings: vec![] })),
        };
        let value = serde_json::to_value(&refused).unwrap();
        assert_eq!(value, serde_json::json!({"refused": {"findings": []}}));
        assert_eq!(serde_json::from_value::<v1::AttestResponse>(value).unwrap(), refused);
    }

    #[test]
    fn requests_with_unknown_fields_are_refused() {
        let known = serde_json::json!({"name": "a", "reason": "b"});
        assert!(serde_json::from_value::<v1::QuarantineAgentRequest>(known).is_ok());
        let unknown = serde_json::json!({"name": "a", "reason": "b", "for": "ever"});
        assert!(serde_json::from_value::<v1::QuarantineAgentRequest>(unknown).is_err());
    }
}

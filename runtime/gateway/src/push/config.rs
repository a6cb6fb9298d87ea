//! One push notification configuration, in either encoding and version.
//!
//! SPEC: A2A 1.0.1, `TaskPushNotificationConfig` and `AuthenticationInfo`; A2A 0.3.0,
//! `PushNotificationConfig` and its authentication.

use core::fmt;

use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::error::PushError;
use crate::object::Object;
use crate::operation::V0_3;
use crate::wire::{Entries, Wire, put};

/// What matters of a configuration. What else it says is passed on as it is.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub(crate) struct Config {
    /// Its id, where it has one.
    pub(crate) id: Option<String>,
    pub(crate) url: String,
    /// What the webhook knows a notification by.
    pub(crate) token: Option<String>,
    pub(crate) authentication: Option<Authentication>,
}

/// What the webhook asks of whoever calls it. Version 1.0 has one scheme.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub(crate) struct Authentication {
    pub(crate) schemes: Vec<String>,
    pub(crate) credentials: Option<String>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Config {
    /// A configuration with nothing but a url.
    pub(super) const fn of_url(url: String) -> Self {
        Self { id: None, url, token: None, authentication: None }
    }

    /// The same configuration elsewhere, without what only its own webhook may know.
    pub(super) fn leading_to(&self, url: String) -> Self {
        Self { id: self.id.clone(), url, token: None, authentication: None }
    }

    /// Reads a configuration of `version`.
    pub(super) fn of_json(config: &Object<'_>, version: &str) -> Result<Self, PushError> {
        let text =
            |name| config.text(name).map_err(|_| PushError::Config("has a field of another type"));
        let given = |name| text(name).map(|text| text.filter(|text| !text.is_empty()));
        let authentication = config.get("authentication");
        Ok(Self {
            id: given("id")?,
            url: given("url")?.ok_or(PushError::Config("has no url"))?,
            token: text("token")?,
            authentication: authentication
                .map(|it| Authentication::of_json(it, version))
                .transpose()?,
        })
    }

    /// Puts url, token and authentication of this one in the place of those that are there.
    pub(super) fn put_json(&self, into: &mut Object<'_>, version: &str) -> Result<(), PushError> {
        into.replace("url", raw(&self.url)?);
        match &self.token {
            Some(token) => into.set("token", raw(token)?),
            None => into.remove("token"),
        }
        match &self.authentication {
            Some(it) => into.set("authentication", it.json(version)?),
            None => into.remove("authentication"),
        }
        Ok(())
    }

    /// Reads the protobuf of a configuration of `version`.
    pub(super) fn of_protobuf(config: &[u8], version: &str) -> Result<Self, PushError> {
        let numbers = Numbers::of(version);
        let (mut id, mut url, mut token, mut authentication) = (None, None, None, None);
        for entry in Entries::of(config) {
            let entry = entry.map_err(|_| MALFORMED)?;
            let slot = match entry.number {
                number if number == numbers.id => &mut id,
                number if number == numbers.url => &mut url,
                number if number == numbers.token => &mut token,
                number if number == numbers.authentication => &mut authentication,
                _ => continue,
            };
            // SECURITY: of two, readers take the last, or both.
            if slot.replace(entry.bytes().map_err(|_| MALFORMED)?).is_some() {
                return Err(PushError::Config("has a field twice"));
            }
        }
        let text = |bytes: Option<&[u8]>| bytes.map(text).transpose();
        let given = |bytes| text(bytes).map(|text| text.filter(|text| !text.is_empty()));
        Ok(Self {
            id: given(id)?,
            url: given(url)?.ok_or(PushError::Config("has no url"))?,
            token: text(token)?,
            authentication: authentication.map(Authentication::of_protobuf).transpose()?,
        })
    }

    /// The message `from` with url, token and authentication of this one.
    pub(super) fn put_protobuf(&self, from: &[u8], version: &str) -> Result<Vec<u8>, PushError> {
        let numbers = Numbers::of(version);
        let mut out = Vec::with_capacity(from.len());
        for entry in Entries::of(from) {
            let entry = entry.map_err(|_| MALFORMED)?;
            if ![numbers.url, numbers.token, numbers.authentication].contains(&entry.number) {
                out.extend_from_slice(entry.whole);
            }
        }
        put(&mut out, numbers.url, self.url.as_bytes());
        if let Some(token) = &self.token {
            put(&mut out, numbers.token, token.as_bytes());
        }
        if let Some(authentication) = &self.authentication {
            put(&mut out, numbers.authentication, &authentication.protobuf());
        }
        Ok(out)
    }
}

const MALFORMED: PushError = PushError::Config("is not a protobuf message");

impl Authentication {
    fn of_json(value: &RawValue, version: &str) -> Result<Self, PushError> {
        const TYPE: PushError = PushError::Config("has an authentication of another type");
        let object = Object::read(value).map_err(|_| TYPE)?;
        let schemes = if version == V0_3 {
            object.texts("schemes").map_err(|_| TYPE)?
        } else {
            object.text("scheme").map_err(|_| TYPE)?.into_iter().collect()
        };
        Ok(Self { schemes, credentials: object.text("credentials").map_err(|_| TYPE)? })
    }

    fn json(&self, version: &str) -> Result<Box<RawValue>, PushError> {
        let mut object = serde_json::Map::new();
        if version == V0_3 {
            object.insert("schemes".to_owned(), json!(self.schemes));
        } else if let Some(scheme) = self.schemes.first() {
            object.insert("scheme".to_owned(), json!(scheme));
        }
        if let Some(credentials) = &self.credentials {
            object.insert("credentials".to_owned(), json!(credentials));
        }
        raw(&object)
    }

    /// SPEC: `AuthenticationInfo`: the scheme, or the schemes, are field 1 in both versions.
    fn of_protobuf(message: &[u8]) -> Result<Self, PushError> {
        let mut read = Self::default();
        for entry in Entries::of(message) {
            let entry = entry.map_err(|_| MALFORMED)?;
            match (entry.number, entry.value) {
                (1, Wire::Bytes(scheme)) => read.schemes.push(text(scheme)?),
                (2, Wire::Bytes(credentials)) => read.credentials = Some(text(credentials)?),
                _ => {}
            }
        }
        Ok(read)
    }

    fn protobuf(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.schemes.iter().for_each(|scheme| put(&mut out, 1, scheme.as_bytes()));
        if let Some(credentials) = &self.credentials {
            put(&mut out, 2, credentials.as_bytes());
        }
        out
    }
}

/// Field numbers of a configuration.
struct Numbers {
    id: u32,
    url: u32,
    token: u32,
    authentication: u32,
}

impl Numbers {
    fn of(version: &str) -> Self {
        if version == V0_3 {
            Self { id: 1, url: 2, token: 3, authentication: 4 }
        } else {
            Self { id: 2, url: 4, token: 5, authentication: 6 }
        }
    }
}

fn text(bytes: &[u8]) -> Result<String, PushError> {
    core::str::from_utf8(bytes).map(str::to_owned).map_err(|_| MALFORMED)
}

fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>, PushError> {
    to_raw_value(value).map_err(|_| PushError::Config("cannot be written"))
}

#[cfg(test)]
mod tests {
    use super::{Authentication, Config};
    use crate::object::Object;
    use crate::operation::{V0_3, V1_0};

    fn config() -> Config {
        let authentication = Authentication {
            schemes: vec!["Bearer".to_owned()],
            credentials: Some("secret".to_owned()),
        };
        Config {
            id: Some("c".to_owned()),
            url: "http://127.0.0.1:1/hook".to_owned(),
            token: Some("t".to_owned()),
            authentication: Some(authentication),
        }
    }

    #[test]
    fn what_is_put_in_is_read_in_every_encoding_and_version() {
        for version in [V1_0, V0_3] {
            let json = br#"{"id":"c","x" : 1.0,"url":"u"}"#;
            let mut object = Object::parse(json).unwrap();
            config().put_json(&mut object, version).unwrap();
            let written = object.to_raw().unwrap();
            assert!(written.get().starts_with(r#"{"id":"c","x":1.0,"#), "{written}");
            let read = Object::parse(written.get().as_bytes()).unwrap();
            assert!(Config::of_json(&read, version).unwrap() == config(), "{version}");

            let id = [&[if version == V0_3 { 0x0a } else { 0x12 }, 1][..], b"c"].concat();
            let written = config().put_protobuf(&id, version).unwrap();
            assert!(Config::of_protobuf(&written, version).unwrap() == config(), "{version}");
            let elsewhere = config().leading_to("v".to_owned());
            let written = elsewhere.put_protobuf(&written, version).unwrap();
            assert!(Config::of_protobuf(&written, version).unwrap() == elsewhere, "{version}");
            assert!(!written.windows(6).any(|window| window == b"secret"), "{version}");
        }
    }

    #[test]
    fn a_configuration_without_one_url_is_refused() {
        for json in [r#"{"id":"c"}"#, r#"{"url":""}"#, r#"{"url":1}"#, r#"{"url":"u","token":1}"#] {
            let object = Object::parse(json.as_bytes()).unwrap();
            assert!(Config::of_json(&object, V1_0).is_err(), "{json}");
        }
        let twice = [0x22, 1, b'u', 0x22, 1, b'v'];
        assert!(Config::of_protobuf(&twice, V1_0).is_err());
        assert!(Config::of_protobuf(&twice[..3], V1_0).is_ok());
        assert!(Config::of_protobuf(&[0x22, 1, 0xff], V1_0).is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", config());
        assert!(!shown.contains("secret") && !shown.contains("hook"), "{shown}");
    }
}

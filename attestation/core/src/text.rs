//! Values that stand as text in a document, read without a copy of the text.

use core::fmt;
use core::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads a text, and the value that it stands for with `read`.
pub(crate) fn read<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Reading { read, value: PhantomData })
}

struct Reading<F, T> {
    read: F,
    value: PhantomData<T>,
}

impl<F: FnOnce(&str) -> Result<T, X>, T, X: fmt::Display> Visitor<'_> for Reading<F, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(E::custom)
    }
}

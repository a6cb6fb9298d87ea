//! What whoever delivers has to know.

use core::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroize;

/// What finds a capability among others: its beginning, which is no secret by itself.
pub(super) type Locator = [u8; LOCATOR_BYTES];

const LOCATOR_BYTES: usize = 8;
const BYTES: usize = 32;

/// Thirty-two random bytes: whoever shows them was given them. Zeroized on drop.
pub(crate) struct Capability([u8; BYTES]);

/// The system gives no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRandomness;

impl Capability {
    /// One that nobody knows yet.
    pub(super) fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = [0; BYTES];
        rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(bytes))
    }

    /// Reads one; there is one text for each.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; BYTES];
        let read = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes);
        (read == Ok(BYTES)).then_some(Self(bytes))
    }

    /// As it stands in a URL: 43 letters, digits, hyphens and underscores.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(super) fn locator(&self) -> Locator {
        let mut locator = [0; LOCATOR_BYTES];
        locator.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        locator
    }
}

impl PartialEq for Capability {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Capability(..)")
    }
}

impl Drop for Capability {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::Capability;

    #[test]
    fn each_has_one_text_and_no_other_reads() {
        let one = Capability::generate().unwrap();
        let text = one.text();
        assert_eq!(text.len(), 43);
        assert!(Capability::parse(&text).is_some_and(|read| read == one));
        assert!(Capability::generate().unwrap() != one);
        let padded = format!("{text}=");
        for wrong in ["", "x", &text[1..], &padded, &format!("{text}A")] {
            assert!(Capability::parse(wrong).is_none(), "{wrong}");
        }
        // The last letter has two bits to spare; only one of its four readings is a text.
        let last = text.chars().last().unwrap();
        let twin = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            .chars()
            .filter(|c| *c != last)
            .filter(|c| {
                Capability::parse(&format!("{}{c}", &text[..42])).is_some_and(|r| r == one)
            });
        assert_eq!(twin.count(), 0);
    }

    #[test]
    fn it_is_not_shown() {
        let one = Capability::generate().unwrap();
        assert!(!format!("{one:?}").contains(&one.text()));
    }
}

//! Fixed-size values that must not be swapped for one another, and a bounded reader.

mod hashed;
pub(crate) mod hex;

use core::fmt;

use aws_lc_rs::constant_time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;
pub use hashed::Hashed;
use hex::Hex;

/// Declares a newtype over `[u8; N]` that prints and reads as lower-case hex.
macro_rules! fixed_bytes {
    ($($(#[$doc:meta])* $name:ident[$len:literal];)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Wraps exactly the right number of bytes.
            #[must_use]
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// From a slice; `None` if its length is not [`Self::LEN`]: never padded, never cut.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Whether every byte is zero.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                self.0.iter().all(|byte| *byte == 0)
            }

            /// Equality in time that does not depend on where the first difference is.
            #[must_use]
            pub fn ct_eq(&self, other: &Self) -> bool {
                constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Hex(&self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl core::str::FromStr for $name {
            type Err = HexError;

            fn from_str(text: &str) -> Result<Self, HexError> {
                hex::array(text).map(Self).ok_or(HexError { len: $len })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text::read(deserializer, str::parse)
            }
        }
    )+};
}

fixed_bytes! {
    /// A SHA-384 digest: a launch measurement, a register, the digest of a key or of a document.
    Digest48[48];
    /// The 64 bytes of guest-supplied data that the hardware signs: SNP `REPORT_DATA`, TDX `REPORTDATA`.
    ReportData[64];
    /// SNP `CHIP_ID`: identifies the chip that signed, or zero where masked.
    ChipId[64];
    /// SNP `HOST_DATA`: chosen by the host, never by the guest.
    HostData[32];
    /// SNP `REPORT_ID` and `REPORT_ID_MA`.
    ReportId[32];
    /// A Verifier's challenge.
    Nonce[32];
    /// SNP `FAMILY_ID` and `IMAGE_ID`.
    GuestTag[16];
    /// TDX platform provisioning id, from the PCK certificate.
    Ppid[16];
    /// TDX platform instance id, from the PCK certificate of a multi-package platform.
    PlatformInstanceId[16];
    /// Intel's family-model-stepping-platform-custom-SKU, from the PCK certificate.
    Fmspc[6];
    /// Intel's PCE identity, from the PCK certificate.
    PceId[2];
    /// The 16 SGX TCB component SVNs of a platform, from the PCK certificate.
    SgxTcbSvn[16];
    /// TDX `TEE_TCB_SVN`, `TEE_TCB_SVN_2`.
    TeeTcbSvn[16];
    /// Raw little-endian 64-bit attribute field (`TD_ATTRIBUTES`, `XFAM`), kept as bytes.
    Attributes[8];
}

/// The text is not hex of the expected length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {} hexadecimal digits", .len * 2)]
pub struct HexError {
    len: usize,
}

impl HexError {
    /// Hex of `len` bytes was expected.
    pub(crate) const fn of_bytes(len: usize) -> Self {
        Self { len }
    }
}

impl Digest48 {
    /// SHA-384 of `bytes`.
    #[must_use]
    pub fn sha384(bytes: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, bytes);
        let mut out = [0; 48];
        out.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        Self(out)
    }
}

/// Reads fixed-size fields off the front of a slice; every read is bounded by what is left.
///
/// Returns `None` at the end: the caller knows which structure was short and says so.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(len)?;
        self.rest = tail;
        Some(head)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// A little-endian `u16`.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// A little-endian `u32`.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A little-endian `u64`.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A big-endian `u16`.
    pub fn u16_be(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A big-endian `u32`.
    pub fn u32_be(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A big-endian `u64`.
    pub fn u64_be(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// As many bytes as a big-endian `u16` before them says.
    pub fn sized_be(&mut self) -> Option<&'a [u8]> {
        let length = self.u16_be()?;
        self.take(length.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{ChipId, Digest48, Reader};

    #[test]
    fn reader_stops_at_the_end_and_keeps_what_is_left() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16(), Some(0x0201));
        assert_eq!(reader.u16(), None);
        assert_eq!(reader.rest(), &[3]);
    }

    #[test]
    fn slices_of_another_length_are_refused() {
        assert!(ChipId::from_slice(&[0; 63]).is_none());
        assert!(ChipId::from_slice(&[0; 65]).is_none());
        assert!(ChipId::from_slice(&[0; 64]).unwrap().is_zero());
    }

    #[test]
    fn hex_round_trips() {
        let digest = Digest48::sha384(b"abc");
        assert_eq!(digest.to_string().parse::<Digest48>().unwrap(), digest);
        assert!("00".parse::<Digest48>().is_err());
    }

    #[test]
    fn hex_of_every_byte_is_two_lower_case_digits_in_order() {
        let all: [u8; 64] = core::array::from_fn(|at| u8::try_from(at * 4 + at / 22).unwrap());
        let digits: String = all.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(ChipId::new(all).to_string(), digits);
    }
}

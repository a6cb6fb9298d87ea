//! The two forms of a result.

/// How a result is written and signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON claims in a compact JWS.
    Jwt,
    /// CBOR claims in a COSE_Sign1.
    Cwt,
}

impl Format {
    /// The media type in the header of a signed result.
    ///
    /// SPEC: RFC 9711 section 10.3, RFC 7515 section 4.1.9 (without `application/`), RFC 9596.
    #[must_use]
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Jwt => "eat+jwt",
            Self::Cwt => "application/eat+cwt",
        }
    }

    /// Which form received bytes have: text is a JWT, everything else a CWT. This chooses the
    /// parser and nothing else.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let text = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        if bytes.iter().all(text) { Self::Jwt } else { Self::Cwt }
    }
}

//! The codes of this crate, together.

use cloister_attestation::code::Code;

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    [
        crate::card::CODES,
        crate::credentials::CODES,
        crate::delegation::CODES,
        crate::document::CODES,
        crate::lease::CODES,
        crate::life::CODES,
        crate::life::renewal_codes::CODES,
        crate::name::CODES,
        crate::publication::CODES,
        crate::request::CODES,
        crate::session::CODES,
        crate::svid::CODES,
        crate::tls::CODES,
        crate::tls::handshake_codes::CODES,
        crate::trust::CODES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

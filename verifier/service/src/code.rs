//! The codes of this crate, together.

use cloister_attestation::code::Code;

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    [
        crate::admission::CODES,
        crate::challenge::CODES,
        crate::config::CODES,
        crate::endorsements::CODES,
        crate::error::CODES,
        crate::start::CODES,
        crate::state::CODES,
        crate::store::CODES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::codes;

    #[test]
    fn codes_are_unique_and_fit_a_grpc_header() {
        let mut ids = BTreeSet::new();
        for code in codes() {
            assert!(ids.insert(code.id), "{} is there twice", code.id);
            assert!(code.remedy.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", code.id);
            assert!(code.remedy.ends_with('.') && !code.explanation.is_empty(), "{}", code.id);
        }
    }
}

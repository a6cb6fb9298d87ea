//! Every code of this crate, in one list.

use cloister_attestation::code::Code;

/// Every code that this crate can report.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    [
        crate::addresses::CODES,
        crate::audit::CODES,
        crate::boot::CODES,
        crate::channels::CODES,
        crate::config::CODES,
        crate::document::CODES,
        crate::enrol::CODES,
        crate::logging::CODES,
        crate::serve::CODES,
        crate::supervisor::CODES,
        crate::verifier::CODES,
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
    fn no_two_codes_share_an_id_and_each_is_explained() {
        let mut seen = BTreeSet::new();
        for code in codes() {
            assert!(seen.insert(code.id), "{} twice", code.id);
            assert!(code.id.starts_with("node."), "{}", code.id);
            assert!(
                code.remedy.ends_with('.') && code.explanation.len() > code.remedy.len() / 2,
                "{}",
                code.id
            );
        }
        assert!(seen.len() > 20);
    }
}

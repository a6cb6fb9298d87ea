//! The one order of TCB levels that says which of them counts.

use core::cmp::Reverse;

/// Puts `levels` in order, highest first, whatever their order in the document.
///
/// Two levels of one rank are refused: which of their statuses counts would be a guess.
pub(super) fn highest_first<L, R: Ord>(
    levels: &mut [L],
    rank: impl Fn(&L) -> R,
) -> Result<(), String> {
    levels.sort_by_key(|level| Reverse(rank(level)));
    if levels.is_sorted_by(|higher, lower| rank(higher) > rank(lower)) {
        return Ok(());
    }
    Err("two TCB levels are of the same versions".to_owned())
}

//! Which known word somebody may have meant.

/// The words most like `typed`, best first: those within a third of its letters by edit distance,
/// and those that have it as a whole part (`tcb` finds `snp.tcb.below_floor`).
pub(super) fn nearest<'a>(
    typed: &str,
    known: impl Iterator<Item = &'a String>,
    max: usize,
) -> Vec<String> {
    let limit = typed.chars().count().div_ceil(3);
    let mut ranked: Vec<(usize, &String)> = known
        .map(|word| (distance(typed, word), word))
        .filter(|(distance, word)| *distance <= limit || has_part(word, typed))
        .collect();
    ranked.sort();
    ranked.into_iter().take(max).map(|(_, word)| word.clone()).collect()
}

fn has_part(word: &str, typed: &str) -> bool {
    word.split('.').any(|part| part == typed)
        || word.strip_prefix(typed).is_some_and(|rest| rest.starts_with('.'))
}

/// Levenshtein distance in letters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.chars().enumerate() {
        let mut next = vec![at.saturating_add(1)];
        for (other, (above_left, above)) in b.iter().zip(row.iter().zip(row.iter().skip(1))) {
            let left = next.last().copied().unwrap_or(0);
            let replaced = above_left.saturating_add(usize::from(letter != *other));
            next.push(replaced.min(above.saturating_add(1)).min(left.saturating_add(1)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn distance_counts_single_edits() {
        for (a, b, edits) in
            [("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0), ("ab", "ba", 2)]
        {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }

    #[test]
    fn near_misses_and_parts_are_found_and_nonsense_is_not() {
        let known = ["snp.tcb.below_floor", "snp.chain.leaf", "tdx.tcb.status"].map(str::to_owned);
        assert_eq!(nearest("snp.chain.leef", known.iter(), 3), ["snp.chain.leaf"]);
        assert_eq!(nearest("tcb", known.iter(), 3).len(), 2);
        let alike = ["cli.fields", "cli.file"].map(str::to_owned);
        assert_eq!(nearest("cli.fil", alike.iter(), 1), ["cli.file"]);
        assert_eq!(nearest("quite.another.thing", known.iter(), 3), Vec::<String>::new());
    }
}

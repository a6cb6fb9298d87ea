//! Words in lines that fit a terminal of 80 columns.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

/// Columns that output is laid out for.
pub(crate) const COLUMNS: u16 = 80;

/// Breaks `text` between words so that, after `indent` columns, no line is wider than the
/// terminal; the first line is not indented.
pub(crate) fn indented(text: &str, indent: usize) -> String {
    let width = usize::from(COLUMNS).saturating_sub(indent);
    let separator = format!("\n{}", " ".repeat(indent));
    lines(text, width).join(&separator)
}

fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace().flat_map(|word| pieces(word, width)) {
        let room = lines.last().map_or(0, |line| width.saturating_sub(line.chars().count()));
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&word),
            Some(line) if word.chars().count() < room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// A word that is wider than a line (a digest) goes on in the next one.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(width.max(1)).map(|piece| piece.iter().collect()).collect()
}

/// Rows under a heading, within the columns of a terminal.
pub(crate) fn table<const N: usize>(
    heading: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(COLUMNS);
    table.set_header(heading);
    rows.into_iter().for_each(|row| {
        table.add_row(row.map(|cell| printable(&cell)));
    });
    format!("{}\n", table.trim_fmt())
}

/// Text from elsewhere, without the control characters that would act on the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, indented, printable, table};

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let text = format!("{} {}", "word ".repeat(60), "f".repeat(200));
        for (at, line) in indented(&text, 8).lines().enumerate() {
            let indent = if at == 0 { 8 } else { 0 };
            assert!(line.chars().count() + indent <= usize::from(COLUMNS), "{line}");
        }
        assert_eq!(
            indented(&text, 8).split_whitespace().collect::<String>(),
            text.replace(' ', "")
        );
    }

    #[test]
    fn tables_stay_within_the_columns() {
        let table =
            table(["a", "b"], [["x".repeat(60), "y".repeat(96)], ["1".to_owned(), "2".to_owned()]]);
        assert!(table.lines().all(|line| line.chars().count() <= usize::from(COLUMNS)), "{table}");
        assert_eq!(table.matches('y').count(), 96);
    }

    #[test]
    fn control_characters_of_others_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\n"), "a\u{fffd}[31mb\u{fffd}");
    }
}

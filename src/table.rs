//! Formats tables that fit the width of the terminal. Long cells are shortened in the middle, and lines never wrap.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Number of columns between two cells.
const GAP: usize = 2;
/// Minimum width of a column, unless all other columns also have this width.
const NARROW: usize = 8;

/// Lays rows out in lines of at most `width` columns. `None` means no limit. The first row is the heading.
///
/// Columns named in `first` are shortened first. They contain long names, whose beginning and end are the most informative.
#[must_use]
pub fn lay_out(rows: &[Vec<String>], first: &[usize], width: Option<usize>) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let natural = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    let mut widths: Vec<usize> = (0..columns).map(|column| natural(column).unwrap_or(0)).collect();
    if let Some(width) = width {
        shrink(&mut widths, first, width.saturating_sub(GAP * columns.saturating_sub(1)));
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
        let line = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
        let line = line.trim_end();
        // Cut lines that are too wide even with the narrowest cells.
        width.map_or_else(|| line.to_owned(), |width| beginning(line, width).to_owned())
    };
    rows.iter().map(line).collect()
}

/// Shortens the widest cells until all cells together have `width` columns.
fn shrink(widths: &mut [usize], first: &[usize], width: usize) {
    let mut excess = widths.iter().sum::<usize>().saturating_sub(width);
    for (floor, only_first) in [(NARROW, true), (NARROW, false), (1, false)] {
        while excess > 0 {
            let candidates = widths.iter_mut().enumerate().filter(|(column, _)| !only_first || first.contains(column));
            match candidates.map(|(_, width)| width).filter(|width| **width > floor).max_by_key(|width| **width) {
                Some(widest) => *widest -= 1,
                None => break,
            }
            excess -= 1;
        }
    }
}

fn padded(cell: &str, width: usize) -> String {
    let cell = without_middle(cell, width);
    let padding = width.saturating_sub(cell.width());
    cell + &" ".repeat(padding)
}

/// Returns the text with an ellipsis in place of its middle, if it is wider than `width`.
#[must_use]
pub fn without_middle(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let Some(left) = width.checked_sub(1) else { return String::new() };
    let (start, mut end) = (beginning(text, left.div_ceil(2)), text.len());
    let mut room = left - start.width();
    for (at, c) in text.char_indices().rev() {
        match room.checked_sub(c.width().unwrap_or(0)) {
            Some(rest) if at >= start.len() => (room, end) = (rest, at),
            _ => break,
        }
    }
    format!("{start}…{}", &text[end..])
}

/// Returns the start of the text that fits into `width` columns.
fn beginning(text: &str, width: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken > width
    });
    end.map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect()).collect()
    }

    #[test]
    fn a_table_without_a_limit_has_whole_cells() {
        let table = rows(&[&["run", "status"], &["2026-01-31_120000_ab12", "chunked"], &["r", "reset"]]);
        assert_eq!(
            lay_out(&table, &[0], None),
            ["run                     status", "2026-01-31_120000_ab12  chunked", "r                       reset"]
        );
    }

    #[test]
    fn long_names_lose_their_middle_before_other_cells_do() {
        let table = rows(&[&["run", "status", "docs"], &["2026-01-31_120000_ab12", "normalized", "1200"]]);
        assert_eq!(
            lay_out(&table, &[0], Some(33)),
            ["run              status      docs", "2026-01…00_ab12  normalized  1200"]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let table = rows(&[
            &["run", "source", "status", "normalized", "docs", "chunks"],
            &[
                "2026-01-31_120000_ab12-and-more",
                "confluence",
                "normalized",
                "2026-01-31T12:00:00Z",
                "12345",
                "1234567",
            ],
            &["日本語のドキュメント", "dita", "embedded", "2026-01-31T12:00:00Z", "1", "2"],
        ]);
        for width in 0..120 {
            for line in lay_out(&table, &[0, 1], Some(width)) {
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
        assert_eq!(lay_out(&table, &[0, 1], Some(119)), lay_out(&table, &[0, 1], None));
    }

    #[test]
    fn a_text_without_its_middle_keeps_both_ends() {
        assert_eq!(without_middle("abcdefgh", 8), "abcdefgh");
        assert_eq!(without_middle("abcdefgh", 7), "abc…fgh");
        assert_eq!(without_middle("abcdefgh", 4), "ab…h");
        assert_eq!(without_middle("abcdefgh", 1), "…");
        assert_eq!(without_middle("abcdefgh", 0), "");
        assert_eq!(without_middle("日本語日本語", 6), "日…語");
    }
}

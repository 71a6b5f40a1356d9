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
    let mut widths = natural_widths(rows);
    if let Some(width) = width {
        let gaps = GAP * widths.len().saturating_sub(1);
        shrink(&mut widths, first, width.saturating_sub(gaps), &STEPS);
    }
    rows.iter().map(|row| line(row, &widths, width)).collect()
}

/// Lays out rows like [`lay_out`], but never shortens the first column, because users copy its ids. If the line is too short for an
/// id, the id has its own line above the other cells, and the terminal wraps it if necessary.
#[must_use]
pub fn lay_out_ids(rows: &[Vec<String>], first: &[usize], width: Option<usize>) -> Vec<String> {
    let mut widths = natural_widths(rows);
    let (Some(width), Some(heading)) = (width, rows.first().and_then(|row| row.first())) else {
        return lay_out(rows, first, width);
    };
    let available = width.saturating_sub(GAP * widths.len().saturating_sub(1));
    let others: Vec<usize> = first.iter().copied().filter(|column| *column > 0).collect();
    let id_width = widths[0];
    shrink(&mut widths[1..], &before(&others), available.saturating_sub(id_width), &STEPS[..1]);
    let room = available.saturating_sub(widths[1..].iter().sum()).max(heading.width());
    if id_width > room {
        let fitting = rows.iter().filter_map(|row| row.first()).map(|id| id.width()).filter(|id| *id <= room);
        widths[0] = fitting.max().unwrap_or(0);
        shrink(&mut widths[1..], &before(&others), available.saturating_sub(room), &STEPS);
    }
    let mut lines = Vec::new();
    for row in rows {
        match row.split_first() {
            Some((id, cells)) if id.width() > widths[0] => {
                lines.push(id.clone());
                let cells: Vec<String> = std::iter::once(String::new()).chain(cells.iter().cloned()).collect();
                lines.push(line(&cells, &widths, Some(width)));
            }
            _ => lines.push(line(row, &widths, Some(width))),
        }
    }
    lines
}

/// Returns the columns `columns`, counted from the second column.
fn before(columns: &[usize]) -> Vec<usize> {
    columns.iter().map(|column| column - 1).collect()
}

fn natural_widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let natural = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    (0..columns).map(|column| natural(column).unwrap_or(0)).collect()
}

/// Formats one row. Cuts a line that is too wide even with the narrowest cells.
fn line(row: &[String], widths: &[usize], width: Option<usize>) -> String {
    let cells = row.iter().zip(widths).map(|(cell, width)| padded(cell, *width));
    let line = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
    let line = line.trim_end();
    width.map_or_else(|| line.to_owned(), |width| beginning(line, width).to_owned())
}

/// The steps in which columns are shortened: the minimum width, and whether only the columns that are shortened first are affected.
const STEPS: [(usize, bool); 3] = [(NARROW, true), (NARROW, false), (1, false)];

/// Shortens the widest cells, one step of `steps` after the other, until all cells together are `width` columns wide.
fn shrink(widths: &mut [usize], first: &[usize], width: usize, steps: &[(usize, bool)]) {
    let mut excess = widths.iter().sum::<usize>().saturating_sub(width);
    for &(floor, only_first) in steps {
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
    fn ids_are_never_shortened() {
        let table = rows(&[
            &["run", "source", "status", "docs"],
            &["wiki", "confluence", "chunked", "7"],
            &["2026-01-31_120000_ab12-and-more", "confluence", "normalized", "1200"],
        ]);
        assert_eq!(lay_out_ids(&table, &[0, 1], None), lay_out(&table, &[], None));
        // The names shrink first, then the long id gets its own line, and then the other cells shrink.
        assert_eq!(
            lay_out_ids(&table, &[0, 1], Some(59)),
            [
                "run                              source    status      docs",
                "wiki                             conf…nce  chunked     7",
                "2026-01-31_120000_ab12-and-more  conf…nce  normalized  1200",
            ]
        );
        assert_eq!(
            lay_out_ids(&table, &[0, 1], Some(40)),
            [
                "run   source    status      docs",
                "wiki  conf…nce  chunked     7",
                "2026-01-31_120000_ab12-and-more",
                "      conf…nce  normalized  1200",
            ]
        );
        assert_eq!(
            lay_out_ids(&table, &[0, 1], Some(20)),
            [
                "run  so…e  st…s  d…s",
                "wiki",
                "     co…e  ch…d  7",
                "2026-01-31_120000_ab12-and-more",
                "     co…e  no…d  1…0",
            ]
        );
    }

    #[test]
    fn every_line_without_an_id_fits_the_terminal() {
        let table = rows(&[
            &["run", "source", "status", "docs"],
            &["2026-01-31_120000_ab12", "confluence", "normalized", "12345"],
            &["日本語のドキュメント", "dita", "embedded", "1"],
        ]);
        for width in 0..80 {
            let lines = lay_out_ids(&table, &[1], Some(width));
            for id in ["2026-01-31_120000_ab12", "日本語のドキュメント"] {
                assert!(lines.iter().any(|line| line.starts_with(id)), "{width}: {lines:?}");
            }
            assert!(lines.iter().all(|line| line.width() <= width || !line.contains(' ')), "{width}: {lines:?}");
        }
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

//! The context that a part of a table repeats: the headings of its columns and the first cell of its row.

use std::ops::Range;

/// The head of a table. Its cells may be shortened.
#[derive(Debug)]
pub struct Head {
    /// Spaces and quote markers before each line.
    pub marker: String,
    cells: Vec<String>,
    /// The running totals of the tokens in the cells.
    sums: Vec<usize>,
    has_delimiter: bool,
}

/// The number of tokens of a cell besides its text, for the bar. In the delimiter line, a cell needs a bar and a dash.
const BAR: usize = 1;
const DELIMITER: usize = 2;

impl Head {
    /// Parses the lines of a head, and shortens its cells so that the head has at most `limit` tokens. `shorten`
    /// truncates a string to at most the given number of tokens and returns the result with its token count. Returns
    /// `None` if no head fits.
    pub fn new(text: &str, limit: usize, shorten: impl Fn(&str, usize) -> (String, usize)) -> Option<Self> {
        let line = text.lines().next()?;
        let mut ranges = cells(line);
        let marker = line.get(..line.len() - line.trim_start_matches(|c: char| c.is_whitespace() || c == '>').len())?;
        let frame = |cells: usize, has_delimiter: bool| {
            (cells + 1) * BAR + if has_delimiter { cells * DELIMITER + 1 } else { 0 }
        };
        // Each cell needs room for one token. Otherwise, omit the delimiter line, and then the last columns.
        let has_room = |cells: usize, has_delimiter| frame(cells, has_delimiter) + cells <= limit;
        let has_delimiter = has_room(ranges.len(), true);
        while !has_room(ranges.len(), has_delimiter) {
            ranges.pop()?;
        }
        let room = limit.saturating_sub(frame(ranges.len(), has_delimiter));
        let whole: Vec<(String, usize)> =
            ranges.iter().map(|cell| shorten(line.get(cell.clone()).unwrap_or_default(), room)).collect();
        let each = fair_share(whole.iter().map(|(_, tokens)| *tokens).collect(), room);
        let (mut texts, mut sums) = (Vec::new(), vec![0]);
        for (text, tokens) in whole {
            let (text, tokens) = if tokens > each { shorten(&text, each) } else { (text, tokens) };
            sums.push(sums.last().copied().unwrap_or_default() + tokens);
            texts.push(text);
        }
        (!texts.is_empty()).then(|| Self { marker: marker.to_owned(), cells: texts, sums, has_delimiter })
    }

    /// Returns the head for a part of a row that begins in column `from`. It always includes the first column.
    pub fn text(&self, from: usize) -> String {
        let cells: Vec<&str> = self.columns(from).filter_map(|i| self.cells.get(i)).map(String::as_str).collect();
        let marker = &self.marker;
        let mut text = format!("{marker}| {} |", cells.join(" | "));
        if self.has_delimiter {
            text.push('\n');
            text.push_str(marker);
            text.push('|');
            text.push_str(&"-|".repeat(cells.len()));
        }
        text
    }

    /// Returns the number of tokens in [`text`](Self::text).
    pub fn tokens(&self, from: usize) -> usize {
        let sum = |i: usize| self.sums.get(i).copied().unwrap_or_default();
        let last = self.cells.len();
        let from = from.min(last);
        let (count, tokens) =
            if from == 0 { (last, sum(last)) } else { (1 + last - from, sum(1) + sum(last) - sum(from)) };
        let delimiter = if self.has_delimiter { count * DELIMITER + 1 } else { 0 };
        tokens + (count + 1) * BAR + delimiter
    }

    fn columns(&self, from: usize) -> impl Iterator<Item = usize> {
        let first = (from > 0).then_some(0);
        first.into_iter().chain(from..self.cells.len())
    }
}

/// Returns the maximum number of tokens for each cell so that all cells together have at most `room`.
pub fn fair_share(mut tokens: Vec<usize>, mut room: usize) -> usize {
    tokens.sort_unstable();
    let mut left = tokens.len();
    for tokens in tokens {
        let share = room / left.max(1);
        if tokens > share {
            return share.max(1);
        }
        room -= tokens;
        left -= 1;
    }
    usize::MAX
}

/// A row that is too long for one chunk.
#[derive(Debug)]
pub struct LongRow {
    pub range: Range<usize>,
    /// The starts of the cells.
    pub cells: Vec<usize>,
    /// The first cell, shortened, and its number of tokens.
    pub key: String,
    pub key_tokens: usize,
}

impl LongRow {
    /// Returns the column in which a part begins at `at`, and whether the part begins with the bar of that column.
    pub fn column(&self, body: &str, at: usize) -> (usize, bool) {
        let column = self.cells.partition_point(|start| *start <= at).saturating_sub(1);
        let at_bar = body.as_bytes().get(at) == Some(&b'|');
        (column + usize::from(at_bar), at_bar)
    }
}

/// Returns the cells of a row, without the spaces around them.
pub fn cells(line: &str) -> Vec<Range<usize>> {
    let start = line.len() - line.trim_start_matches(|c: char| c.is_whitespace() || c == '>').len();
    let end = start + line.get(start..).unwrap_or_default().trim_end().len();
    let mut bars = Vec::new();
    let mut is_escaped = false;
    for (at, byte) in line.bytes().enumerate().take(end).skip(start) {
        if byte == b'|' && !is_escaped {
            bars.push(at);
        }
        is_escaped = byte == b'\\' && !is_escaped;
    }
    let begins_with_bar = bars.first() == Some(&start);
    let ends_with_bar = bars.last().is_some_and(|bar| bar + 1 == end);
    let starts = (!begins_with_bar).then_some(start).into_iter().chain(bars.iter().map(|bar| bar + 1));
    let ends = bars.iter().skip(usize::from(begins_with_bar)).copied().chain((!ends_with_bar).then_some(end));
    starts
        .zip(ends)
        .map(|(from, to)| {
            let cell = line.get(from..to).unwrap_or_default();
            let from = from + cell.len() - cell.trim_start().len();
            from..from + cell.trim().len()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<&str> {
        cells(line).into_iter().map(|cell| &line[cell]).collect()
    }

    #[test]
    fn cells_are_found_with_and_without_bars_at_the_ends() {
        assert_eq!(texts("| a | b c |"), ["a", "b c"]);
        assert_eq!(texts("a | b"), ["a", "b"]);
        assert_eq!(texts("> | a \\| b || `c` |\n"), ["a \\| b", "", "`c`"]);
        assert_eq!(texts("|"), Vec::<&str>::new());
    }

    fn first_words(text: &str, words: usize) -> (String, usize) {
        let words: Vec<&str> = text.split_whitespace().take(words).collect();
        (words.join(" "), words.len())
    }

    #[test]
    fn long_cells_give_way_to_short_ones() {
        let head = Head::new("| a | one two three four five | b c |\n|---|---|---|", 18, first_words).unwrap();
        assert_eq!(head.text(0), "| a | one two three four | b c |\n|-|-|-|");
        assert_eq!(head.tokens(0), 18);
        assert_eq!(head.text(2), "| a | b c |\n|-|-|");
        assert_eq!(head.tokens(2), 3 + 3 + 5);
    }

    #[test]
    fn many_columns_lose_the_line_below_and_then_the_last_columns() {
        let head = Head::new("| a | b | c | d |\n|---|---|---|---|", 10, first_words).unwrap();
        assert_eq!(head.text(0), "| a | b | c | d |");
        let head = Head::new("| a | b | c | d |\n|---|---|---|---|", 6, first_words).unwrap();
        assert_eq!(head.text(0), "| a | b |");
        assert!(Head::new("| a |\n|---|", 2, first_words).is_none());
    }
}

//! Counts the tokens of any part of a document. The document is tokenized only once.

use std::ops::Range;

use super::Limits;
use super::list::Item;
use super::outline::{Frame, Outline};
use super::table::{Head, LongRow, cells, fair_share};
use crate::embed::Tokenizer;

/// Separates the parts of a heading path.
const PATH_SEPARATOR: &str = " > ";
/// Separates the heading path from the content.
const BLANK_LINE: &str = "\n\n";
/// Maximum number of bytes that one token stands for. A tokenizer may make one token of a very long word, but the size of a
/// chunk in bytes must be limited.
const BYTES_PER_TOKEN: usize = 64;

/// The minimum number of tokens of a list item that a chunk repeats.
const LEAST_OF_ITEM: usize = 3;

/// The text that is added to each part of a divided table or code block.
#[derive(Debug, Default)]
struct TornFrame {
    /// The number of tokens in its full opening, or 0 if the opening is not repeated.
    opening: usize,
    /// The head of a table, if it must be shortened or rows must be cut.
    head: Option<Head>,
    /// The number of tokens in the closing line of a part.
    closing: usize,
}

/// A document with its token counts.
pub struct Ruler<'a> {
    pub body: &'a str,
    pub title: &'a str,
    pub limits: Limits,
    pub tokenizer: &'a dyn Tokenizer,
    pub outline: &'a Outline,
    starts: Vec<usize>,
    /// The number of tokens in each heading. The title comes last.
    names: Vec<usize>,
    /// The number of tokens in the heading path of each heading. The title comes last.
    paths: Vec<usize>,
    frames: Vec<TornFrame>,
    /// Rows of tables that may be too long for a chunk, in order.
    rows: Vec<LongRow>,
    /// The number of tokens that each list item adds before the content below it.
    items: Vec<usize>,
    separator: usize,
}

impl<'a> Ruler<'a> {
    pub fn new(
        title: &'a str,
        body: &'a str,
        limits: Limits,
        tokenizer: &'a dyn Tokenizer,
        outline: &'a Outline,
    ) -> Self {
        let overlap_tokens = limits.overlap_tokens.min(limits.max_tokens / 4);
        let mut ruler = Self {
            body,
            title: title.trim(),
            limits: Limits { overlap_tokens, ..limits },
            tokenizer,
            outline,
            starts: dense_starts(body, tokenizer),
            names: Vec::new(),
            paths: Vec::new(),
            frames: Vec::new(),
            rows: Vec::new(),
            items: Vec::new(),
            separator: 0,
        };
        ruler.separator = ruler.tokens(PATH_SEPARATOR);
        let headings = 0..=outline.headings.len();
        ruler.names = headings.clone().map(|i| ruler.tokens(ruler.name(i))).collect();
        let blank_line = ruler.tokens(BLANK_LINE);
        let path_tokens = |i| match ruler.path_of(i).tokens {
            0 => 0,
            tokens => tokens + blank_line,
        };
        ruler.paths = headings.map(path_tokens).collect();
        ruler.items = (0..outline.items.len()).map(|item| ruler.item_tokens(item)).collect();
        ruler.rows = ruler.long_rows();
        ruler.frames = outline.frames.iter().map(|frame| ruler.frame(frame, &ruler.rows)).collect();
        ruler
    }

    /// Measures the text that is put before each part of a table or a code block.
    fn frame(&self, frame: &Frame, rows: &[LongRow]) -> TornFrame {
        let opening = self.tokens(frame.opening(self.body));
        let limit = self.limits.max_tokens / 4;
        let first_row = rows.partition_point(|row| row.range.end <= frame.range.start);
        let has_long_rows = rows.get(first_row).is_some_and(|row| row.range.start < frame.range.end);
        let needs_head = !frame.is_code && frame.head_end > frame.range.start && (opening > limit || has_long_rows);
        let head =
            needs_head.then(|| Head::new(frame.opening(self.body), limit, |text, most| self.start_of(text, most)));
        TornFrame {
            // Do not repeat a fence that would leave little room for content.
            opening: if opening <= limit { opening } else { 0 },
            head: head.flatten(),
            closing: self.tokens(&frame.closing),
        }
    }

    /// Returns the table rows that may be too long for one chunk.
    fn long_rows(&self) -> Vec<LongRow> {
        let mut rows = Vec::new();
        for frame in self.outline.frames.iter().filter(|frame| !frame.is_code) {
            let above = self.outline.heading_above(frame.range.start).unwrap_or(self.outline.headings.len());
            let items = self.outline.item_above(frame.range.start).and_then(|item| self.items.get(item));
            let before = self.paths.get(above).copied().unwrap_or_default() + items.copied().unwrap_or_default();
            // Reserve a third of max_tokens: a quarter for the table head, and the rest for the tokens that a cut adds.
            let room = self.budget().saturating_sub(before + self.limits.max_tokens / 3);
            let mut at = frame.head_end;
            for line in self.body.get(frame.head_end..frame.range.end).unwrap_or_default().split_inclusive('\n') {
                // A token has at least one byte.
                if line.len() > room && self.content(&(at..at + line.len())) > room {
                    let cells = cells(line);
                    let first = cells.first().and_then(|cell| line.get(cell.clone())).unwrap_or_default();
                    let (key, key_tokens) = self.start_of(first, (self.limits.max_tokens / 16).max(1));
                    let range = at..at + line.trim_end().len();
                    rows.push(LongRow {
                        range,
                        cells: cells.iter().map(|cell| at + cell.start).collect(),
                        key,
                        key_tokens,
                    });
                }
                at += line.len();
            }
        }
        rows
    }

    /// Returns the row that a cut at `at` would divide.
    fn row_at(&self, at: usize) -> Option<&LongRow> {
        let last = self.rows.partition_point(|row| row.range.start < at).checked_sub(1)?;
        self.rows.get(last).filter(|row| at < row.range.end)
    }

    /// Returns the starts of the cells of long rows in `range`.
    pub fn cells(&self, range: &Range<usize>) -> Vec<usize> {
        let first = self.rows.partition_point(|row| row.range.end <= range.start);
        let rows = self.rows.iter().skip(first).take_while(|row| row.range.start < range.end);
        // An empty cell begins at the bar that ends it.
        let is_filled = |at: &usize| self.body.as_bytes().get(*at) != Some(&b'|');
        let mut starts: Vec<usize> = rows.flat_map(|row| row.cells.iter().skip(1).copied().filter(is_filled)).collect();
        starts.dedup();
        starts
    }

    /// Returns the number of tokens in an item and in the items that contain it.
    fn item_tokens(&self, item: usize) -> usize {
        let (items, most) = self.item_chain(item);
        items.iter().map(|item| self.content(&(item.range.start..item.lead_end)).min(most)).sum()
    }

    /// Returns an item and the items that contain it, innermost first, and the maximum number of tokens for each.
    fn item_chain(&self, item: usize) -> (Vec<&'a Item>, usize) {
        let room = self.limits.max_tokens / 6;
        let outline = self.outline;
        let outward = std::iter::successors(Some(item), |i| outline.items.get(*i)?.parent);
        let items: Vec<&Item> =
            outward.filter_map(|i| outline.items.get(i)).take((room / LEAST_OF_ITEM).max(1)).collect();
        let most =
            fair_share(items.iter().map(|item| self.content(&(item.range.start..item.lead_end))).collect(), room);
        (items, most)
    }

    /// Returns the list items above a chunk that begins at `at`, one line for each item.
    fn item_text(&self, at: usize) -> String {
        let Some(item) = self.outline.item_above(at) else { return String::new() };
        let (items, most) = self.item_chain(item);
        let mut text = String::new();
        for item in items.iter().rev() {
            let lead = item.lead(self.body);
            let indent = lead.len() - lead.trim_start().len();
            let (shown, _) = self.start_of(lead.trim_start(), most);
            if !shown.is_empty() {
                text.push_str(lead.get(..indent).unwrap_or_default());
                text.push_str(&shown);
                text.push('\n');
            }
        }
        text
    }

    /// Returns the start of `text` with at most `most` tokens, and the number of its tokens. If possible, it ends after a word.
    fn start_of(&self, text: &str, most: usize) -> (String, usize) {
        let mut starts = Vec::new();
        self.tokenizer.token_starts(text, &mut starts);
        let Some(end) = starts.get(most).copied() else { return (text.to_owned(), starts.len()) };
        // The ellipsis counts as one token.
        let marked = most.saturating_sub(1);
        let end = if most > 2 { starts.get(marked).copied().unwrap_or(end) } else { end };
        let end = (0..=end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let part = text.get(..end).unwrap_or_default();
        let at_word = text.get(end..).is_some_and(|rest| rest.starts_with(char::is_whitespace))
            || part.ends_with(char::is_whitespace);
        let words = part.rfind(char::is_whitespace).filter(|_| !at_word).and_then(|blank| part.get(..blank));
        let part = words.unwrap_or(part).trim_end();
        (if most > 2 { format!("{part}…") } else { part.to_owned() }, most)
    }

    /// Returns the maximum number of tokens in a piece.
    pub fn budget(&self) -> usize {
        self.limits.max_tokens - self.limits.overlap_tokens
    }

    /// Returns the number of tokens in the body before `at`.
    pub fn index(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start < at)
    }

    /// Returns the number of tokens of the body in `range`.
    pub fn content(&self, range: &Range<usize>) -> usize {
        self.index(range.end) - self.index(range.start)
    }

    /// Returns the start of the last `tokens` tokens before `at`.
    pub fn back(&self, at: usize, tokens: usize) -> usize {
        self.starts.get(self.index(at).saturating_sub(tokens)).copied().unwrap_or(at).min(at)
    }

    /// Returns the number of tokens in a chunk of `range`, including path, items, frame and special tokens.
    pub fn cost(&self, range: &Range<usize>) -> usize {
        let closing = self.frame_at(range.end).map_or(0, |frame| frame.closing);
        let bar = usize::from(self.row_at(range.end).is_some());
        self.overhead(range.start) + self.content(range) + closing + bar
    }

    /// Returns the number of tokens before the content of a chunk that begins at `at`.
    pub fn overhead(&self, at: usize) -> usize {
        let above = self.outline.heading_above(at).unwrap_or(self.outline.headings.len());
        let path = self.paths.get(above).copied().unwrap_or_default();
        let items = self.outline.item_above(at).and_then(|item| self.items.get(item)).copied().unwrap_or_default();
        let frame = self.frame_at(at).map_or(0, |frame| match (self.row_at(at), &frame.head) {
            (Some(row), Some(head)) => {
                let (column, _) = row.column(self.body, at);
                head.tokens(column) + row.key_tokens + 2
            }
            (_, Some(head)) => head.tokens(0),
            (_, None) => frame.opening,
        });
        self.tokenizer.special_tokens() + path + items + frame
    }

    /// Returns the table or code block whose opening a chunk repeats if it begins at `at`.
    /// A chunk that begins in the head itself does not repeat the head.
    fn frame_at(&self, at: usize) -> Option<&TornFrame> {
        let i = self.outline.frame_at(at)?;
        let is_head = self.outline.frames.get(i).is_some_and(|frame| !frame.is_code && at < frame.head_end);
        self.frames.get(i).filter(|_| !is_head)
    }

    /// Returns the text that a chunk repeats if it begins at `at`: the list items above it, the head and the first cell
    /// of the row of a divided table, and the fence of divided code.
    pub fn opening(&self, at: usize) -> String {
        let mut text = self.item_text(at);
        let (Some(frame), Some(i)) = (self.frame_at(at), self.outline.frame_at(at)) else { return text };
        match (self.row_at(at), &frame.head) {
            (Some(row), Some(head)) => {
                let (column, at_bar) = row.column(self.body, at);
                text.push_str(&head.text(column));
                text.push('\n');
                text.push_str(&head.marker);
                text.push_str("| ");
                if column > 0 {
                    text.push_str(&row.key);
                    text.push_str(if at_bar { " " } else { " | " });
                }
            }
            (_, Some(head)) => {
                text.push_str(&head.text(0));
                text.push('\n');
            }
            (_, None) if frame.opening > 0 => {
                text.push_str(self.outline.frames.get(i).map_or("", |frame| frame.opening(self.body)));
                text.push('\n');
            }
            _ => {}
        }
        text
    }

    /// Returns the text that closes a row or a frame if a chunk ends at `at`.
    pub fn closing(&self, at: usize) -> String {
        let ends_cell = self.body.get(..at).is_some_and(|text| text.trim_end().ends_with('|'));
        if self.row_at(at).is_some() {
            return if ends_cell { String::new() } else { " |".to_owned() };
        }
        let frame = self.outline.frame_at(at).and_then(|i| self.outline.frames.get(i));
        match frame.map_or("", |frame| frame.closing.as_str()) {
            "" => String::new(),
            closing => format!("\n{closing}"),
        }
    }

    /// Returns the heading path that is embedded with a chunk that begins at `at`.
    pub fn path(&self, at: usize) -> Path<'a> {
        self.path_of(self.outline.heading_above(at).unwrap_or(self.outline.headings.len()))
    }

    /// Returns the heading path that ends with the name at index `innermost`. If the path needs more than half a chunk,
    /// its outer parts are omitted.
    fn path_of(&self, innermost: usize) -> Path<'a> {
        let limit = self.limits.max_tokens.saturating_sub(self.tokenizer.special_tokens()) / 2;
        let mut path = Path::default();
        for name in self.outward(innermost) {
            let tokens = self.names.get(name).copied().unwrap_or_default();
            let text = self.name(name);
            if text.is_empty() {
                continue;
            }
            let separator = if path.names.is_empty() { 0 } else { self.separator };
            if path.tokens + separator + tokens > limit {
                if path.names.is_empty() {
                    path = self.end_of_name(text, limit);
                }
                break;
            }
            path.tokens += separator + tokens;
            path.names.push(text);
        }
        path
    }

    /// Returns the document title and the headings above `at`, outermost first.
    pub fn full_path(&self, at: usize) -> Vec<String> {
        let innermost = self.outline.heading_above(at).unwrap_or(self.outline.headings.len());
        let mut path: Vec<_> = self.outward(innermost).map(|i| self.name(i).to_owned()).collect();
        path.retain(|name| !name.is_empty());
        path.reverse();
        path
    }

    /// Returns the names from `innermost` outward to the title, which is the last of `names`.
    fn outward(&self, innermost: usize) -> impl Iterator<Item = usize> {
        let title = self.outline.headings.len();
        let outer =
            move |i: &usize| (*i != title).then(|| self.outline.headings.get(*i)?.parent.or(Some(title))).flatten();
        std::iter::successors(Some(innermost), outer)
    }

    fn name(&self, i: usize) -> &'a str {
        self.outline.headings.get(i).map_or(self.title, |heading| heading.text.as_str())
    }

    fn end_of_name(&self, name: &'a str, tokens: usize) -> Path<'a> {
        let mut starts = Vec::new();
        self.tokenizer.token_starts(name, &mut starts);
        let from = starts.len().checked_sub(tokens).and_then(|i| starts.get(i)).copied().unwrap_or(name.len());
        let text = name.get(char_boundary(name, from)..).unwrap_or_default().trim_start();
        Path { names: Vec::from_iter((!text.is_empty()).then_some(text)), tokens: self.tokens(text) }
    }

    fn tokens(&self, text: &str) -> usize {
        if text.is_empty() { 0 } else { self.tokenizer.count(text) - self.tokenizer.special_tokens() }
    }
}

/// The part of a heading path that is embedded.
#[derive(Debug, Default)]
pub struct Path<'a> {
    /// The headings, innermost first.
    names: Vec<&'a str>,
    tokens: usize,
}

impl Path<'_> {
    /// Returns the path and a blank line, or an empty string for an empty path.
    pub fn to_text(&self) -> String {
        if self.names.is_empty() {
            return String::new();
        }
        let names: Vec<_> = self.names.iter().rev().copied().collect();
        names.join(PATH_SEPARATOR) + BLANK_LINE
    }
}

/// Returns the first character boundary at or after `at`. A token may begin inside a character if the tokenizer works on bytes.
pub fn char_boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// Returns the starts of all tokens, and further positions inside very long tokens.
fn dense_starts(body: &str, tokenizer: &dyn Tokenizer) -> Vec<usize> {
    let mut starts = Vec::with_capacity(body.len() / 4);
    tokenizer.token_starts(body, &mut starts);
    let ends = starts.iter().skip(1).copied().chain([body.len()]);
    if starts.iter().zip(ends.clone()).all(|(start, end)| end - start <= BYTES_PER_TOKEN) {
        return starts;
    }
    starts.iter().zip(ends).flat_map(|(start, end)| (*start..end.max(start + 1)).step_by(BYTES_PER_TOKEN)).collect()
}

//! The structure of a Markdown body: its headings, its tables and code, and the places where it may be cut.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::is_blank;
use super::list::{Item, Items, item_above};
use super::seam::{Level, Seam};

/// Maximum length of a heading in a heading path, in bytes. Every chunk below the heading repeats the path.
const LONGEST_NAME: usize = 1000;

/// A heading of the document itself. Headings inside quotes or lists do not count.
#[derive(Debug)]
pub struct Heading {
    /// The start of its line.
    pub start: usize,
    pub end: usize,
    pub level: u8,
    /// Its text without markup.
    pub text: String,
    /// The position in [`Outline::headings`] of the heading above it.
    pub parent: Option<usize>,
}

/// A table or a code block. Each part of it repeats the table head or the fence.
#[derive(Debug)]
pub struct Frame {
    pub range: Range<usize>,
    /// The end of the part that can be repeated: the head of a table or the opening fence.
    pub head_end: usize,
    /// The start of the closing fence, or the end of the block if it has none.
    pub tail_start: usize,
    /// The line that closes a part of a code block. Empty for tables and for code without fences.
    pub closing: String,
    pub is_code: bool,
}

impl Frame {
    /// Returns the text that is put before a part that begins inside the frame.
    pub fn opening<'a>(&self, body: &'a str) -> &'a str {
        body.get(self.range.start..self.head_end).unwrap_or_default().trim_end()
    }
}

/// The structure of a body, before its tokens are counted.
#[derive(Debug, Default)]
pub struct Outline {
    pub headings: Vec<Heading>,
    /// The starts of blocks, in order.
    pub seams: Vec<Seam>,
    /// Tables and code blocks in order, not nested.
    pub frames: Vec<Frame>,
    /// List items, in order.
    pub items: Vec<Item>,
    /// Links, images and code in running text. Cuts avoid them if possible.
    pub spans: Vec<Range<usize>>,
}

impl Outline {
    /// Parses a body. Parsing cannot fail, because every string is valid Markdown.
    /// The head of a table is kept with the first row, unless the head has more than `long_head` bytes.
    pub fn read(body: &str, long_head: usize) -> Self {
        let mut reader = Reader { long_head, ..Reader::new(body) };
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
            reader.event(&event, range);
        }
        reader.finish()
    }

    /// Returns the innermost heading above a chunk that begins at `at`.
    pub fn heading_above(&self, at: usize) -> Option<usize> {
        let next = self.headings.partition_point(|heading| heading.start < at);
        match self.headings.get(next) {
            Some(heading) if heading.start == at => heading.parent,
            _ => next.checked_sub(1),
        }
    }

    /// Returns the position in [`Outline::frames`] of the frame that a cut at `at` would divide.
    pub fn frame_at(&self, at: usize) -> Option<usize> {
        let last = self.frames.partition_point(|frame| frame.range.start < at).checked_sub(1)?;
        self.frames.get(last).filter(|frame| at < frame.range.end).map(|_| last)
    }

    /// Returns the position in [`Outline::items`] of the innermost list item that contains `at`.
    pub fn item_above(&self, at: usize) -> Option<usize> {
        item_above(&self.items, at)
    }

    /// Returns the seams strictly inside `range`.
    pub fn seams_in(&self, range: &Range<usize>) -> &[Seam] {
        let from = self.seams.partition_point(|seam| seam.at <= range.start);
        let to = self.seams.partition_point(|seam| seam.at < range.end);
        self.seams.get(from..to).unwrap_or_default()
    }

    /// Returns whether only whitespace is between `at` and the heading before it.
    pub fn follows_heading(&self, body: &str, at: usize) -> bool {
        let next = self.headings.partition_point(|heading| heading.start < at);
        let above = next.checked_sub(1).and_then(|i| self.headings.get(i));
        above.and_then(|heading| body.get(heading.end..at)).is_some_and(is_blank)
    }

    /// Returns whether a cut at `at` would divide a link, an image or code in running text.
    pub fn tears_span(&self, at: usize) -> bool {
        let next = self.spans.partition_point(|span| span.start < at);
        next.checked_sub(1).and_then(|i| self.spans.get(i)).is_some_and(|span| at < span.end)
    }
}

/// Headings that have no content yet. They are kept with the content that follows.
#[derive(Debug, Clone, Copy)]
struct BareHeadings {
    /// Level of the heading above the first of them, or 0.
    under: u8,
    has_seam: bool,
}

struct Reader<'a> {
    body: &'a str,
    outline: Outline,
    /// Open headings, outermost first.
    open: Vec<usize>,
    /// The number of open blocks.
    depth: u8,
    bare: Option<BareHeadings>,
    /// The start of a block that must stay with the heading before it.
    glued: Option<usize>,
    /// The text of the current heading.
    heading: Option<String>,
    items: Items,
    /// A table head with more bytes may be separated from its first row.
    long_head: usize,
    line: Line,
}

/// The last line that [`line_start`](Reader::line_start) returned.
#[derive(Debug)]
struct Line {
    start: usize,
    /// The end of the part that was read.
    read: usize,
    /// Whether that part contains only whitespace and quote markers.
    is_marker: bool,
}

impl<'a> Reader<'a> {
    fn new(body: &'a str) -> Self {
        Self {
            body,
            outline: Outline::default(),
            open: Vec::new(),
            depth: 0,
            bare: None,
            glued: None,
            heading: None,
            items: Items::default(),
            long_head: usize::MAX,
            line: Line { start: 0, read: 0, is_marker: true },
        }
    }

    fn event(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) if self.depth == 0 => self.start_heading(*level, &range),
            Event::End(TagEnd::Heading(_)) => self.end_heading(),
            Event::Start(tag) => self.start(tag, range),
            Event::End(end @ (TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item | TagEnd::Table)) => {
                if *end == TagEnd::Item {
                    self.items.end();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut self.heading {
                    heading.push_str(text);
                }
                if matches!(event, Event::Code(_)) {
                    self.span(range);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(heading) = &mut self.heading {
                    heading.push(' ');
                }
            }
            Event::Rule => self.block(range.start),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        let is_paragraph = matches!(tag, Tag::Paragraph);
        let is_block = matches!(
            tag,
            Tag::Heading { .. }
                | Tag::HtmlBlock
                | Tag::BlockQuote(_)
                | Tag::List(_)
                | Tag::Table(_)
                | Tag::CodeBlock(_)
        );
        if is_paragraph || is_block {
            let line_start = self.line_start(range.start);
            self.items.block(&(line_start..range.end), is_paragraph);
        }
        match tag {
            Tag::Heading { .. } | Tag::Paragraph | Tag::HtmlBlock => self.block(range.start),
            Tag::BlockQuote(_) | Tag::List(_) | Tag::Item => {
                self.block(range.start);
                if matches!(tag, Tag::Item) {
                    let line_start = self.line.start;
                    self.items.start(range, line_start);
                }
                self.depth = self.depth.saturating_add(1);
            }
            Tag::Table(_) => {
                self.block(range.start);
                self.depth = self.depth.saturating_add(1);
                self.frame(range, false);
            }
            Tag::TableRow => self.table_row(range.start),
            Tag::CodeBlock(kind) => {
                self.block(range.start);
                self.frame(range, true);
                if let CodeBlockKind::Fenced(_) = kind {
                    self.fences();
                }
            }
            Tag::Link { .. } | Tag::Image { .. } => self.span(range),
            _ => {}
        }
    }

    /// Returns the start of the line that contains `at`. Calls must be in ascending order, so that each byte is read only once.
    fn line_start(&mut self, at: usize) -> usize {
        let unread = self.body.get(self.line.read..at).unwrap_or_default();
        if let Some(newline) = unread.rfind('\n') {
            self.line.start = self.line.read + newline + 1;
            self.line.is_marker = true;
        }
        let added = self.body.get(self.line.read.max(self.line.start)..at).unwrap_or_default();
        self.line.is_marker &= added.chars().all(|c| c.is_whitespace() || c == '>');
        self.line.read = self.line.read.max(at);
        self.line.start
    }

    /// Records the start of a block, unless another block begins before it on the same line or the block must stay with a heading.
    fn block(&mut self, start: usize) {
        let at = self.line_start(start);
        if self.bare.take().is_some() {
            self.glued = Some(at);
        }
        if self.line.is_marker && self.glued != Some(at) {
            self.seam(at, Level::block(self.depth));
        }
    }

    fn seam(&mut self, at: usize, level: Level) {
        if self.outline.seams.last().is_none_or(|last| last.at < at) {
            self.outline.seams.push(Seam::new(self.body, at, level));
        }
    }

    fn start_heading(&mut self, level: HeadingLevel, range: &Range<usize>) {
        let level = level as u8;
        while self.open.last().and_then(|i| self.outline.headings.get(*i)).is_some_and(|open| open.level >= level) {
            self.open.pop();
        }
        let parent = self.open.last().copied();
        let under = parent.and_then(|i| self.outline.headings.get(i)).map_or(0, |heading| heading.level);
        let at = self.line_start(range.start);
        // Keep bare headings with this heading, unless this heading ends their section.
        if self.bare.is_none_or(|bare| bare.under >= level) {
            self.give_back_bare_headings();
            self.seam(at, Level::heading(level));
            self.bare = Some(BareHeadings { under, has_seam: true });
        }
        self.open.push(self.outline.headings.len());
        self.outline.headings.push(Heading { start: at, end: range.end, level, text: String::new(), parent });
        self.heading = Some(String::new());
    }

    /// Attaches bare headings to the content before them.
    fn give_back_bare_headings(&mut self) {
        if self.bare.take().is_some_and(|bare| bare.has_seam) {
            self.outline.seams.pop();
        }
    }

    fn end_heading(&mut self) {
        let Some(text) = self.heading.take() else { return };
        let words = text.split_whitespace().scan(0, |bytes, word| {
            *bytes += word.len() + 1;
            (*bytes <= LONGEST_NAME).then_some(word)
        });
        if let Some(heading) = self.outline.headings.last_mut() {
            heading.text = words.collect::<Vec<_>>().join(" ");
        }
    }

    /// Records a table or a code block. Its head is not known yet.
    fn frame(&mut self, range: Range<usize>, is_code: bool) {
        let start = self.line_start(range.start);
        let (head_end, tail_start) = (start, range.end);
        self.outline.frames.push(Frame {
            range: start..range.end,
            head_end,
            tail_start,
            closing: String::new(),
            is_code,
        });
    }

    /// Keeps the head of a table together with its first row. A long head is separated, and repeated in a short form.
    fn table_row(&mut self, start: usize) {
        let at = self.line_start(start);
        let Some(table) = self.outline.frames.last_mut() else { return };
        let is_first = table.head_end == table.range.start;
        if is_first {
            table.head_end = at;
        }
        let has_long_head = table.head_end - table.range.start > self.long_head;
        if !is_first || has_long_head {
            self.seam(at, Level::block(self.depth));
        }
    }

    /// Reads the opening fence of the code block that was just recorded.
    fn fences(&mut self) {
        let Some(code) = self.outline.frames.last_mut() else { return };
        let text = self.body.get(code.range.clone()).unwrap_or_default();
        let line = text.split_inclusive('\n').next().unwrap_or_default();
        let Some(fence_at) = line.find(['`', '~']) else { return };
        let (marker, rest) = line.split_at(fence_at);
        let fence = rest.get(..1).unwrap_or_default();
        let length = rest.len() - rest.trim_start_matches(fence).len();
        code.head_end = code.range.start + line.len();
        code.closing = marker.chars().map(|c| if c == '>' { '>' } else { ' ' }).collect();
        code.closing.push_str(&fence.repeat(length));
        let last = text.trim_end().rfind('\n').map_or(text.len(), |newline| newline + 1);
        let last_line =
            text.get(last..).unwrap_or_default().trim_start_matches(|c: char| c.is_whitespace() || c == '>');
        if last_line.len() >= length && last_line.trim_end().trim_start_matches(fence).is_empty() {
            code.tail_start = code.range.start + last;
        }
    }

    fn span(&mut self, range: Range<usize>) {
        if self.outline.spans.last().is_none_or(|last| last.end <= range.start) {
            self.outline.spans.push(range);
        }
    }

    fn finish(mut self) -> Outline {
        self.give_back_bare_headings();
        // A cut before the first block would create an empty part.
        let blank = self.outline.seams.first().and_then(|seam| self.body.get(..seam.at)).is_some_and(is_blank);
        if blank {
            self.outline.seams.remove(0);
        }
        self.outline.items = self.items.all;
        self.outline
    }
}

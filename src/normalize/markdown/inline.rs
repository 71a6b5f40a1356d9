//! Writes inline content: formatting, links, code spans and line breaks.

use std::borrow::Cow;
use std::ops::Range;

use super::super::tree::Inline;
use super::delimiters::{Delimiters, Mark};
use super::escape;

/// Writes a paragraph. A forced line break becomes `\` at the end of the line.
pub(super) fn paragraph(content: &[Inline]) -> String {
    escape::line_starts(&Writer::new("\\\n").write(content))
}

/// Writes content on one line, for example in a heading.
pub(super) fn single_line(content: &[Inline]) -> String {
    Writer::new(" ").write(content)
}

/// Writes the content of a table cell. Line breaks become `<br>`. The caller escapes `|`.
pub(super) fn cell(content: &[Inline]) -> String {
    Writer::new("<br>").write(content)
}

/// Returns whether `content` produces no output.
pub(super) fn is_blank(content: &[Inline]) -> bool {
    content.iter().all(|inline| match inline {
        Inline::Text(text) | Inline::Code(text) => text.trim().is_empty(),
        Inline::Strong(inner)
        | Inline::Emphasis(inner)
        | Inline::Strike(inner)
        | Inline::Subscript(inner)
        | Inline::Superscript(inner) => is_blank(inner),
        Inline::Link { target, content } => target.trim().is_empty() && is_blank(content),
        Inline::Image { source, alt } => source.trim().is_empty() && alt.trim().is_empty(),
        Inline::Math { tex, .. } => tex.trim().is_empty(),
        Inline::FootnoteReference(_) => false,
        Inline::Break => true,
    })
}

/// Returns a footnote label without characters that would end it.
pub(super) fn footnote_label(label: &str) -> String {
    label.chars().map(|c| if c.is_whitespace() || matches!(c, '[' | ']' | '^' | '\\') { '-' } else { c }).collect()
}

struct Writer {
    out: String,
    line_break: &'static str,
    /// A space to write before the next character, so that the text does not begin or end with a space.
    space: Option<Blank>,
    /// Delimiters to open before the next character, so that no space follows them.
    pending: Vec<Opening>,
    in_link: bool,
    has_strike: bool,
    /// The marks that are open.
    marks: Vec<Mark>,
    tags: Vec<&'static str>,
    delimiters: Delimiters,
    /// The last code span.
    code: Option<(Range<usize>, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    Space,
    Break,
}

#[derive(Clone, Copy)]
enum Opening {
    Mark(Mark),
    Tag(&'static str),
    Link,
}

impl Writer {
    fn new(line_break: &'static str) -> Self {
        Self {
            out: String::new(),
            line_break,
            space: None,
            pending: Vec::new(),
            in_link: false,
            has_strike: false,
            marks: Vec::new(),
            tags: Vec::new(),
            delimiters: Delimiters::default(),
            code: None,
        }
    }

    fn place(&self, before: Option<char>, after: Option<char>) -> escape::Place {
        escape::Place { before, after, in_link: self.in_link, has_strike: self.has_strike }
    }

    fn write(mut self, content: &[Inline]) -> String {
        self.has_strike = content.iter().any(has_strike);
        self.sequence(content);
        self.delimiters.insert_into(self.out)
    }

    fn sequence(&mut self, content: &[Inline]) {
        for item in merge(content) {
            self.item(&item);
        }
    }

    fn item(&mut self, item: &Inline) {
        match item {
            Inline::Text(text) => self.text(text),
            Inline::Strong(inner) => self.mark(Mark::Strong, inner),
            Inline::Emphasis(inner) => self.mark(Mark::Emphasis, inner),
            Inline::Strike(inner) => self.mark(Mark::Strike, inner),
            Inline::Subscript(inner) => self.tagged("<sub>", inner, "</sub>"),
            Inline::Superscript(inner) => self.tagged("<sup>", inner, "</sup>"),
            Inline::Code(text) => self.code(text),
            Inline::Link { target, content } => self.link(target, content),
            Inline::Image { source, alt } => self.image(source, alt),
            Inline::FootnoteReference(label) => {
                self.begin();
                self.guard_bang();
                self.syntax(&format!("[^{}]", footnote_label(label)));
            }
            Inline::Math { tex, display } => self.math(tex, *display),
            Inline::Break => self.space = Some(Blank::Break),
        }
    }

    /// Writes the pending output before a character: a space, unless the text is empty, and then the opening delimiters.
    fn begin(&mut self) {
        if let Some(space) = self.space.take().filter(|_| !self.out.is_empty()) {
            match space {
                Blank::Space => self.out.push(' '),
                Blank::Break => self.syntax(self.line_break),
            }
        }
        for opening in std::mem::take(&mut self.pending) {
            match opening {
                Opening::Mark(mark) => self.delimiters.open(mark, self.out.len()),
                Opening::Tag(tag) => self.syntax(tag),
                Opening::Link => {
                    self.guard_bang();
                    self.syntax("[");
                }
            }
        }
    }

    /// Writes content inside `opening`. If the content produces no output, opens nothing and returns false.
    fn inside(&mut self, opening: Opening, content: &[Inline]) -> bool {
        let around = self.pending.len();
        self.pending.push(opening);
        self.sequence(content);
        let is_pending = self.pending.len() > around;
        self.pending.truncate(around);
        !is_pending
    }

    fn syntax(&mut self, text: &str) {
        let start = self.out.len();
        self.out.push_str(text);
        self.delimiters.add_syntax(start..self.out.len());
    }

    fn text(&mut self, text: &str) {
        let mut rest = text;
        loop {
            let trimmed = rest.trim_start_matches(is_space);
            if trimmed.len() < rest.len() && self.space.is_none() {
                self.space = Some(Blank::Space);
            }
            if trimmed.is_empty() {
                return;
            }
            let end = trimmed.find(is_space).unwrap_or(trimmed.len());
            let (word, after) = trimmed.split_at(end);
            self.begin();
            let is_beside_delimiter = self.delimiters.end_at(self.out.len());
            let before = if is_beside_delimiter { Some('*') } else { self.out.chars().next_back() };
            // A space at the end moves behind the closing delimiter.
            let is_inside = !after.trim_start_matches(is_space).is_empty();
            let place = self.place(before, is_inside.then_some(' '));
            escape::push_text(&mut self.out, word, place);
            rest = after;
        }
    }

    fn tagged(&mut self, open: &'static str, inner: &[Inline], close: &str) {
        if self.tags.contains(&open) {
            return self.sequence(inner);
        }
        self.tags.push(open);
        if self.inside(Opening::Tag(open), inner) {
            self.syntax(close);
        }
        self.tags.pop();
    }

    fn mark(&mut self, mark: Mark, inner: &[Inline]) {
        // A mark inside the same mark has no effect.
        if self.marks.contains(&mark) {
            return self.sequence(inner);
        }
        self.marks.push(mark);
        let is_open = self.inside(Opening::Mark(mark), inner);
        self.marks.pop();
        if is_open {
            self.delimiters.close(self.out.len());
        }
    }

    fn code(&mut self, text: &str) {
        let text = text.replace("\r\n", " ").replace(['\n', '\r'], " ");
        if text.trim().is_empty() {
            if !text.is_empty() {
                self.text(" ");
            }
            return;
        }
        // A parser would read two adjacent code spans as one, with backticks inside.
        let text = match self.code.take() {
            Some((range, before))
                if range.end == self.out.len()
                    && self.space.is_none()
                    && self.pending.is_empty()
                    && !self.delimiters.end_at(range.end) =>
            {
                self.out.truncate(range.start);
                before + &text
            }
            _ => text,
        };
        let delimiter = "`".repeat(escape::shortest_absent_run(&text));
        let ends_with_tick = text.starts_with('`') || text.ends_with('`');
        let pad = if ends_with_tick || (text.starts_with(' ') && text.ends_with(' ')) { " " } else { "" };
        self.begin();
        let start = self.out.len();
        self.syntax(&format!("{delimiter}{pad}{text}{pad}{delimiter}"));
        self.code = Some((start..self.out.len(), text));
    }

    fn link(&mut self, target: &str, content: &[Inline]) {
        if self.in_link || target.trim().is_empty() {
            return self.sequence(content);
        }
        self.in_link = true;
        if !self.inside(Opening::Link, content) {
            self.pending.push(Opening::Link);
            self.begin();
            let before = self.out.chars().next_back();
            let place = self.place(before, Some(']'));
            escape::push_text(&mut self.out, target.trim(), place);
        }
        self.in_link = false;
        self.syntax(&format!("]({})", escape::destination(target)));
    }

    fn image(&mut self, source: &str, alt: &str) {
        if source.trim().is_empty() {
            self.text(alt);
            return;
        }
        self.begin();
        let mut inner = Self { in_link: true, ..Self::new(" ") };
        inner.text(alt);
        self.syntax(&format!("![{}]({})", inner.out, escape::destination(source)));
    }

    fn math(&mut self, tex: &str, display: bool) {
        let tex = tex.split_whitespace().collect::<Vec<_>>().join(" ");
        if tex.is_empty() {
            return;
        }
        let fence = if display { "$$" } else { "$" };
        self.begin();
        self.syntax(&format!("{fence}{tex}{fence}"));
    }

    /// Prevents that a link after `!` is read as an image.
    fn guard_bang(&mut self) {
        if self.out.ends_with('!') && !self.delimiters.end_at(self.out.len()) {
            self.out.pop();
            self.out.push_str("\\!");
        }
    }
}

/// Returns whether an item contains struck text.
fn has_strike(item: &Inline) -> bool {
    match item {
        Inline::Strike(_) => true,
        Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Subscript(inner) | Inline::Superscript(inner) => {
            inner.iter().any(has_strike)
        }
        Inline::Link { content, .. } => content.iter().any(has_strike),
        _ => false,
    }
}

/// Merges adjacent items with the same mark.
fn merge(content: &[Inline]) -> Vec<Cow<'_, Inline>> {
    let mut items: Vec<Cow<'_, Inline>> = Vec::with_capacity(content.len());
    for item in content.iter().filter(|item| !is_empty(item)) {
        match items.last_mut() {
            Some(last) if std::mem::discriminant(last.as_ref()) == std::mem::discriminant(item) && joins(item) => {
                append(last.to_mut(), item);
            }
            _ => items.push(Cow::Borrowed(item)),
        }
    }
    items
}

/// Returns whether an item has no content, not even spaces.
fn is_empty(item: &Inline) -> bool {
    match item {
        Inline::Text(text) | Inline::Code(text) => text.is_empty(),
        Inline::Strong(inner)
        | Inline::Emphasis(inner)
        | Inline::Strike(inner)
        | Inline::Subscript(inner)
        | Inline::Superscript(inner) => inner.iter().all(is_empty),
        _ => false,
    }
}

/// Returns whether two adjacent items of this kind have the same meaning as one.
fn joins(item: &Inline) -> bool {
    use Inline::{Code, Emphasis, Strike, Strong, Subscript, Superscript, Text};
    matches!(item, Text(_) | Code(_) | Strong(_) | Emphasis(_) | Strike(_) | Subscript(_) | Superscript(_))
}

fn append(to: &mut Inline, from: &Inline) {
    use Inline::{Code, Emphasis, Strike, Strong, Subscript, Superscript, Text};
    match (to, from) {
        (Text(a), Text(b)) | (Code(a), Code(b)) => a.push_str(b),
        (Strong(a), Strong(b))
        | (Emphasis(a), Emphasis(b))
        | (Strike(a), Strike(b))
        | (Subscript(a), Subscript(b))
        | (Superscript(a), Superscript(b)) => a.extend_from_slice(b),
        _ => {}
    }
}

/// Returns whether a character is a space that can be collapsed. An ideographic space cannot.
fn is_space(c: char) -> bool {
    c != '\u{3000}' && c.is_whitespace()
}

//! Running text: marks, links, code spans, line breaks.

use std::borrow::Cow;

use super::super::tree::Inline;
use super::escape;

/// Writes a paragraph; forced breaks become `\` at the end of the line.
pub(super) fn paragraph(content: &[Inline]) -> String {
    escape::line_starts(&Writer::new("\\\n").write(content))
}

/// Writes content for a place that holds one line, such as a heading.
pub(super) fn single_line(content: &[Inline]) -> String {
    Writer::new(" ").write(content)
}

/// Writes content for a table cell: breaks become `<br>`; `|` is left to the caller.
pub(super) fn cell(content: &[Inline]) -> String {
    Writer::new("<br>").write(content)
}

/// Whether nothing would be printed for `content`.
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

/// A footnote label without what would end it.
pub(super) fn footnote_label(label: &str) -> String {
    label.chars().map(|c| if c.is_whitespace() || matches!(c, '[' | ']' | '^' | '\\') { '-' } else { c }).collect()
}

/// A mark that is written with delimiters which only work next to the right neighbors.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    delimiter: &'static str,
    /// The same in HTML, for the places where the delimiter would be read as text.
    open: &'static str,
    close: &'static str,
}

const STRONG: Mark = Mark { delimiter: "**", open: "<strong>", close: "</strong>" };
const EMPHASIS: Mark = Mark { delimiter: "*", open: "<em>", close: "</em>" };
const STRIKE: Mark = Mark { delimiter: "~~", open: "<del>", close: "</del>" };

struct Writer {
    out: String,
    line_break: &'static str,
    /// Blank space that is due before the next character, so that none is left at either end.
    space: Option<Blank>,
    in_link: bool,
    /// Delimiters of the marks that are open.
    open: Vec<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    Space,
    Break,
}

impl Writer {
    fn new(line_break: &'static str) -> Self {
        Self { out: String::new(), line_break, space: None, in_link: false, open: Vec::new() }
    }

    fn write(mut self, content: &[Inline]) -> String {
        self.sequence(&merge(content), None);
        self.out
    }

    /// Writes `items`; `after` is the character that will follow the last of them.
    fn sequence(&mut self, items: &[Cow<'_, Inline>], after: Option<char>) {
        for (index, item) in items.iter().enumerate() {
            let next = items.get(index + 1..).unwrap_or_default().iter().find_map(|item| first_char(item)).or(after);
            self.item(item, next);
        }
    }

    fn item(&mut self, item: &Inline, next: Option<char>) {
        match item {
            Inline::Text(text) => self.text(text),
            Inline::Strong(inner) => self.mark(STRONG, inner, next),
            Inline::Emphasis(inner) => self.mark(EMPHASIS, inner, next),
            Inline::Strike(inner) => self.mark(STRIKE, inner, next),
            Inline::Subscript(inner) => self.tagged("<sub>", inner, "</sub>"),
            Inline::Superscript(inner) => self.tagged("<sup>", inner, "</sup>"),
            Inline::Code(text) => self.code(text),
            Inline::Link { target, content } => self.link(target, content),
            Inline::Image { source, alt } => self.image(source, alt),
            Inline::FootnoteReference(label) => self.raw(&format!("[^{}]", footnote_label(label))),
            Inline::Math { tex, display } => self.math(tex, *display),
            Inline::Break => self.space = Some(Blank::Break),
        }
    }

    /// Writes pending blank space, unless nothing stands before it.
    fn flush_space(&mut self) {
        let Some(space) = self.space.take() else { return };
        if self.out.is_empty() {
            return;
        }
        self.out.push_str(match space {
            Blank::Space => " ",
            Blank::Break => self.line_break,
        });
    }

    fn raw(&mut self, text: &str) {
        self.flush_space();
        self.out.push_str(text);
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
            self.flush_space();
            escape::push_text(&mut self.out, word, after.chars().next().map(|_| ' '), self.in_link);
            rest = after;
        }
    }

    fn tagged(&mut self, open: &str, inner: &[Inline], close: &str) {
        if is_blank(inner) {
            self.blank(inner);
            return;
        }
        let items = merge(inner);
        self.leading_blank(&items);
        self.raw(open);
        self.sequence(&items, Some('<'));
        self.out.push_str(close);
    }

    /// Records the blank space that `items` begin with, so that it goes before an opening delimiter.
    fn leading_blank(&mut self, items: &[Cow<'_, Inline>]) {
        for item in items {
            match item.as_ref() {
                Inline::Break => self.space = Some(Blank::Break),
                Inline::Text(text) => {
                    if text.starts_with(is_space) && self.space.is_none() {
                        self.space = Some(Blank::Space);
                    }
                    if !text.trim_matches(is_space).is_empty() {
                        return;
                    }
                }
                other if is_blank(std::slice::from_ref(other)) => {}
                other => return self.leading_blank_of_mark(other),
            }
        }
    }

    fn leading_blank_of_mark(&mut self, item: &Inline) {
        if let Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) = item {
            self.leading_blank(&merge(inner));
        }
    }

    /// Keeps the blank space of content that prints nothing else.
    fn blank(&mut self, inner: &[Inline]) {
        self.leading_blank(&merge(inner));
    }

    fn mark(&mut self, mark: Mark, inner: &[Inline], next: Option<char>) {
        if is_blank(inner) {
            self.blank(inner);
            return;
        }
        // The same mark inside itself says nothing new.
        if self.open.contains(&mark.delimiter) {
            self.sequence(&merge(inner), next);
            return;
        }
        let mut items = merge(inner);
        self.leading_blank(&items);
        trim_start(&mut items);
        let tail = outside_punctuation(&mut items, next);
        let head = self.outside_head(&mut items);
        if items.iter().all(|item| is_blank(std::slice::from_ref(item.as_ref()))) {
            self.text(&head);
            self.sequence(&items, next);
            self.text(&tail);
            return;
        }
        self.text(&head);
        self.flush_space();
        let next = tail.chars().next().or(next);
        let works = self.can_open(&items) && can_close(&items, next);
        let (open, close) = if works { (mark.delimiter, mark.delimiter) } else { (mark.open, mark.close) };
        self.out.push_str(open);
        self.open.push(mark.delimiter);
        self.sequence(&items, mark.delimiter.chars().next());
        self.open.pop();
        self.out.push_str(close);
        self.text(&tail);
    }

    /// Takes leading punctuation off `items` where an opening delimiter before it would be read as text.
    fn outside_head(&mut self, items: &mut [Cow<'_, Inline>]) -> String {
        let before = if self.space.is_some() { None } else { self.out.chars().next_back() };
        if !before.is_some_and(is_word) {
            return String::new();
        }
        let Some(Inline::Text(text)) = items.first().map(Cow::as_ref) else { return String::new() };
        let rest = text.trim_start_matches(is_punctuation);
        let head = text.get(..text.len() - rest.len()).unwrap_or_default().to_owned();
        if head.is_empty() || rest.starts_with(is_space) {
            return String::new();
        }
        let rest = rest.to_owned();
        if let Some(first) = items.first_mut() {
            *first = Cow::Owned(Inline::Text(rest));
        }
        head
    }

    fn can_open(&self, items: &[Cow<'_, Inline>]) -> bool {
        let before = self.out.chars().next_back();
        let first = items.iter().find_map(|item| first_char(item));
        !(before.is_some_and(is_word) && first.is_some_and(is_punctuation))
    }

    fn code(&mut self, text: &str) {
        let text = text.replace("\r\n", " ").replace(['\n', '\r'], " ");
        if text.trim().is_empty() {
            if !text.is_empty() {
                self.text(" ");
            }
            return;
        }
        let delimiter = "`".repeat(escape::shortest_absent_run(&text));
        let ends_with_tick = text.starts_with('`') || text.ends_with('`');
        let pad = if ends_with_tick || (text.starts_with(' ') && text.ends_with(' ')) { " " } else { "" };
        self.raw(&format!("{delimiter}{pad}{text}{pad}{delimiter}"));
    }

    fn link(&mut self, target: &str, content: &[Inline]) {
        if self.in_link || target.trim().is_empty() {
            self.sequence(&merge(content), None);
            return;
        }
        let items = merge(content);
        self.leading_blank(&items);
        self.flush_space();
        self.guard_bang();
        self.out.push('[');
        self.in_link = true;
        if is_blank(content) {
            self.space = None;
            escape::push_text(&mut self.out, target.trim(), Some(']'), true);
        } else {
            let mut items = items;
            trim_start(&mut items);
            self.sequence(&items, Some(']'));
        }
        self.in_link = false;
        let trailing = self.space.take();
        self.out.push_str("](");
        self.out.push_str(&escape::destination(target));
        self.out.push(')');
        self.space = trailing;
    }

    fn image(&mut self, source: &str, alt: &str) {
        if source.trim().is_empty() {
            self.text(alt);
            return;
        }
        self.flush_space();
        self.out.push_str("![");
        let mut inner = Self { in_link: true, ..Self::new(" ") };
        inner.text(alt);
        self.out.push_str(&inner.out);
        self.out.push_str("](");
        self.out.push_str(&escape::destination(source));
        self.out.push(')');
    }

    fn math(&mut self, tex: &str, display: bool) {
        let tex = tex.split_whitespace().collect::<Vec<_>>().join(" ");
        if tex.is_empty() {
            return;
        }
        let fence = if display { "$$" } else { "$" };
        self.raw(&format!("{fence}{tex}{fence}"));
    }

    /// A link right after `!` would read as an image.
    fn guard_bang(&mut self) {
        if self.out.ends_with('!') {
            self.out.pop();
            self.out.push_str("\\!");
        }
    }
}

/// Merges adjacent runs of the same mark.
fn merge(content: &[Inline]) -> Vec<Cow<'_, Inline>> {
    let mut items: Vec<Cow<'_, Inline>> = Vec::with_capacity(content.len());
    for item in content {
        match items.last_mut() {
            Some(last) if std::mem::discriminant(last.as_ref()) == std::mem::discriminant(item) && joins(item) => {
                append(last.to_mut(), item);
            }
            _ => items.push(Cow::Borrowed(item)),
        }
    }
    items
}

/// Whether two of this kind side by side mean the same as one.
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

/// Drops blank items and blank space from the front.
fn trim_start(items: &mut Vec<Cow<'_, Inline>>) {
    let blank = items.iter().take_while(|item| is_blank(std::slice::from_ref(item.as_ref()))).count();
    items.drain(..blank);
    if let Some(first) = items.first_mut()
        && let Inline::Text(text) = first.as_ref()
    {
        *first = Cow::Owned(Inline::Text(text.trim_start_matches(is_space).to_owned()));
    }
}

/// Takes trailing punctuation and blank space off `items` where a delimiter behind it would not close.
fn outside_punctuation(items: &mut [Cow<'_, Inline>], next: Option<char>) -> String {
    let Some(last) = items.last_mut() else { return String::new() };
    let Inline::Text(text) = last.as_ref() else { return String::new() };
    let kept = text.trim_end_matches(is_space);
    let kept = if kept.len() == text.len() && next.is_some_and(is_word) {
        kept.trim_end_matches(is_punctuation)
    } else {
        kept
    };
    if kept.is_empty() || kept.ends_with(is_space) {
        return String::new();
    }
    let tail = text.get(kept.len()..).unwrap_or_default().to_owned();
    let kept = kept.to_owned();
    *last = Cow::Owned(Inline::Text(kept));
    tail
}

fn can_close(items: &[Cow<'_, Inline>], next: Option<char>) -> bool {
    let last = items.iter().rev().find_map(|item| last_char(item));
    !(next.is_some_and(is_word) && last.is_some_and(is_punctuation))
}

/// The first character that an item prints.
fn first_char(item: &Inline) -> Option<char> {
    match item {
        Inline::Text(text) => text.chars().next(),
        Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => {
            let first = inner.iter().find_map(first_char)?;
            Some(if is_space(first) { ' ' } else { '*' })
        }
        Inline::Code(_) => Some('`'),
        Inline::Link { .. } | Inline::FootnoteReference(_) => Some('['),
        Inline::Image { .. } => Some('!'),
        Inline::Math { .. } => Some('$'),
        Inline::Subscript(_) | Inline::Superscript(_) => Some('<'),
        Inline::Break => Some(' '),
    }
}

/// The last character that an item prints.
fn last_char(item: &Inline) -> Option<char> {
    match item {
        Inline::Text(text) => text.chars().next_back(),
        Inline::Strong(_) | Inline::Emphasis(_) => Some('*'),
        Inline::Strike(_) => Some('~'),
        Inline::Code(_) => Some('`'),
        Inline::Link { .. } | Inline::Image { .. } => Some(')'),
        Inline::FootnoteReference(_) => Some(']'),
        Inline::Math { .. } => Some('$'),
        Inline::Subscript(_) | Inline::Superscript(_) => Some('>'),
        Inline::Break => Some(' '),
    }
}

/// Blank space that collapses; the ideographic space is a character of its own.
fn is_space(c: char) -> bool {
    c != '\u{3000}' && c.is_whitespace()
}

fn is_word(c: char) -> bool {
    !c.is_whitespace() && !is_punctuation(c)
}

/// Punctuation and symbols as `CommonMark` has them, near enough: whatever is neither alphanumeric, blank nor a mark.
fn is_punctuation(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_punctuation() } else { !c.is_alphanumeric() && !c.is_whitespace() }
}

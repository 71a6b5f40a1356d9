//! How many tokens a part of the document has, by arithmetic on one tokenization.

use std::ops::Range;

use super::Limits;
use super::outline::{Frame, Outline};
use crate::embed::Tokenizer;

/// Between the parts of a heading path.
const PATH_SEPARATOR: &str = " > ";
/// Between heading path and content.
const BLANK_LINE: &str = "\n\n";
/// A stretch of text that the tokenizer takes for few tokens still counts one for so many bytes: it bounds what a chunk
/// of unbroken characters can grow to.
const BYTES_PER_TOKEN: usize = 64;

/// A document, measured.
pub struct Ruler<'a> {
    pub body: &'a str,
    pub title: &'a str,
    pub limits: Limits,
    pub tokenizer: &'a dyn Tokenizer,
    pub outline: &'a Outline,
    starts: Vec<usize>,
    /// Tokens of each heading's text, the title's last.
    names: Vec<usize>,
    /// Tokens in front of what stands under each heading, the title last.
    paths: Vec<usize>,
    /// Tokens that each frame takes when it is torn, at its start and at its end.
    frames: Vec<(usize, usize)>,
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
        ruler.frames = outline.frames.iter().map(|frame| ruler.frame_tokens(frame)).collect();
        ruler
    }

    fn frame_tokens(&self, frame: &Frame) -> (usize, usize) {
        let opening = self.tokens(frame.opening(self.body));
        // One that would leave little room for content is not repeated.
        let is_repeated = opening <= self.limits.max_tokens / 4;
        (if is_repeated { opening } else { 0 }, self.tokens(&frame.closing))
    }

    /// What a piece may cost.
    pub fn budget(&self) -> usize {
        self.limits.max_tokens - self.limits.overlap_tokens
    }

    /// Tokens of the body before `at`.
    pub fn index(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start < at)
    }

    /// Tokens of the body in `range`.
    pub fn content(&self, range: &Range<usize>) -> usize {
        self.index(range.end) - self.index(range.start)
    }

    /// Where the body's last `tokens` tokens before `at` begin.
    pub fn back(&self, at: usize, tokens: usize) -> usize {
        self.starts.get(self.index(at).saturating_sub(tokens)).copied().unwrap_or(at).min(at)
    }

    /// Tokens of a chunk of `range`: path, frame and special tokens included.
    pub fn cost(&self, range: &Range<usize>) -> usize {
        let closing = self.frame_at(range.end).map_or(0, |(_, closing)| closing);
        self.overhead(range.start) + self.content(range) + closing
    }

    /// Tokens in front of the content of a chunk from `at` on.
    pub fn overhead(&self, at: usize) -> usize {
        let above = self.outline.heading_above(at).unwrap_or(self.outline.headings.len());
        let path = self.paths.get(above).copied().unwrap_or_default();
        self.tokenizer.special_tokens() + path + self.frame_at(at).map_or(0, |(opening, _)| opening)
    }

    fn frame_at(&self, at: usize) -> Option<(usize, usize)> {
        self.frames.get(self.outline.frame_at(at)?).copied()
    }

    /// What a chunk from `at` on repeats of the frame that it tears.
    pub fn opening(&self, at: usize) -> &'a str {
        let frame = self.outline.frame_at(at).filter(|i| self.frames.get(*i).is_some_and(|(opening, _)| *opening > 0));
        frame.and_then(|i| self.outline.frames.get(i)).map_or("", |frame| frame.opening(self.body))
    }

    /// What a chunk that ends at `at` needs to close the frame that it tears.
    pub fn closing(&self, at: usize) -> &'a str {
        self.outline.frame_at(at).and_then(|i| self.outline.frames.get(i)).map_or("", |frame| frame.closing.as_str())
    }

    /// The heading path that is embedded with a chunk from `at` on.
    pub fn path(&self, at: usize) -> Path<'a> {
        self.path_of(self.outline.heading_above(at).unwrap_or(self.outline.headings.len()))
    }

    /// The path down to name `innermost`: its innermost parts, as many as fit into half a chunk.
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

    /// Document title and headings above `at`, outermost first.
    pub fn full_path(&self, at: usize) -> Vec<String> {
        let innermost = self.outline.heading_above(at).unwrap_or(self.outline.headings.len());
        let mut path: Vec<_> = self.outward(innermost).map(|i| self.name(i).to_owned()).collect();
        path.retain(|name| !name.is_empty());
        path.reverse();
        path
    }

    /// From a name to the title, which is the last of `names`.
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
    /// Innermost first.
    names: Vec<&'a str>,
    tokens: usize,
}

impl Path<'_> {
    /// The path and a blank line; nothing for an empty path.
    pub fn to_text(&self) -> String {
        if self.names.is_empty() {
            return String::new();
        }
        let names: Vec<_> = self.names.iter().rev().copied().collect();
        names.join(PATH_SEPARATOR) + BLANK_LINE
    }
}

/// The first place from `at` on that splits no character: tokens of bytes may begin inside one.
pub fn char_boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// Token starts, with further ones where they are far apart.
fn dense_starts(body: &str, tokenizer: &dyn Tokenizer) -> Vec<usize> {
    let mut starts = Vec::with_capacity(body.len() / 4);
    tokenizer.token_starts(body, &mut starts);
    let ends = starts.iter().skip(1).copied().chain([body.len()]);
    if starts.iter().zip(ends.clone()).all(|(start, end)| end - start <= BYTES_PER_TOKEN) {
        return starts;
    }
    starts.iter().zip(ends).flat_map(|(start, end)| (*start..end.max(start + 1)).step_by(BYTES_PER_TOKEN)).collect()
}

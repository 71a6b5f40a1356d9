//! Markdown documents in, chunks out. Knows no database.
//!
//! A document is read once into an outline (headings, and the places where it may be cut, strongest first) and tokenized once;
//! all cutting is arithmetic on those two. Where several places are equally good, a hash of the text that follows
//! decides, so that the same text is cut at the same places wherever it stands: an edit changes only the chunks around it.

mod cut;
mod merge;
mod outline;
mod render;
mod ruler;
mod seam;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::embed::Tokenizer;

/// How large chunks may be, in tokens of the embedding model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// No chunk has more, heading path and special tokens included. Below [`Limits::LEAST`] it cannot be kept.
    pub max_tokens: usize,
    /// Smaller neighbors under one heading merge.
    pub min_tokens: usize,
    /// Repeated from the chunk before, for running text only. At most a quarter of `max_tokens` is.
    pub overlap_tokens: usize,
}

impl Limits {
    /// The smallest `max_tokens` that leaves room for a character under a heading.
    pub const LEAST: usize = 24;
}

/// What a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Running text, lists, headings, and mixtures.
    Text,
    /// Code only.
    Code,
    /// Rows of one table only.
    Table,
}

/// A part of a document, with the text that is embedded for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Where it stands in the body, in bytes.
    pub range: Range<usize>,
    /// Document title and the headings above the chunk's first byte.
    pub heading_path: Vec<String>,
    /// What it holds.
    pub kind: Kind,
    /// Tokens of `text`, special tokens included.
    pub token_count: usize,
    /// Exactly what is embedded: heading path, blank line, content.
    pub text: String,
    /// It had to be cut at a character boundary.
    pub cut: bool,
}

/// Cuts `body` (Markdown) into chunks, in order. A blank body has none.
#[must_use]
pub fn chunk(title: &str, body: &str, limits: Limits, tokenizer: &dyn Tokenizer) -> Vec<Chunk> {
    let outline = outline::Outline::read(body);
    let ruler = ruler::Ruler::new(title, body, limits, tokenizer, &outline);
    let pieces = cut::cut(&ruler, 0..body.len(), ruler.budget());
    let pieces = merge::merge(&ruler, pieces);
    render::render(&ruler, &pieces)
}

/// Finds text of `body` that no chunk covers, or chunks that are out of order: `None` when all is well.
#[must_use]
pub fn uncovered(body: &str, chunks: &[Chunk]) -> Option<Range<usize>> {
    let mut reached = 0;
    for Chunk { range, .. } in chunks {
        let gap = reached..range.start;
        // A range that is reversed, overlaps, leaves the body or splits a character has no text.
        let (Some(skipped), Some(_)) = (body.get(gap.clone()), body.get(range.clone())) else {
            return Some(range.clone());
        };
        if !is_blank(skipped) {
            return Some(gap);
        }
        reached = range.end;
    }
    let rest = reached..body.len();
    (!is_blank(body.get(rest.clone())?)).then_some(rest)
}

fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

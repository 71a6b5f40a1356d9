//! Turns Markdown documents into chunks. This module does not access the database.
//!
//! A document is parsed once into an outline (its headings, and the seams where it may be cut) and tokenized once.
//! All cuts are computed from the outline and the tokens. A hash of the text after a seam decides between equally good
//! seams, so that the same text is cut at the same places in every document, and an edit changes only the chunks around it.

mod cut;
mod list;
mod merge;
mod outline;
mod render;
mod ruler;
mod seam;
mod table;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::config::SMALLEST_CHUNK;
use crate::embed::Tokenizer;

/// The version of the chunking algorithm.
/// Increase it when documents are cut at different places or the text of chunks changes, so that every run is chunked
/// again.
const VERSION: u32 = 2;

/// The limits for the size of a chunk, in tokens of the embedding model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum size of a chunk, including the heading path and special tokens.
    /// A limit below [`Limits::LEAST`] cannot be kept.
    pub max_tokens: usize,
    /// Minimum size of a chunk. Smaller neighbors under the same heading are merged.
    pub min_tokens: usize,
    /// The number of tokens that a chunk of running text repeats from the previous chunk, at most a quarter of `max_tokens`.
    pub overlap_tokens: usize,
}

impl Limits {
    /// The smallest `max_tokens` that leaves room for one character under a heading.
    pub const LEAST: usize = SMALLEST_CHUNK;

    /// Returns a name for all settings that decide where a document is cut. If the name is the same, the chunks are the same.
    #[must_use]
    pub fn chunking(&self, model: &str) -> String {
        let Self { max_tokens, min_tokens, overlap_tokens } = self;
        format!("{VERSION}/{max_tokens}/{min_tokens}/{overlap_tokens}/{model}")
    }
}

/// The kind of content in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Running text, lists, headings, or a mixture.
    Text,
    /// Code only.
    Code,
    /// Only rows of one table.
    Table,
}

/// A part of a document, with the text that is embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The range of the chunk in the body, in bytes.
    pub range: Range<usize>,
    /// The document title and the headings above the first byte of the chunk.
    pub heading_path: Vec<String>,
    /// The kind of its content.
    pub kind: Kind,
    /// The number of tokens in `text`, including special tokens.
    pub token_count: usize,
    /// The exact text that is embedded: heading path, blank line, content.
    pub text: String,
    /// Whether the chunk was cut inside a word.
    pub cut: bool,
}

/// Cuts `body` (Markdown) into chunks, in order. If the body is blank, returns one chunk with the title, if there is a title.
#[must_use]
pub fn chunk(title: &str, body: &str, limits: Limits, tokenizer: &dyn Tokenizer) -> Vec<Chunk> {
    let outline = outline::Outline::read(body, limits.max_tokens);
    let ruler = ruler::Ruler::new(title, body, limits, tokenizer, &outline);
    let pieces = cut::cut(&ruler, 0..body.len(), ruler.budget());
    let pieces = merge::merge(&ruler, pieces);
    if pieces.is_empty() {
        return render::title(&ruler).into_iter().collect();
    }
    render::render(&ruler, &pieces)
}

/// Finds text of `body` that no chunk covers, or chunks that are out of order. Returns `None` if the chunks are complete.
#[must_use]
pub fn uncovered(body: &str, chunks: &[Chunk]) -> Option<Range<usize>> {
    let mut reached = 0;
    for Chunk { range, .. } in chunks {
        let gap = reached..range.start;
        // `get` returns `None` if a range is reversed, overlaps, exceeds the body or splits a character.
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

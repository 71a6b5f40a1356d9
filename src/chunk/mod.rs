//! Markdown documents in, chunks out. Knows no database.
//!
//! A document is read once into an outline (its headings, and the seams where it may be cut) and tokenized once. All cutting is
//! arithmetic on these two. Among equally good seams, a hash of the text that follows decides. So the same text is cut at the same
//! places wherever it stands, and an edit changes only the chunks around it.

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

/// Counts up when documents are cut at other places or chunks get another text, so that every run is chunked again.
const VERSION: u32 = 1;

/// How large chunks may be, in tokens of the embedding model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum size of a chunk, heading path and special tokens included. Below [`Limits::LEAST`] the limit cannot be kept.
    pub max_tokens: usize,
    /// Smaller neighbors under one heading merge.
    pub min_tokens: usize,
    /// Tokens that a chunk of running text repeats from the chunk before. At most a quarter of `max_tokens` counts.
    pub overlap_tokens: usize,
}

impl Limits {
    /// The smallest `max_tokens` that leaves room for a character under a heading.
    pub const LEAST: usize = SMALLEST_CHUNK;

    /// Names everything that decides where a document is cut. Under the same name, the same document has the same chunks.
    #[must_use]
    pub fn chunking(&self, model: &str) -> String {
        let Self { max_tokens, min_tokens, overlap_tokens } = self;
        format!("{VERSION}/{max_tokens}/{min_tokens}/{overlap_tokens}/{model}")
    }
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

/// Cuts `body` (Markdown) into chunks, in order. A blank body has one chunk of the title; without a title it has none.
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

/// Finds text of `body` that no chunk covers, or chunks that are out of order. Returns `None` when the chunks are complete.
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

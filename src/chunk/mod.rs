//! Markdown documents in, chunks out. Knows no database.

use std::ops::Range;

use crate::embed::Tokenizer;

/// How large chunks may be, in tokens of the embedding model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// No chunk has more, heading path and special tokens included.
    pub max_tokens: usize,
    /// Smaller neighbours under one heading merge.
    pub min_tokens: usize,
    /// Repeated from the chunk before, for running text only.
    pub overlap_tokens: usize,
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
    let _ = (title, body, limits, tokenizer);
    todo!()
}

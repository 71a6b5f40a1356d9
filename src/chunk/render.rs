//! Turns pieces into chunks. It writes the text that is embedded, and counts its tokens as the model does.

use std::ops::Range;

use super::cut::{Piece, cut, trim};
use super::ruler::{Ruler, char_boundary};
use super::{Chunk, Kind, is_blank};

/// Writes the chunks of all pieces, in order.
pub fn render(ruler: &Ruler<'_>, pieces: &[Piece]) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        render_piece(ruler, piece, ruler.budget(), &mut chunks);
    }
    chunks
}

/// Writes a piece. A tokenizer may join or split tokens at a cut, so the text can have more tokens than its parts. If so,
/// the piece is cut further.
fn render_piece(ruler: &Ruler<'_>, piece: &Piece, budget: usize, chunks: &mut Vec<Chunk>) {
    let Some(range) = trim(ruler.body, piece.range.clone()) else { return };
    let text = text(ruler, &range, chunks.last());
    let token_count = ruler.tokenizer.count(&text);
    let Some(excess) = token_count.checked_sub(ruler.limits.max_tokens).filter(|excess| *excess > 0) else {
        let heading_path = ruler.full_path(range.start);
        let kind = kind(ruler, &range);
        return chunks.push(Chunk { range, heading_path, kind, token_count, text, cut: piece.torn });
    };
    let smaller = ruler.cost(&range).min(budget).saturating_sub(excess);
    let parts = cut(ruler, range.clone(), smaller);
    if smaller == 0 || parts.len() < 2 {
        return chunks.push(bare(ruler, range));
    }
    for mut part in parts {
        part.torn |= piece.torn;
        render_piece(ruler, &part, smaller, chunks);
    }
}

/// Returns the chunk for a document that has only a title, so that searches can find the document.
pub fn title(ruler: &Ruler<'_>) -> Option<Chunk> {
    let text = ruler.path(0).to_text().trim_end().to_owned();
    let token_count = ruler.tokenizer.count(&text);
    let heading_path = ruler.full_path(0);
    let has_text = !text.is_empty() && token_count <= ruler.limits.max_tokens;
    has_text.then_some(Chunk { range: 0..0, heading_path, kind: Kind::Text, token_count, text, cut: false })
}

/// Returns a chunk without heading path or frame, as the last resort if the budget has room for only one character.
fn bare(ruler: &Ruler<'_>, range: Range<usize>) -> Chunk {
    let text = ruler.body.get(range.clone()).unwrap_or_default().to_owned();
    let token_count = ruler.tokenizer.count(&text);
    Chunk { heading_path: ruler.full_path(range.start), kind: kind(ruler, &range), range, token_count, text, cut: true }
}

fn text(ruler: &Ruler<'_>, range: &Range<usize>, before: Option<&Chunk>) -> String {
    let mut text = ruler.path(range.start).to_text();
    text.push_str(&ruler.opening(range.start));
    let start = before.map_or(range.start, |before| overlap_start(ruler, range, before));
    text.push_str(ruler.body.get(start..range.end).unwrap_or_default());
    text.push_str(&ruler.closing(range.end));
    text
}

fn kind(ruler: &Ruler<'_>, range: &Range<usize>) -> Kind {
    let outline = ruler.outline;
    let next = outline.frames.partition_point(|frame| frame.range.start <= range.start);
    match next.checked_sub(1).and_then(|i| outline.frames.get(i)) {
        Some(frame) if range.end <= frame.range.end => {
            if frame.is_code {
                Kind::Code
            } else {
                Kind::Table
            }
        }
        _ => Kind::Text,
    }
}

/// Returns the start of the overlap: the text that a chunk of running text repeats from the previous chunk.
fn overlap_start(ruler: &Ruler<'_>, range: &Range<usize>, before: &Chunk) -> usize {
    let outline = ruler.outline;
    let begins_section = outline.headings.binary_search_by_key(&range.start, |heading| heading.start).is_ok();
    let is_running =
        before.kind == Kind::Text && kind(ruler, range) == Kind::Text && outline.frame_at(range.start).is_none();
    if ruler.limits.overlap_tokens == 0 || begins_section || !is_running {
        return range.start;
    }
    let heading = outline.heading_above(range.start).and_then(|i| outline.headings.get(i));
    let frames = outline.frames.partition_point(|frame| frame.range.start < range.start);
    let frame = frames.checked_sub(1).and_then(|i| outline.frames.get(i));
    let barrier = heading.map_or(0, |heading| heading.end).max(frame.map_or(0, |frame| frame.range.end));
    let least = before.range.start.max(barrier);
    let from = char_boundary(ruler.body, ruler.back(range.start, ruler.limits.overlap_tokens).max(least));
    // The overlap consists of whole words.
    let skipped = ruler.body.get(from..range.start).unwrap_or_default();
    let begins_word = ruler.body.get(..from).is_some_and(|text| text.ends_with(char::is_whitespace)) || from == least;
    let start = if begins_word { 0 } else { skipped.find(char::is_whitespace).unwrap_or(skipped.len()) };
    let shown = skipped.get(start..).unwrap_or_default().trim_start();
    if is_blank(shown) { range.start } else { range.start - shown.len() }
}

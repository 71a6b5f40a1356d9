//! Merges small pieces with a neighbor.

use super::cut::Piece;
use super::ruler::Ruler;

/// Merges pieces below the minimum size with a neighbor under the same heading, if the two fit into one chunk.
pub fn merge(ruler: &Ruler<'_>, pieces: Vec<Piece>) -> Vec<Piece> {
    let mut merged: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut pieces = pieces.into_iter().peekable();
    while let Some(mut piece) = pieces.next() {
        // A small piece is merged across the weaker of its two seams.
        let leans_forward = is_small(ruler, &piece)
            && pieces.peek().is_some_and(|next| next.level > piece.level && join(ruler, &piece, next).is_some());
        if let Some(before) = merged.last()
            && (is_small(ruler, before) || is_small(ruler, &piece) && !leans_forward)
            && let Some(joined) = join(ruler, before, &piece)
        {
            merged.pop();
            piece = joined;
        }
        merged.push(piece);
    }
    merged
}

fn is_small(ruler: &Ruler<'_>, piece: &Piece) -> bool {
    ruler.content(&piece.range) < ruler.limits.min_tokens
}

/// Joins two pieces if the result fits into a chunk and both pieces are in the section of the first one.
fn join(ruler: &Ruler<'_>, before: &Piece, after: &Piece) -> Option<Piece> {
    let range = before.range.start..after.range.end;
    let headings = &ruler.outline.headings;
    let above =
        ruler.outline.heading_above(range.start).and_then(|i| headings.get(i)).map_or(0, |heading| heading.level);
    let from = headings.partition_point(|heading| heading.start < range.start);
    let ends_it = headings.iter().skip(from).take_while(|heading| heading.start < range.end).any(|h| h.level <= above);
    let fits = ruler.cost(&range) <= ruler.budget();
    (fits && !ends_it).then_some(Piece { range, level: before.level, torn: before.torn || after.torn })
}

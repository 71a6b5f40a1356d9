//! Cuts a document into pieces. It cuts at the strongest seams first, and no more often than the budget requires.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::ruler::Ruler;
use super::seam::{Level, Seam};

/// A part of the body that becomes a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub range: Range<usize>,
    /// The level of the seam at the start of the piece.
    pub level: Level,
    /// Whether the piece begins or ends inside a word.
    pub torn: bool,
}

/// Cuts `range` into pieces of at most `budget` tokens each, in order.
pub fn cut(ruler: &Ruler<'_>, range: Range<usize>, budget: usize) -> Vec<Piece> {
    let mut cutter = Cutter { ruler, budget, pieces: Vec::new() };
    if let Some(range) = trim(ruler.body, range) {
        cutter.cut(Piece { range, level: Level::EDGE, torn: false });
    }
    cutter.pieces
}

/// Removes blank lines from the start and spaces from the end. Returns `None` when nothing is left.
pub fn trim(body: &str, range: Range<usize>) -> Option<Range<usize>> {
    let text = body.get(range.clone())?;
    let end = range.start + text.trim_end().len();
    let blanks = text.get(..text.len() - text.trim_start().len())?;
    let start = range.start + blanks.rfind('\n').map_or(0, |newline| newline + 1);
    (start < end).then_some(start..end)
}

/// Boundaries inside a block, from coarse to fine.
#[derive(Debug, Clone, Copy)]
enum Grain {
    CodeParagraph,
    CodeLine,
    Cell,
    Sentence,
    Word,
    Grapheme,
    Character,
}

struct Cutter<'r, 'a> {
    ruler: &'r Ruler<'a>,
    budget: usize,
    pieces: Vec<Piece>,
}

impl Cutter<'_, '_> {
    fn fits(&self, range: &Range<usize>) -> bool {
        self.ruler.cost(range) <= self.budget
    }

    /// Cuts at the strongest seams inside the piece, and then cuts the parts that are still too large.
    fn cut(&mut self, piece: Piece) {
        if self.fits(&piece.range) {
            return self.pieces.push(piece);
        }
        let seams = self.ruler.outline.seams_in(&piece.range);
        let Some(level) = seams.iter().map(|seam| seam.level).min() else {
            return self.cut_inside(piece, Grain::CodeParagraph);
        };
        let seams: Vec<_> = seams.iter().filter(|seam| seam.level == level).copied().collect();
        let sections = if level.as_heading().is_some() { self.sections(&piece, &seams) } else { vec![piece] };
        for part in sections.into_iter().flat_map(|section| self.divide(section, &seams)).collect::<Vec<_>>() {
            self.cut(part);
        }
    }

    /// Cuts a block without structure.
    fn cut_inside(&mut self, piece: Piece, grain: Grain) {
        if self.fits(&piece.range) {
            return self.pieces.push(piece);
        }
        let seams = self.seams(&piece.range, grain);
        let torn = matches!(grain, Grain::Grapheme | Grain::Character) && !seams.is_empty();
        for mut part in self.divide(piece, &seams) {
            part.torn |= torn;
            match grain.finer() {
                Some(finer) => self.cut_inside(part, finer),
                None => self.pieces.push(part),
            }
        }
    }

    /// Cuts before every section, unless the section or the part before it is small. A small part is kept with the next section.
    fn sections(&self, whole: &Piece, seams: &[Seam]) -> Vec<Piece> {
        let least = self.ruler.limits.min_tokens;
        let ends = seams.iter().skip(1).map(|seam| seam.at).chain([whole.range.end]);
        let mut start = whole.range.start;
        let cuts = seams.iter().zip(ends).filter(|(seam, end)| {
            let is_cut =
                self.ruler.content(&(start..seam.at)) >= least && self.ruler.content(&(seam.at..*end)) >= least;
            if is_cut {
                start = seam.at;
            }
            is_cut
        });
        let cuts: Vec<_> = cuts.map(|(seam, _)| *seam).collect();
        parts(whole, &cuts)
    }

    /// Cuts at the seams with the greatest weight in their neighborhood. All `seams` have the same level. If these cuts are
    /// not enough, cuts from the end backward. A part that is then still too large contains none of the seams.
    fn divide(&self, whole: Piece, seams: &[Seam]) -> Vec<Piece> {
        let seams = between(seams, &whole.range);
        if seams.is_empty() || self.fits(&whole.range) {
            return vec![whole];
        }
        let reach = (self.budget.saturating_sub(self.ruler.overhead(whole.range.start)) / 3).max(1);
        let peaks = self.peaks(&whole.range, seams, reach);
        let parts = parts(&whole, &peaks);
        parts.into_iter().flat_map(|part| self.sweep(&part, seams, reach)).collect()
    }

    /// Returns the seams that outweigh all others within `reach` tokens. Text that is further away cannot change them.
    fn peaks(&self, range: &Range<usize>, seams: &[Seam], reach: usize) -> Vec<Seam> {
        let places: Vec<usize> = seams.iter().map(|seam| self.ruler.index(seam.at)).collect();
        let (first, last) = (self.ruler.index(range.start), self.ruler.index(range.end));
        let mut peaks: Vec<(usize, Seam)> = Vec::new();
        // Seams that no later seam has outweighed yet, heaviest first, with a flag for those that are peaks so far.
        let mut open: Vec<(usize, Seam, bool)> = Vec::new();
        for (place, seam) in places.into_iter().zip(seams) {
            while let Some((other_place, other, is_peak)) = open.pop_if(|(_, other, _)| other.weight < seam.weight) {
                if is_peak && place - other_place > reach {
                    peaks.push((other_place, other));
                }
            }
            let is_peak = open.last().is_none_or(|(heavier, ..)| place - heavier > reach);
            open.push((place, *seam, is_peak && place - first >= reach && last - place >= reach));
        }
        peaks.extend(open.into_iter().filter(|(.., is_peak)| *is_peak).map(|(place, seam, _)| (place, seam)));
        peaks.sort_unstable_by_key(|(place, seam)| (*place, seam.at));
        peaks.into_iter().map(|(_, seam)| seam).collect()
    }

    /// Cuts `whole` from its end backward, so that text inserted at its start moves only the first cut.
    fn sweep(&self, whole: &Piece, seams: &[Seam], reach: usize) -> Vec<Piece> {
        let mut cuts = Vec::new();
        let mut rest = whole.range.clone();
        while !self.fits(&rest) {
            let Some(seam) = self.last_cut(&rest, between(seams, &rest), reach) else { break };
            cuts.push(seam);
            rest.end = seam.at;
        }
        cuts.reverse();
        parts(whole, &cuts)
    }

    /// Returns the last seam at which the part after the cut fits. If possible, neither part is small.
    fn last_cut(&self, range: &Range<usize>, seams: &[Seam], reach: usize) -> Option<Seam> {
        let fitting = seams.iter().rev().take_while(|seam| self.fits(&(seam.at..range.end)));
        let mut farthest = None;
        let mut best: Option<Seam> = None;
        for seam in fitting {
            farthest = Some(*seam);
            let balanced = self.ruler.content(&(seam.at..range.end)) >= reach
                && self.ruler.content(&(range.start..seam.at)) >= reach;
            if balanced && best.is_none_or(|best| seam.weight > best.weight) {
                best = Some(*seam);
            }
        }
        best.or(farthest).or(seams.last().copied())
    }

    /// Returns the seams of one grain strictly inside `range`.
    fn seams(&self, range: &Range<usize>, grain: Grain) -> Vec<Seam> {
        let body = self.ruler.body;
        let outline = self.ruler.outline;
        let text = body.get(range.clone()).unwrap_or_default();
        let places: Vec<usize> = match grain {
            Grain::CodeParagraph => self.code_lines(range, true),
            Grain::CodeLine => self.code_lines(range, false),
            Grain::Cell => self.ruler.cells(range),
            Grain::Sentence => {
                sentences(text).map(|at| range.start + at).filter(|at| !outline.tears_span(*at)).collect()
            }
            Grain::Word => text.split_word_bound_indices().map(|(at, _)| range.start + at).collect(),
            Grain::Grapheme => text.grapheme_indices(true).map(|(at, _)| range.start + at).collect(),
            Grain::Character => text.char_indices().map(|(at, _)| range.start + at).collect(),
        };
        let stays = |at: &usize| {
            let tears_heading = !grain.is_last_resort() && outline.follows_heading(body, *at);
            let before_blank = body.get(*at..).is_none_or(|rest| rest.starts_with(char::is_whitespace));
            let is_line = matches!(grain, Grain::CodeLine | Grain::CodeParagraph);
            *at > range.start && *at < range.end && !tears_heading && (is_line || !before_blank)
        };
        places.into_iter().filter(stays).map(|at| Seam::new(body, at, Level::INNER)).collect()
    }

    /// Returns the starts of all lines of code except the first line of a block.
    /// With `paragraphs`, only those after a blank line.
    fn code_lines(&self, range: &Range<usize>, paragraphs: bool) -> Vec<usize> {
        let frames = &self.ruler.outline.frames;
        let first = frames.partition_point(|frame| frame.range.end <= range.start);
        let frames = frames.iter().skip(first).take_while(|frame| frame.range.start < range.end);
        let mut places = Vec::new();
        for code in frames.filter(|frame| frame.is_code) {
            let lines = code.head_end.max(range.start)..code.tail_start.min(range.end);
            let mut at = lines.start;
            let mut after_blank = false;
            for line in self.ruler.body.get(lines).unwrap_or_default().split_inclusive('\n') {
                let is_blank = line.trim_start_matches('>').trim().is_empty();
                if at > code.head_end && !is_blank && (after_blank || !paragraphs) {
                    places.push(at);
                }
                after_blank = is_blank;
                at += line.len();
            }
        }
        places
    }
}

impl Grain {
    fn finer(self) -> Option<Self> {
        match self {
            Self::CodeParagraph => Some(Self::CodeLine),
            Self::CodeLine => Some(Self::Cell),
            Self::Cell => Some(Self::Sentence),
            Self::Sentence => Some(Self::Word),
            Self::Word => Some(Self::Grapheme),
            Self::Grapheme => Some(Self::Character),
            Self::Character => None,
        }
    }

    /// Returns whether this granularity cuts inside words.
    fn is_last_resort(self) -> bool {
        matches!(self, Self::Grapheme | Self::Character)
    }
}

/// Returns the places where sentences begin. UAX #29 ends a sentence at every `?`, even inside an address.
/// Therefore a sentence must follow a space, or a punctuation mark of a script that is written without spaces.
fn sentences(text: &str) -> impl Iterator<Item = usize> {
    text.split_sentence_bound_indices().map(|(at, _)| at).filter(|at| {
        text.get(..*at)
            .and_then(|before| before.chars().next_back())
            .is_some_and(|c| c.is_whitespace() || !c.is_ascii())
    })
}

/// Returns the seams strictly inside `range`.
fn between<'s>(seams: &'s [Seam], range: &Range<usize>) -> &'s [Seam] {
    let from = seams.partition_point(|seam| seam.at <= range.start);
    let to = seams.partition_point(|seam| seam.at < range.end);
    seams.get(from..to).unwrap_or_default()
}

/// Returns the parts of `whole` between `cuts`.
fn parts(whole: &Piece, cuts: &[Seam]) -> Vec<Piece> {
    let starts = [(whole.range.start, whole.level)].into_iter().chain(cuts.iter().map(|seam| (seam.at, seam.level)));
    let ends = cuts.iter().map(|seam| seam.at).chain([whole.range.end]);
    starts.zip(ends).map(|((start, level), end)| Piece { range: start..end, level, torn: whole.torn }).collect()
}

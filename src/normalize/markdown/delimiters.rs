//! Places the delimiters of strong, emphasized and struck text.
//! If a `CommonMark` parser would read a delimiter differently, an HTML tag is used instead.

use std::ops::Range;

use unicode_general_category::{GeneralCategory, get_general_category};

/// Strong, emphasized or struck text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Strong,
    Emphasis,
    Strike,
}

impl Mark {
    fn delimiter(self) -> &'static str {
        match self {
            Self::Strong => "**",
            Self::Emphasis => "*",
            Self::Strike => "~~",
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Emphasis => "em",
            Self::Strike => "del",
        }
    }
}

/// One end of a mark.
#[derive(Debug, Clone)]
struct Delimiter {
    /// The position in the text without delimiters.
    at: usize,
    mark: Mark,
    opens: bool,
    /// The index of the delimiter at the other end.
    partner: usize,
    /// Whether the delimiter is written as an HTML tag.
    is_tag: bool,
}

/// The delimiters of a text, in order.
#[derive(Debug, Default)]
pub(super) struct Delimiters {
    all: Vec<Delimiter>,
    open: Vec<usize>,
    /// Parts of the text that are syntax, such as code spans and link targets.
    syntax: Vec<Range<usize>>,
}

/// Adjacent delimiters that a parser reads as one run.
struct Run {
    delimiters: Range<usize>,
    /// The number of characters.
    length: usize,
    before: Class,
    after: Class,
}

/// The type of a character next to a delimiter. Versions of `CommonMark` differ on symbols outside ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Word,
    Punctuation,
    Unsure,
}

impl Delimiters {
    pub fn open(&mut self, mark: Mark, at: usize) {
        self.open.push(self.all.len());
        self.all.push(Delimiter { at, mark, opens: true, partner: 0, is_tag: false });
    }

    /// Closes the mark that was opened last.
    pub fn close(&mut self, at: usize) {
        let Some(partner) = self.open.pop() else { return };
        let index = self.all.len();
        let Some(opening) = self.all.get_mut(partner) else { return };
        opening.partner = index;
        let mark = opening.mark;
        self.all.push(Delimiter { at, mark, opens: false, partner, is_tag: false });
    }

    /// Returns whether there is a delimiter at the end of a text with this length.
    pub fn end_at(&self, length: usize) -> bool {
        self.all.last().is_some_and(|last| last.at == length)
    }

    /// Records that a part of the text is syntax, so that no delimiter is moved into it.
    pub fn add_syntax(&mut self, range: Range<usize>) {
        self.syntax.push(range);
    }

    /// Inserts the delimiters into `text`.
    pub fn insert_into(mut self, text: String) -> String {
        if self.all.is_empty() {
            return text;
        }
        while self.mend(&text) {}
        let mut out = String::with_capacity(text.len() + 4 * self.all.len());
        let mut written = 0;
        for delimiter in &self.all {
            out.push_str(text.get(written..delimiter.at).unwrap_or_default());
            written = delimiter.at;
            match (delimiter.is_tag, delimiter.opens) {
                (false, _) => out.push_str(delimiter.mark.delimiter()),
                (true, opens) => {
                    out.push_str(if opens { "<" } else { "</" });
                    out.push_str(delimiter.mark.tag());
                    out.push('>');
                }
            }
        }
        out.push_str(text.get(written..).unwrap_or_default());
        out
    }

    /// Repairs the runs of delimiters that a parser would read differently. Returns false if there are none.
    /// A repair changes the neighbors of other runs, so they must be checked again.
    fn mend(&mut self, text: &str) -> bool {
        let mut has_faults = false;
        // Lengths of the open runs, outermost first.
        let mut open: Vec<(Mark, usize)> = Vec::new();
        let mut index = 0;
        while index < self.all.len() {
            let Some(run) = self.run_at(index, text) else {
                index += 1;
                continue;
            };
            index = run.delimiters.end;
            let members = self.all.get(run.delimiters.clone()).unwrap_or_default();
            let opens = members.first().is_some_and(|first| first.opens);
            let is_mixed = members.iter().any(|member| member.opens != opens);
            let works = if opens { run.can_open() } else { run.can_close() };
            // A run inside a word may close a run around it. The standard prevents this only for runs of lengths 1 and 2.
            let closes_others = opens && run.could_close() && open.iter().any(|(_, length)| length + run.length != 3);
            for member in members.iter().filter(|member| member.mark != Mark::Strike) {
                if member.opens {
                    open.push((member.mark, run.length));
                } else if let Some(place) = open.iter().rposition(|(mark, _)| *mark == member.mark) {
                    open.remove(place);
                }
            }
            if is_mixed || !works || closes_others {
                has_faults = true;
                if !self.slide(&run, text) {
                    self.write_as_tag(&run);
                }
            }
        }
        has_faults
    }

    /// Returns the run that begins with a delimiter, or `None` if the delimiter is a tag.
    fn run_at(&self, start: usize, text: &str) -> Option<Run> {
        let first = self.all.get(start).filter(|first| !first.is_tag)?;
        let joins = |other: &&Delimiter| {
            !other.is_tag && other.at == first.at && (other.mark == Mark::Strike) == (first.mark == Mark::Strike)
        };
        let members = self.all.get(start..).unwrap_or_default().iter().take_while(joins);
        let (count, length) =
            members.fold((0, 0), |(count, length), member| (count + 1, length + member.mark.delimiter().len()));
        let delimiters = start..start + count;
        // Some parsers ignore `~~` and use the character after it.
        let beside = |other: Option<&Delimiter>| {
            let other = other.filter(|other| other.at == first.at)?;
            Some(if other.mark == Mark::Strike && !other.is_tag { Class::Unsure } else { Class::Punctuation })
        };
        let before = beside(start.checked_sub(1).and_then(|index| self.all.get(index)));
        let before = before.unwrap_or_else(|| Class::of(text.get(..first.at).unwrap_or_default().chars().next_back()));
        let after = beside(self.all.get(delimiters.end));
        let after = after.unwrap_or_else(|| Class::of(text.get(first.at..).unwrap_or_default().chars().next()));
        Some(Run { delimiters, length, before, after })
    }

    /// Moves a run over the punctuation that prevents it from being recognized. Returns false if this does not help.
    fn slide(&mut self, run: &Run, text: &str) -> bool {
        let members = self.all.get(run.delimiters.clone()).unwrap_or_default();
        let Some(first) = members.first() else { return false };
        if members.iter().any(|member| member.opens != first.opens) {
            return false;
        }
        let (opens, at) = (first.opens, first.at);
        // The innermost content of the marks must keep a word.
        let (from, to) = if opens {
            (at, self.all.get(run.delimiters.end).map_or(at, |next| next.at))
        } else {
            (run.delimiters.start.checked_sub(1).and_then(|index| self.all.get(index)).map_or(at, |last| last.at), at)
        };
        let inside = text.get(from..to).unwrap_or_default();
        let kept = if opens { inside.trim_start_matches(is_passable) } else { inside.trim_end_matches(is_passable) };
        let moved = inside.len() - kept.len();
        let passed = if opens { from..from + moved } else { to - moved..to };
        let next_syntax = self.syntax.partition_point(|range| range.end <= passed.start);
        let is_free = self.syntax.get(next_syntax).is_none_or(|range| passed.end <= range.start);
        let edge = if opens { kept.chars().next() } else { kept.chars().next_back() };
        // A delimiter after a backslash would be text.
        let is_escaped = opens && text.get(passed.clone()).is_some_and(|passed| passed.ends_with('\\'));
        let gains = moved > 0 && Class::of(edge) == Class::Word && !is_escaped && is_free;
        if !gains {
            return false;
        }
        let at = if opens { passed.end } else { passed.start };
        for member in self.all.get_mut(run.delimiters.clone()).unwrap_or_default() {
            member.at = at;
        }
        true
    }

    /// Writes the outermost mark of a run as a tag. Then the other marks are next to punctuation.
    fn write_as_tag(&mut self, run: &Run) {
        let members = self.all.get(run.delimiters.clone()).unwrap_or_default();
        let is_opening = members.iter().all(|member| member.opens);
        // If one mark ends where another begins, the second one becomes a tag.
        let first_opening = members.iter().position(|member| member.opens).unwrap_or(members.len().saturating_sub(1));
        let index = run.delimiters.start + if is_opening { 0 } else { first_opening };
        let partner = self.all.get(index).map_or(index, |delimiter| delimiter.partner);
        for end in [index, partner] {
            if let Some(delimiter) = self.all.get_mut(end) {
                delimiter.is_tag = true;
            }
        }
    }
}

impl Run {
    /// Returns whether the run can open a mark in every version of the standard.
    fn can_open(&self) -> bool {
        self.after == Class::Word
            || (self.after != Class::Blank && matches!(self.before, Class::Blank | Class::Punctuation))
    }

    fn can_close(&self) -> bool {
        self.before == Class::Word
            || (self.before != Class::Blank && matches!(self.after, Class::Blank | Class::Punctuation))
    }

    /// Returns whether the run can close a mark in some version of the standard.
    fn could_close(&self) -> bool {
        let before_is_punctuation = matches!(self.before, Class::Punctuation);
        self.before != Class::Blank && (!before_is_punctuation || self.after != Class::Word)
    }
}

impl Class {
    fn of(c: Option<char>) -> Self {
        use GeneralCategory as Category;
        let Some(c) = c else { return Self::Blank };
        if c.is_ascii_punctuation() {
            return Self::Punctuation;
        }
        match get_general_category(c) {
            Category::SpaceSeparator | Category::Control => Self::Blank,
            Category::ConnectorPunctuation
            | Category::DashPunctuation
            | Category::OpenPunctuation
            | Category::ClosePunctuation
            | Category::InitialPunctuation
            | Category::FinalPunctuation
            | Category::OtherPunctuation => Self::Punctuation,
            Category::MathSymbol
            | Category::CurrencySymbol
            | Category::ModifierSymbol
            | Category::OtherSymbol
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::Unassigned => Self::Unsure,
            _ => Self::Word,
        }
    }
}

/// Returns whether a delimiter may move over a character, because the character is not a part of a word.
fn is_passable(c: char) -> bool {
    !matches!(Class::of(Some(c)), Class::Word) && !matches!(c, ' ' | '\n')
}

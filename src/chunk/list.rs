//! Items of lists: a part of a nested list needs the items that it stands in.

use std::ops::Range;

/// An item of a list.
#[derive(Debug)]
pub struct Item {
    /// From its marker on.
    pub range: Range<usize>,
    /// Where its own text ends: what follows in the item stands under that text.
    pub lead_end: usize,
    /// Where the line of its marker begins.
    pub line_start: usize,
    /// The item that it stands in, by position.
    pub parent: Option<usize>,
}

impl Item {
    /// Its own text, with the blanks before its marker.
    pub fn lead(&self, body: &str) -> String {
        let before = body.get(self.line_start..self.range.start).unwrap_or_default();
        let lead = body.get(self.range.start..self.lead_end).unwrap_or_default().trim_end();
        if before.chars().all(|c| c.is_whitespace() || c == '>') {
            format!("{before}{lead}")
        } else {
            // Something else begins on its line: an outer item.
            " ".repeat(before.chars().count()) + lead
        }
    }
}

/// The items that are being read.
#[derive(Debug, Default)]
pub struct Items {
    /// In the order of their starts.
    pub all: Vec<Item>,
    open: Vec<usize>,
}

impl Items {
    /// An item begins.
    pub fn start(&mut self, range: Range<usize>, line_start: usize) {
        let parent = self.open.last().copied();
        self.open.push(self.all.len());
        self.all.push(Item { lead_end: range.end, range, line_start, parent });
    }

    /// The innermost item ends.
    pub fn end(&mut self) {
        self.open.pop();
    }

    /// A block begins in the innermost item: a first paragraph is the item's own text, and so is what stands before another block.
    pub fn block(&mut self, range: &Range<usize>, is_paragraph: bool) {
        let Some(item) = self.open.last().and_then(|i| self.all.get_mut(*i)) else { return };
        if item.lead_end == item.range.end {
            item.lead_end = if is_paragraph { range.end } else { range.start.max(item.range.start) };
        }
    }
}

/// The innermost item that what begins at `at` stands under, by position.
pub fn item_above(items: &[Item], at: usize) -> Option<usize> {
    let last = items.partition_point(|item| item.range.start < at).checked_sub(1)?;
    let mut outward = std::iter::successors(Some(last), |i| items.get(*i)?.parent);
    outward.find(|i| items.get(*i).is_some_and(|item| at < item.range.end && item.lead_end <= at))
}

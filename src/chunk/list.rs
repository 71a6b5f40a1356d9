//! List items. A chunk that begins inside a nested list repeats the items above it.

use std::ops::Range;

/// An item of a list.
#[derive(Debug)]
pub struct Item {
    /// The range from the marker to the end of the item.
    pub range: Range<usize>,
    /// The end of the item's own text. The item's other blocks follow it.
    pub lead_end: usize,
    /// The start of the line that contains the marker.
    pub line_start: usize,
    /// The position of the item that contains this item.
    pub parent: Option<usize>,
}

impl Item {
    /// Returns the item's own text, with the spaces and quote markers before its marker. It is empty if the item has no text.
    pub fn lead(&self, body: &str) -> String {
        let lead = body.get(self.range.start..self.lead_end).unwrap_or_default().trim_end();
        if lead.is_empty() {
            return String::new();
        }
        let before = body.get(self.line_start..self.range.start).unwrap_or_default();
        // Outer items may begin on the same line. Their markers become spaces.
        let indent = before.chars().map(|c| if c.is_whitespace() || c == '>' { c } else { ' ' });
        indent.chain(lead.chars()).collect()
    }
}

/// Collects list items while a document is read.
#[derive(Debug, Default)]
pub struct Items {
    /// All items, in the order of their starts.
    pub all: Vec<Item>,
    open: Vec<usize>,
}

impl Items {
    /// Begins an item.
    pub fn start(&mut self, range: Range<usize>, line_start: usize) {
        let parent = self.open.last().copied();
        self.open.push(self.all.len());
        self.all.push(Item { lead_end: range.end, range, line_start, parent });
    }

    /// Ends the innermost item.
    pub fn end(&mut self) {
        self.open.pop();
    }

    /// Records a block in the innermost item. The item's own text is its first paragraph, or the text before another block.
    pub fn block(&mut self, range: &Range<usize>, is_paragraph: bool) {
        let Some(item) = self.open.last().and_then(|i| self.all.get_mut(*i)) else { return };
        if item.lead_end == item.range.end {
            item.lead_end = if is_paragraph { range.end } else { range.start.max(item.range.start) };
        }
    }
}

/// Returns the position of the innermost item that contains `at`.
pub fn item_above(items: &[Item], at: usize) -> Option<usize> {
    let last = items.partition_point(|item| item.range.start < at).checked_sub(1)?;
    let mut outward = std::iter::successors(Some(last), |i| items.get(*i)?.parent);
    outward.find(|i| items.get(*i).is_some_and(|item| at < item.range.end && item.lead_end <= at))
}

//! Writes lists. A list is tight unless an item needs more than one line and a nested list.

use super::super::tree::{Block, List, ListItem};
use super::{Flat, Footnotes, block_sequence, indent_rest, is_blank};

/// The marker of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Marker {
    /// `-` and `1.`
    #[default]
    Usual,
    /// `*` and `1)`, to separate a list from the list before it.
    Other,
}

/// Chooses different markers for adjacent lists, which a parser would otherwise read as one list.
#[derive(Debug, Default)]
pub(super) struct Markers {
    previous: Option<(bool, Marker)>,
}

impl Markers {
    pub(super) fn next(&mut self, list: &List) -> Marker {
        let marker = match self.previous {
            Some((ordered, Marker::Usual)) if ordered == list.ordered => Marker::Other,
            _ => Marker::Usual,
        };
        if !list.items.is_empty() {
            self.previous = Some((list.ordered, marker));
        }
        marker
    }
}

/// Writes a list.
pub(super) fn write<'a>(list: &'a List, marker: Marker, footnotes: &mut Footnotes<'a>) -> String {
    let loose = list.items.iter().any(is_loose);
    let mut out = String::new();
    for (number, item) in (list.start..).zip(&list.items) {
        if !out.is_empty() {
            out.push_str(if loose { "\n\n" } else { "\n" });
        }
        let marker = match (list.ordered, marker) {
            (false, Marker::Usual) => "- ".to_owned(),
            (false, Marker::Other) => "* ".to_owned(),
            // CommonMark allows at most nine digits.
            (true, Marker::Usual) => format!("{}. ", number.min(999_999_999)),
            (true, Marker::Other) => format!("{}) ", number.min(999_999_999)),
        };
        out.push_str(&self::item(&marker, &item_body(item, loose, footnotes)));
    }
    out
}

/// Writes an item: the marker, and the indented body.
pub(super) fn item(marker: &str, body: &str) -> String {
    let mut text = format!("{marker}{}", indent_rest(body, marker.len()));
    text.truncate(text.trim_end_matches(' ').len());
    text
}

fn item_body<'a>(item: &'a ListItem, loose: bool, footnotes: &mut Footnotes<'a>) -> String {
    let mut body = match item.checked {
        Some(true) => "[x] ".to_owned(),
        Some(false) => "[ ] ".to_owned(),
        None => String::new(),
    };
    if loose {
        body.push_str(&block_sequence(&item.content, footnotes));
    } else {
        let mut previous: Option<&'a Block> = None;
        for block in Flat::new(&item.content) {
            let text = super::single(block, footnotes);
            if text.is_empty() {
                continue;
            }
            if previous.is_some() {
                body.push('\n');
            }
            previous = Some(block);
            body.push_str(&text);
        }
    }
    // `- ---` would be a thematic break.
    if body.starts_with("---") && body.chars().take_while(|c| *c != '\n').all(|c| c == '-') {
        body.replace_range(0..3, "***");
    }
    body
}

/// Returns whether an item contains more than one line of text and a nested list.
fn is_loose(item: &ListItem) -> bool {
    let mut blocks = Flat::new(&item.content).filter(|block| !is_blank(block));
    let (first, second, third) = (blocks.next(), blocks.next(), blocks.next());
    match (first, second, third) {
        (None | Some(_), None, _) => false,
        (Some(Block::Paragraph(_)), Some(Block::List(list)), None) => !may_follow_text(list),
        _ => true,
    }
}

/// Returns whether a list may begin on the line after a paragraph.
/// This requires a bullet or the number 1, and text in the first item.
fn may_follow_text(list: &List) -> bool {
    (!list.ordered || list.start == 1) && list.items.first().is_some_and(|item| !item.content.iter().all(is_blank))
}

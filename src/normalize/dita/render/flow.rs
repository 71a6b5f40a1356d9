//! Renders text that is mixed with blocks.

use super::super::dom::{Element, Node};
use super::super::vocabulary::Kind;
use super::{Renderer, fallback, inline};
use crate::normalize::tree::{Block, Inline};

impl Renderer<'_, '_> {
    /// Renders the children of an element as blocks. Text between blocks becomes paragraphs.
    pub(super) fn blocks(&mut self, children: &[Node]) -> Vec<Block> {
        self.flow(children, has_text(children))
    }

    /// Renders children as blocks. With `is_text`, the children are inline content that only blocks interrupt.
    pub(super) fn flow(&mut self, children: &[Node], is_text: bool) -> Vec<Block> {
        let mut out = Vec::new();
        let mut run = Vec::new();
        self.flow_into(children, is_text, &mut run, &mut out);
        end_text(&mut run, &mut out);
        out
    }

    /// Continues the text of `run`. Blocks end it, and are added to `out`.
    fn flow_into(&mut self, children: &[Node], is_text: bool, run: &mut Vec<Inline>, out: &mut Vec<Block>) {
        let mut before: Option<&Node> = None;
        for child in children {
            match child {
                Node::Text(text) => self.text(text, run),
                Node::Element(element) => {
                    let kind = Kind::of(element);
                    if !stands_alone(element, kind, is_text) {
                        inline::keep_apart(before, element, run);
                        self.inline(element, kind, run);
                    } else if is_text && matches!(kind, Kind::Phrase | Kind::Unknown) {
                        // The text around the blocks in the element continues the text around the element.
                        inline::keep_apart(before, element, run);
                        self.count_unknown(element);
                        self.flow_into(&element.children, true, run, out);
                    } else {
                        end_text(run, out);
                        self.block(element, kind, out);
                    }
                }
            }
            before = Some(child);
        }
    }
}

/// Returns whether an element interrupts a paragraph because it is a block or contains one.
/// Outside of paragraphs, an unknown element that contains only elements is also a block.
fn stands_alone(element: &Element, kind: Kind, is_text: bool) -> bool {
    match kind {
        Kind::Image => element.attr("placement") == Some("break"),
        Kind::Unknown if !is_text && is_list_like(element) => true,
        Kind::Phrase | Kind::Unknown => holds_block(element),
        Kind::Dropped => fallback(element).is_some_and(holds_block),
        Kind::Media => !is_text,
        _ => kind.is_block(),
    }
}

/// Returns whether the text of the element contains blocks. Ignores blocks in a link, a footnote or an image.
fn holds_block(element: &Element) -> bool {
    element.elements().any(|child| match Kind::of(child) {
        Kind::Phrase | Kind::Unknown | Kind::Strong | Kind::Emphasis => holds_block(child),
        Kind::Media => false,
        kind => kind.is_block(),
    })
}

/// Returns whether there is text between the elements.
pub(super) fn has_text(children: &[Node]) -> bool {
    children.iter().any(|child| matches!(child, Node::Text(text) if !text.trim().is_empty()))
}

pub(super) fn is_list_like(element: &Element) -> bool {
    element.elements().count() > 1 && !has_text(&element.children)
}

/// Ends the current text. It becomes a paragraph unless it is blank.
pub(super) fn flush(run: &mut Vec<Inline>, out: &mut Vec<Block>) {
    let content = std::mem::take(run);
    let blank =
        |inline: &Inline| matches!(inline, Inline::Text(text) if text.trim().is_empty()) || *inline == Inline::Break;
    if !content.iter().all(blank) {
        out.push(Block::Paragraph(content));
    }
}

/// Ends the text after a block. Punctuation at the start of the text is appended to the block.
fn end_text(run: &mut Vec<Inline>, out: &mut Vec<Block>) {
    let is_closing = |c: char| matches!(c, ',' | '.' | ';' | ':' | ')' | ']' | '!' | '?');
    if let (Some(Inline::Text(first)), Some(block)) =
        (run.iter_mut().find(|item| !matches!(item, Inline::Text(text) if text.trim().is_empty())), out.last_mut())
    {
        let text = first.trim_start();
        let rest = text.trim_start_matches(is_closing);
        // Strings such as `.5` and `...` begin new text.
        let is_end = rest.len() < text.len() && (rest.is_empty() || rest.starts_with(char::is_whitespace));
        if is_end {
            let punctuation = text.strip_suffix(rest).unwrap_or_default().to_owned();
            let rest = rest.trim_start().to_owned();
            append_text(block, punctuation);
            *first = rest;
        }
    }
    flush(run, out);
}

/// Appends text to the last paragraph of a block. Code and tables have no paragraph, so the text is dropped.
fn append_text(block: &mut Block, text: String) {
    match block {
        Block::Paragraph(content) => content.push(Inline::Text(text)),
        Block::List(list) => {
            if let Some(last) = list.items.last_mut().and_then(|item| item.content.last_mut()) {
                append_text(last, text);
            }
        }
        Block::Quote(content) | Block::Group(content) | Block::Admonition { content, .. } => {
            if let Some(last) = content.last_mut() {
                append_text(last, text);
            }
        }
        _ => {}
    }
}

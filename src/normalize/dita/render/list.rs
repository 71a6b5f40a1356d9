//! Renders lists, steps and definitions.

use super::super::dom::{Element, Node};
use super::super::vocabulary::Kind;
use super::link::is_blank;
use super::{Renderer, flush, parts_of};
use crate::normalize::tree::{Block, Inline, List, ListItem};

/// Returns a bulleted list.
pub(super) fn bullets(items: Vec<ListItem>) -> Block {
    Block::List(List { ordered: false, start: 1, items })
}

impl Renderer<'_, '_> {
    pub(super) fn list(&mut self, list: &Element, kind: Kind) -> Block {
        let mut items = Vec::new();
        for child in &list.children {
            match child {
                Node::Element(child) if Kind::of(child).is_hidden() => {}
                Node::Element(child) => items.push(self.item(child)),
                Node::Text(text) if text.trim().is_empty() => {}
                Node::Text(text) => items.push(item(vec![Block::Paragraph(vec![Inline::Text(text.clone())])])),
            }
        }
        let start = first_number(list);
        Block::List(List { ordered: kind == Kind::Numbers, start, items })
    }

    fn item(&mut self, element: &Element) -> ListItem {
        let mut content = match Kind::of(element) {
            Kind::Item | Kind::Wrapper | Kind::Phrase => self.blocks(&element.children),
            kind => {
                let mut out = Vec::new();
                self.block(element, kind, &mut out);
                out
            }
        };
        if let Some(label) = importance(element) {
            match content.first_mut() {
                Some(Block::Paragraph(first)) => first.insert(0, label),
                _ => content.insert(0, Block::Paragraph(vec![label])),
            }
        }
        item(content)
    }

    /// Renders steps. The numbers continue after section headings between them.
    pub(super) fn steps(&mut self, steps: &Element, out: &mut Vec<Block>) {
        let mut done = 0;
        let mut items: Vec<ListItem> = Vec::new();
        for child in &steps.children {
            match child {
                Node::Element(child) if child.is("stepsection") => {
                    close(&mut items, &mut done, out);
                    out.append(&mut self.blocks(&child.children));
                }
                Node::Element(child) if Kind::of(child) == Kind::Item => items.push(self.item(child)),
                Node::Element(child) => {
                    close(&mut items, &mut done, out);
                    self.block(child, Kind::of(child), out);
                }
                Node::Text(text) => {
                    let mut run = vec![Inline::Text(text.clone())];
                    if !is_blank(&run) {
                        close(&mut items, &mut done, out);
                        flush(&mut run, out);
                    }
                }
            }
        }
        close(&mut items, &mut done, out);
    }

    /// Returns a definition list: `- **term**: definition`.
    pub(super) fn definitions(&mut self, list: &Element) -> Block {
        let mut items = Vec::new();
        for entry in &parts_of(list, "entry") {
            let is_head = entry.is("dlhead");
            let parts = parts_of(entry, "dd");
            let (terms, definitions): (Vec<&Element>, Vec<&Element>) =
                parts.iter().map(AsRef::as_ref).partition(|part| is_term(part));
            if parts.is_empty() || Kind::of(entry) == Kind::Wrapper {
                items.push(self.item(entry));
                continue;
            }
            items.push(self.definition(&terms, &definitions, is_head));
        }
        bullets(items)
    }

    fn definition(&mut self, terms: &[&Element], definitions: &[&Element], is_head: bool) -> ListItem {
        let mut line = Vec::new();
        for term in terms {
            if !line.is_empty() {
                line.push(Inline::Text(", ".to_owned()));
            }
            let content = self.inlines(&term.children);
            self.linked(term, vec![Inline::Strong(content)], &mut line);
        }
        let mut content: Vec<Block> = Vec::new();
        for definition in definitions {
            content.append(&mut self.blocks(&definition.children));
        }
        if let Some(Block::Paragraph(first)) = content.first_mut() {
            let first_text = std::mem::take(first);
            let has_mark = last_char(&line).is_some_and(|last| matches!(last, ':' | '?' | '!'));
            line.push(Inline::Text(if has_mark { " " } else { ": " }.to_owned()));
            if is_head {
                line.push(Inline::Strong(first_text));
            } else {
                line.extend(first_text);
            }
            *first = line;
        } else {
            content.insert(0, Block::Paragraph(line));
        }
        item(content)
    }
}

/// Returns the number of the first item of a list. Only lists in HTML and Markdown have a number other than 1.
pub(in super::super) fn first_number(list: &Element) -> u64 {
    list.attr("start").and_then(|start| start.trim().parse().ok()).unwrap_or(1)
}

/// Returns the last visible character that is not a space.
fn last_char(content: &[Inline]) -> Option<char> {
    content.iter().rev().find_map(|item| match item {
        Inline::Text(text) | Inline::Code(text) => text.trim_end().chars().next_back(),
        Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => last_char(inner),
        Inline::Link { content, .. } => last_char(content),
        _ => None,
    })
}

fn is_term(element: &Element) -> bool {
    ["dt", "pt", "dthd"].iter().any(|name| element.is(name))
}

fn item(content: Vec<Block>) -> ListItem {
    ListItem { checked: None, content }
}

/// Returns the importance of a step.
fn importance(element: &Element) -> Option<Inline> {
    let label = match element.attr("importance")? {
        "optional" => "(Optional) ",
        "required" => "(Required) ",
        _ => return None,
    };
    (element.is("step") || element.is("substep")).then(|| Inline::Text(label.to_owned()))
}

fn close(items: &mut Vec<ListItem>, done: &mut u64, out: &mut Vec<Block>) {
    if !items.is_empty() {
        let items = std::mem::take(items);
        let start = *done + 1;
        *done += items.len() as u64;
        out.push(Block::List(List { ordered: true, start, items }));
    }
}

//! Notes and hazard statements.

use super::super::dom::Element;
use super::Renderer;
use crate::normalize::tree::{Block, Inline};

impl Renderer<'_, '_> {
    pub(super) fn note(&mut self, note: &Element) -> Block {
        let label = match note.attr("type") {
            None => "Note".to_owned(),
            Some("other") => note.attr("othertype").unwrap_or("Note").to_owned(),
            Some(kind) => capitalized(kind),
        };
        let mut content = self.blocks(&note.children);
        // An explicit title becomes the start of the text.
        if let Some(Block::Heading { content: title, .. }) = content.first().cloned() {
            content.remove(0);
            content.insert(0, Block::Paragraph(title));
        } else if let Some(title) = note.attr("spectitle") {
            content.insert(0, Block::Paragraph(vec![Inline::Text(title.to_owned())]));
        }
        Block::Admonition { label, content }
    }

    pub(super) fn hazard(&mut self, hazard: &Element) -> Block {
        let label = hazard.attr("type").map_or_else(|| "Hazard".to_owned(), capitalized);
        let mut content = Vec::new();
        for part in &super::parts_of(hazard, "p") {
            if part.is("messagepanel") {
                for line in &super::parts_of(part, "p") {
                    content.append(&mut self.blocks(&line.children));
                }
            } else {
                let kind = super::Kind::of(part);
                self.block(part, kind, &mut content);
            }
        }
        Block::Admonition { label, content }
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

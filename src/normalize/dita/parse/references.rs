//! Expands references to characters and entities, within limits.

use quick_xml::events::BytesRef;

use super::super::entities::{Meaning, meaning};
use super::{Builder, MAX_ENTITY_DEPTH, MAX_EXPANSION, Problem};
use crate::normalize::document::{Link, NO_SUCH_ENTITY, NOT_IN_INPUT};
use crate::normalize::text::count;

impl Builder<'_> {
    pub(super) fn reference(&mut self, reference: &BytesRef<'_>, nesting: usize) -> Result<(), Problem> {
        match reference.resolve_char_ref() {
            Ok(Some(character)) => {
                self.text(character.encode_utf8(&mut [0; 4]));
                return Ok(());
            }
            Ok(None) => {}
            Err(_) => {
                self.lose("entity:undefined", reference, NO_SUCH_ENTITY);
                self.text(&format!("&{};", &**reference));
                return Ok(());
            }
        }
        let replacement = match meaning(&self.declared, reference) {
            Meaning::Text(text) => {
                self.text(text);
                return Ok(());
            }
            Meaning::Replacement(text) => text,
            Meaning::External => {
                self.lose("entity:external", reference, NOT_IN_INPUT);
                return Ok(());
            }
            Meaning::Undefined => {
                self.lose("entity:undefined", reference, NO_SUCH_ENTITY);
                self.text(&format!("&{};", &**reference));
                return Ok(());
            }
        };
        self.charge(replacement.len(), nesting)?;
        self.feed(&replacement, nesting + 1)
    }

    fn charge(&mut self, bytes: usize, nesting: usize) -> Result<(), Problem> {
        self.expanded += bytes;
        if self.expanded > MAX_EXPANSION || nesting >= MAX_ENTITY_DEPTH {
            return Err(Problem::EntityExpansion);
        }
        Ok(())
    }

    /// Expands references in an attribute value. Every whitespace character becomes a space.
    pub(super) fn attribute_value(&mut self, raw: &str, nesting: usize, into: &mut String) -> Result<(), Problem> {
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('&') {
            push_spaced(into, before);
            let Some((name, after_name)) = after.split_once(';') else {
                into.push('&');
                rest = after;
                continue;
            };
            rest = after_name;
            if let Ok(Some(character)) = BytesRef::new(name).resolve_char_ref() {
                into.push(character);
                continue;
            }
            match meaning(&self.declared, name) {
                Meaning::Text(text) => into.push_str(text),
                Meaning::Replacement(text) => {
                    self.charge(text.len(), nesting)?;
                    self.attribute_value(&text, nesting + 1, into)?;
                }
                Meaning::External => self.lose("entity:external", name, NOT_IN_INPUT),
                Meaning::Undefined => {
                    self.lose("entity:undefined", name, NO_SUCH_ENTITY);
                    into.push('&');
                    into.push_str(name);
                    into.push(';');
                }
            }
        }
        push_spaced(into, rest);
        Ok(())
    }

    /// Counts an entity without text.
    fn lose(&mut self, loss: &str, name: &str, reason: &str) {
        count(&mut self.losses, loss);
        let link = Link::to_nothing(&format!("&{name};"), reason);
        if !self.lost.contains(&link) {
            self.lost.push(link);
        }
    }
}

fn push_spaced(into: &mut String, text: &str) {
    into.extend(text.chars().map(|c| if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c }));
}

//! Looks up general entities: first the declarations of the document, then the entities of HTML.

use std::sync::Arc;

use quick_xml::escape::resolve_html5_entity;

use super::dtd::{Declarations, Entity};

/// The value of a named entity.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Plain text.
    Text(&'static str),
    /// Replacement text that may contain markup and other entities.
    Replacement(Arc<str>),
    /// A file that is not text or not in the input.
    External,
    /// There is no declaration.
    Undefined,
}

/// Returns the value of an entity in a document.
pub(super) fn meaning(declared: &Declarations, name: &str) -> Meaning {
    match name {
        "lt" => Meaning::Text("<"),
        "gt" => Meaning::Text(">"),
        "amp" => Meaning::Text("&"),
        "apos" => Meaning::Text("'"),
        "quot" => Meaning::Text("\""),
        _ => match declared.entities.get(name) {
            Some(Entity::Text(value)) => Meaning::Replacement(Arc::clone(value)),
            Some(Entity::Unread) => Meaning::External,
            None => resolve_html5_entity(name).map_or(Meaning::Undefined, Meaning::Text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_html_set_need_no_declaration() {
        assert_eq!(meaning(&Declarations::default(), "minus"), Meaning::Text("\u{2212}"));
        assert_eq!(meaning(&Declarations::default(), "p"), Meaning::Undefined);
    }
}

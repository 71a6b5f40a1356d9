//! General entities: what a document declares, then the HTML set.

use std::sync::Arc;

use quick_xml::escape::resolve_html5_entity;

use super::dtd::{Declarations, Entity};

/// What a named entity stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Plain text.
    Text(&'static str),
    /// Replacement text that may hold markup and further entities.
    Replacement(Arc<str>),
    /// A file that is not in the input, or that is no text.
    External,
    /// Declared nowhere.
    Undefined,
}

/// What a name stands for in a document.
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

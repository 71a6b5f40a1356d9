//! General entities: the internal subset of a document type declaration, then the HTML set. Nothing external is read.

use std::collections::HashMap;

use quick_xml::escape::resolve_html5_entity;

/// Entities that a document declares for itself.
#[derive(Debug, Default)]
pub(super) struct Entities {
    internal: HashMap<String, String>,
    external: Vec<String>,
}

/// What a named entity stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// Plain text.
    Text(&'static str),
    /// Replacement text that may hold markup and further entities.
    Replacement(&'a str),
    /// Declared with `SYSTEM` or `PUBLIC`: never read.
    External,
    /// Declared nowhere.
    Undefined,
}

impl Entities {
    /// Reads the declarations of a `<!DOCTYPE …>`; the first declaration of a name wins.
    pub fn from_doctype(doctype: &str) -> Self {
        let mut entities = Self::default();
        let Some((_, subset)) = doctype.split_once('[') else { return entities };
        let mut rest = subset;
        while let Some(start) = rest.find("<!") {
            rest = rest.get(start..).unwrap_or_default();
            if let Some(comment) = rest.strip_prefix("<!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
            } else if let Some(declaration) = rest.strip_prefix("<!ENTITY") {
                rest = entities.declare(declaration);
            } else {
                rest = rest.get(2..).unwrap_or_default();
            }
        }
        entities
    }

    /// Reads one declaration after `<!ENTITY`, returns what follows it.
    fn declare<'a>(&mut self, declaration: &'a str) -> &'a str {
        let trimmed = declaration.trim_start();
        if trimmed.starts_with('%') {
            return trimmed;
        }
        let Some((name, value)) = trimmed.split_once(|c: char| c.is_ascii_whitespace()) else { return trimmed };
        let value = value.trim_start();
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            self.external.push(name.to_owned());
            return value;
        };
        let Some((value, after)) = value.get(1..).unwrap_or_default().split_once(quote) else { return "" };
        self.internal.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        after
    }

    pub fn resolve(&self, name: &str) -> Meaning<'_> {
        match name {
            "lt" => Meaning::Text("<"),
            "gt" => Meaning::Text(">"),
            "amp" => Meaning::Text("&"),
            "apos" => Meaning::Text("'"),
            "quot" => Meaning::Text("\""),
            _ => match self.internal.get(name) {
                Some(value) => Meaning::Replacement(value),
                None if self.external.iter().any(|external| external == name) => Meaning::External,
                None => resolve_html5_entity(name).map_or(Meaning::Undefined, Meaning::Text),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_declaration_wins_and_comments_declare_nothing() {
        let entities =
            Entities::from_doctype("map [<!-- <!ENTITY a 'x'> --> <!ENTITY a \"one > two\"> <!ENTITY a 'three'>]");
        assert_eq!(entities.resolve("a"), Meaning::Replacement("one > two"));
    }

    #[test]
    fn external_entities_stay_unread() {
        let entities = Entities::from_doctype("map [<!ENTITY a SYSTEM 'file:///etc/passwd'><!ENTITY % p 'q'>]");
        assert_eq!(entities.resolve("a"), Meaning::External);
        assert_eq!(entities.resolve("p"), Meaning::Undefined);
    }

    #[test]
    fn names_of_the_html_set_need_no_declaration() {
        assert_eq!(Entities::default().resolve("minus"), Meaning::Text("\u{2212}"));
    }
}

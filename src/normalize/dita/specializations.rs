//! Finds the type of specialized elements without a known `class`, from the configuration or by guessing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dom::{Element, Node};
use super::library::form_of;
use super::parse::Parsed;
use super::vocabulary::{Kind, is_known, is_topicref};
use crate::normalize::text::count;

/// The base type of each specialized element, by name: `release: topic`.
#[derive(Debug, Default, Clone)]
pub(super) struct Specializations(Arc<BTreeMap<String, String>>);

impl Specializations {
    pub fn new(of: &BTreeMap<String, String>) -> Self {
        Self(Arc::new(of.clone()))
    }

    /// Returns the first base type that is not an element of DITA, with the name of its specialization.
    pub fn unknown_base(&self) -> Option<(&str, &str)> {
        let (name, base) = self.0.iter().find(|(_, base)| !is_known(base))?;
        Some((name.as_str(), base.as_str()))
    }

    /// Adds the classes to the elements of the file at `path`.
    pub fn apply(&self, parsed: &mut Parsed, path: &str) {
        let is_named = |element: &Element| self.class(element).is_some();
        if !self.0.is_empty() && parsed.root.find(&is_named).is_some() {
            self.classify(Arc::make_mut(&mut parsed.root));
        }
        if form_of(&parsed.root).is_none()
            && let Some(base) = guess(&parsed.root, path)
        {
            let root = Arc::make_mut(&mut parsed.root);
            let name = root.name.clone();
            root.set_attr("class", &class_of(base, &name));
            if base == "map" {
                guess_references(root);
            }
            count(&mut parsed.losses, format!("specialization:guessed {name}"));
        }
    }

    fn class(&self, element: &Element) -> Option<String> {
        let base = self.0.get(&element.name)?;
        Some(class_of(base, &element.name))
    }

    fn classify(&self, element: &mut Element) {
        if let Some(class) = self.class(element) {
            element.set_attr("class", &class);
        }
        for child in &mut element.children {
            if let Node::Element(child) = child {
                self.classify(child);
            }
        }
    }
}

fn class_of(base: &str, name: &str) -> String {
    let module = if base == "map" { "map" } else { "topic" };
    format!("- {module}/{base} local/{name} ")
}

/// Guesses the type of a root element if its name or the file name indicates DITA.
fn guess(root: &Element, path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.').unwrap_or_default();
    let is_named =
        matches!(extension, "dita" | "ditamap" | "bookmap") && root.elements().any(|child| child.name == "title");
    let is_dita = root.attributes.iter().any(|(name, _)| name.ends_with(":DITAArchVersion"));
    if !is_dita && !is_named {
        return None;
    }
    let is_map = matches!(extension, "ditamap" | "bookmap") || root.find(&is_topicref).is_some();
    Some(if is_map { "map" } else { "topic" })
}

/// Marks the unknown elements with an address in a guessed map as references to topics.
fn guess_references(map: &mut Element) {
    for child in &mut map.children {
        let Node::Element(child) = child else { continue };
        let has_address = ["href", "keyref", "keys"].iter().any(|name| child.attr(name).is_some());
        if Kind::of(child) == Kind::Unknown && has_address && !is_topicref(child) {
            let class = format!("- map/topicref local/{} ", child.name);
            child.set_attr("class", &class);
        }
        if Kind::of(child) != Kind::Metadata {
            guess_references(child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::library::Form;
    use super::super::parse::parse;
    use super::*;

    fn parsed(xml: &str, specializations: &[(&str, &str)]) -> Parsed {
        let of = specializations.iter().map(|(name, base)| ((*name).to_owned(), (*base).to_owned())).collect();
        let mut parsed = parse(xml.as_bytes(), 0).unwrap();
        Specializations::new(&of).apply(&mut parsed, "a.xml");
        parsed
    }

    #[test]
    fn the_configuration_says_what_an_element_is_a_kind_of() {
        let release = "<release id='r'><title>R</title><change>x</change></release>";
        assert_eq!(form_of(&parsed(release, &[]).root), None);
        let parsed = parsed(release, &[("release", "topic"), ("change", "p"), ("other", "li")]);
        assert_eq!(form_of(&parsed.root), Some(Form::Topic));
        assert!(parsed.root.child("p").is_some());
    }

    #[test]
    fn references_in_a_guessed_map_are_references() {
        let mut parsed = parse(b"<relmap><title>R</title><rel href='a.dita'/></relmap>", 0).unwrap();
        Specializations::default().apply(&mut parsed, "r.ditamap");
        assert_eq!(form_of(&parsed.root), Some(Form::Map));
        assert!(parsed.root.elements().any(is_topicref));
    }

    #[test]
    fn a_base_type_must_be_an_element_of_dita() {
        let of = |base: &str| Specializations::new(&[("release".to_owned(), base.to_owned())].into());
        assert_eq!(of("topik").unknown_base(), Some(("release", "topik")));
        for base in ["topic", "map", "topicref", "p", "ph", "dlentry", "stentry", "strow", "row"] {
            assert_eq!(of(base).unknown_base(), None, "{base}");
        }
    }

    #[test]
    fn what_says_that_it_is_dita_is_guessed_and_counted() {
        let guessed = parsed("<release xmlns:a='x' a:DITAArchVersion='1.3'><title>R</title></release>", &[]);
        assert_eq!(form_of(&guessed.root), Some(Form::Topic));
        assert_eq!(guessed.losses.get("specialization:guessed release"), Some(&1));
        let map = parsed("<guide xmlns:a='x' a:DITAArchVersion='1.3'><topicref href='a.dita'/></guide>", &[]);
        assert_eq!(form_of(&map.root), Some(Form::Map));
    }
}

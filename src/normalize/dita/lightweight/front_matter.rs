//! Converts the front matter of a Markdown topic to a prolog.

use serde_yaml::Value;

use super::super::dom::{Element, FileId, Node};
use super::super::vocabulary::CONDITIONS;

/// The data in a front matter.
#[derive(Debug, Default)]
pub(super) struct FrontMatter {
    pub id: Option<String>,
    pub title: Option<String>,
    pub language: Option<String>,
    /// Conditions of the whole topic.
    pub conditions: Vec<(String, String)>,
    pub prolog: Option<Element>,
    /// Whether the schema is that of a map.
    pub is_map: bool,
}

/// Elements of a prolog and its metadata that correspond to text fields.
const OF_PROLOG: [&str; 4] = ["author", "source", "publisher", "permissions"];

/// Splits the front matter from a text. The first value is `None` if there is no front matter.
pub(super) fn split(text: &str) -> (Option<&str>, &str) {
    let Some(rest) = text.strip_prefix("---\n") else { return (None, text) };
    for end in ["\n---\n", "\n...\n"] {
        if let Some((front, body)) = rest.split_once(end) {
            return (Some(front), body);
        }
    }
    match rest.strip_suffix("\n---") {
        Some(front) => (Some(front), ""),
        None => (None, text),
    }
}

/// Reads a front matter. Returns `None` if it is not a YAML mapping.
pub(super) fn read(yaml: &str, file: FileId) -> Option<FrontMatter> {
    let Ok(Value::Mapping(fields)) = serde_yaml::from_str::<Value>(yaml) else { return None };
    let mut front = FrontMatter::default();
    let mut prolog = Element::new("prolog", file, 1);
    let mut metadata = Element::new("metadata", file, 1);
    let mut keywords = Element::new("keywords", file, 1);
    for (name, value) in &fields {
        let Some(name) = name.as_str() else { continue };
        let values = texts(value);
        let element = |name: &str, text: &str| {
            let mut element = Element::new(name, file, 1);
            element.children.push(Node::Text(text.to_owned()));
            Node::Element(element)
        };
        match name {
            "$schema" => front.is_map = values.iter().any(|schema| schema.contains("map.")),
            "id" => front.id = values.into_iter().next(),
            "title" => front.title = values.into_iter().next(),
            "lang" | "language" | "xml:lang" => front.language = values.into_iter().next(),
            "category" => metadata.children.extend(values.iter().map(|text| element("category", text))),
            "keyword" | "keywords" => keywords.children.extend(values.iter().map(|text| element("keyword", text))),
            name if OF_PROLOG.contains(&name) => {
                prolog.children.extend(values.iter().map(|text| element(name, text)));
            }
            name if CONDITIONS.contains(&name) => front.conditions.push((name.to_owned(), values.join(" "))),
            name => metadata.children.extend(values.iter().map(|text| {
                let mut other = Element::new("othermeta", file, 1);
                other.set_attr("name", name);
                other.set_attr("content", text);
                Node::Element(other)
            })),
        }
    }
    if !keywords.children.is_empty() {
        metadata.children.push(Node::Element(keywords));
    }
    if !metadata.children.is_empty() {
        prolog.children.push(Node::Element(metadata));
    }
    front.prolog = Some(prolog).filter(|prolog| !prolog.children.is_empty());
    Some(front)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Bool(flag) => vec![flag.to_string()],
        Value::Sequence(values) => values.iter().flat_map(texts).collect(),
        Value::Null | Value::Mapping(_) | Value::Tagged(_) => Vec::new(),
    }
}

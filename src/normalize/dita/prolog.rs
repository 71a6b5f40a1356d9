//! Reads the metadata of a topic or a map from its prolog, title alternatives and conditions.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::dom::{Element, collapse};

/// Metadata that has its own field in a document.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub fields: Map<String, Value>,
    pub labels: BTreeSet<String>,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
}

/// Elements that become a text field with the same name.
const TEXT_FIELDS: [&str; 6] = ["author", "source", "publisher", "permissions", "searchtitle", "navtitle"];
/// The attribute with the value of an element that contains no text.
const VALUE_ATTRIBUTES: [(&str, &str); 4] =
    [("permissions", "view"), ("author", "href"), ("source", "href"), ("publisher", "href")];
/// Elements of product information.
const PRODUCT_FIELDS: [&str; 7] = ["prodname", "brand", "series", "platform", "prognum", "featnum", "component"];

/// Reads the metadata of a topic or a map, without nested topics.
pub(super) fn read(root: &Element) -> Metadata {
    let mut metadata = Metadata::default();
    metadata.push("doctype", root.name.clone());
    if let Some(language) = root.attr("xml:lang") {
        metadata.push("language", language.to_owned());
    }
    for child in root.elements() {
        if ["prolog", "titlealts", "topicmeta", "bookmeta"].iter().any(|name| child.is(name)) {
            each_field(child, &mut |element| metadata.element(element));
        }
        if child.is("titlealt") {
            let role = child.attr("title-role").unwrap_or("alternative");
            metadata.push(&format!("{role}title"), collapse(&child.text()));
        }
    }
    let mut terms = Vec::new();
    collect_index_terms(root, &mut terms);
    for term in terms {
        metadata.push("keywords", term);
    }
    super::filter::collect_conditions(root, &mut metadata.labels);
    for name in STATE {
        if let Some(value) = root.attr(name) {
            metadata.push(name, value.to_owned());
        }
    }
    metadata.add_conditions(root);
    metadata
}

/// Attributes that describe the state of a topic.
const STATE: [&str; 3] = ["status", "importance", "rev"];
/// Elements that can have only one value. The nearest value has priority.
const SINGLE: [&str; 6] = ["source", "publisher", "copyright", "permissions", "created", "revised"];
/// Elements that contain a title. They are not passed from a map to its topics.
const TITLES: [&str; 2] = ["navtitle", "searchtitle"];
/// Elements with running text. The names in them are not metadata.
const TEXTS: [&str; 6] = ["navtitle", "searchtitle", "linktext", "shortdesc", "titlealt", "keytext"];
/// Elements in the metadata of a map entry that apply only to its own topic.
const OWN_PLACE: [&str; 3] = ["keywords", "source", "resourceid"];

/// Returns whether the metadata of an entry also applies to nested entries.
pub(super) fn cascades(element: &Element) -> bool {
    !TEXTS.iter().chain(&["ux-window"]).chain(&OWN_PLACE).any(|name| element.is(name))
}

/// Calls a function for an element and its descendants, except the elements in running text.
fn each_field<'a>(element: &'a Element, visit: &mut impl FnMut(&'a Element)) {
    visit(element);
    if !TEXTS.iter().any(|name| element.is(name)) {
        for child in element.elements() {
            each_field(child, visit);
        }
    }
}

/// Adds the index terms in a topic's text. A nested term follows its parent after a comma.
fn collect_index_terms(element: &Element, into: &mut Vec<String>) {
    for child in element.elements() {
        if child.is("indexterm") {
            index_term(child, "", into);
        } else if super::vocabulary::Kind::of(child) != super::vocabulary::Kind::Topic {
            collect_index_terms(child, into);
        }
    }
}

fn index_term(term: &Element, before: &str, into: &mut Vec<String>) {
    let mut text = String::new();
    let mut inner = Vec::new();
    for child in &term.children {
        match child {
            super::dom::Node::Text(written) => text.push_str(written),
            super::dom::Node::Element(child) if child.is("indexterm") => inner.push(child),
            super::dom::Node::Element(child) if child.name.starts_with("index-") || child.name == "sort-as" => {}
            super::dom::Node::Element(child) => text.push_str(&child.text()),
        }
    }
    let text = collapse(&text);
    let text = if before.is_empty() { text } else { format!("{before}, {text}") };
    if inner.is_empty() && !text.is_empty() {
        into.push(text.clone());
    }
    for term in inner {
        index_term(term, &text, into);
    }
}

impl Metadata {
    /// Adds metadata from maps. Metadata from the topic or a nearer entry has priority.
    pub fn add_from_map(&mut self, elements: &[std::sync::Arc<Element>]) {
        let known = self.fields.clone();
        let dates = (self.created_at.clone(), self.updated_at.clone());
        for outer in elements {
            each_field(outer, &mut |element| {
                let name = SINGLE.iter().find(|name| element.is(name));
                let field =
                    if element.is("othermeta") || element.is("data") { element.attr("name") } else { name.copied() };
                let is_said = field.is_some_and(|field| known.contains_key(field));
                if !is_said && !TITLES.iter().any(|title| element.is(title)) {
                    self.element(element);
                }
            });
        }
        self.created_at = dates.0.or(self.created_at.take());
        self.updated_at = dates.1.or(self.updated_at.take());
    }

    /// Adds the conditions of an element as fields, so that a search can filter by them.
    pub fn add_conditions(&mut self, element: &Element) {
        let mut conditions = BTreeSet::new();
        super::filter::conditions_of(element, &mut conditions);
        for (name, value) in conditions.iter().filter_map(|condition| condition.split_once(':')) {
            self.push(name, value.to_owned());
        }
    }

    /// Adds a language if the topic has none.
    pub fn set_language(&mut self, language: &str) {
        if !self.fields.contains_key("language") {
            self.push("language", language.to_owned());
        }
    }

    fn push(&mut self, field: &str, value: String) {
        if value.is_empty() {
            return;
        }
        let values = self.fields.entry(field.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            let value = Value::String(value);
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }

    fn element(&mut self, element: &Element) {
        let text = || collapse(&element.text());
        if element.is("metadata") {
            self.add_conditions(element);
        }
        if let Some(field) = TEXT_FIELDS.iter().chain(&PRODUCT_FIELDS).find(|name| element.is(name)) {
            self.push(field, Some(text()).filter(|text| !text.is_empty()).unwrap_or_else(|| value_of(element)));
        } else if element.is("keyword") {
            self.push("keywords", text());
        } else if element.is("category") {
            self.push("category", text());
            self.labels.extend(Some(text()).filter(|text| !text.is_empty()).map(|text| format!("category:{text}")));
        } else if element.is("audience") {
            for (name, value) in &element.attributes {
                if matches!(name.as_str(), "type" | "job" | "experiencelevel" | "name") {
                    self.push("audience", value.clone());
                    if name == "type" {
                        self.labels.insert(format!("audience:{value}"));
                    }
                }
            }
        } else if element.is("vrm") {
            let parts = ["version", "release", "modification"].iter().filter_map(|name| element.attr(name));
            self.push("version", parts.collect::<Vec<_>>().join("."));
        } else if element.is("copyright") {
            let years: Vec<&str> = element.children_of("copyryear").filter_map(|year| year.attr("year")).collect();
            let holder = element.child("copyrholder").map(|holder| collapse(&holder.text())).unwrap_or_default();
            self.push("copyright", format!("{} {holder}", years.join(", ")).trim().to_owned());
        } else if element.is("created") {
            self.created_at = element.attr("date").and_then(date);
        } else if element.is("revised") {
            self.updated_at = element.attr("modified").and_then(date).max(self.updated_at.take());
        } else if element.is("othermeta") {
            if let (Some(name), Some(content)) = (element.attr("name"), element.attr("content")) {
                self.push(name, content.to_owned());
            }
        } else if element.is("data") {
            let value = element.attr("value").map_or_else(text, ToOwned::to_owned);
            let value = if value.is_empty() { element.attr("href").unwrap_or_default().to_owned() } else { value };
            if let Some(name) = element.attr("name") {
                self.push(name, value);
            }
        } else if element.is("resourceid") {
            let ids = ["appid", "id", "ux-context-string"].iter().find_map(|name| element.attr(name));
            self.push("resourceid", ids.unwrap_or_default().to_owned());
        }
    }

    /// Converts fields with one value to strings.
    pub fn simplify(&mut self) {
        for (name, value) in &mut self.fields {
            let lists = ["keywords", "category"].contains(&name.as_str())
                || super::vocabulary::CONDITIONS.contains(&name.as_str());
            if let Value::Array(values) = value
                && values.len() == 1
                && !lists
                && let Some(only) = values.pop()
            {
                *value = only;
            }
        }
    }
}

/// Returns the value in an attribute of an element without text.
fn value_of(element: &Element) -> String {
    let attribute = VALUE_ATTRIBUTES.iter().find(|(name, _)| element.is(name));
    attribute.and_then(|(_, attribute)| element.attr(attribute)).unwrap_or_default().to_owned()
}

/// Converts a date to RFC 3339. The time is midnight if the source has no time.
pub(super) fn date(text: &str) -> Option<String> {
    let text = text.trim();
    if chrono::DateTime::parse_from_rfc3339(text).is_ok() {
        return Some(text.to_owned());
    }
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .or_else(|_| chrono::NaiveDate::parse_from_str(text, "%Y%m%d"))
        .ok()?;
    Some(format!("{day}T00:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn the_prolog_becomes_fields_labels_and_dates() {
        let topic = "<concept id='c' xml:lang='en'><title>T</title><titlealts><searchtitle>S</searchtitle></titlealts>\
            <prolog><author>A</author><author>B</author><critdates><created date='2020-01-02'/><revised modified='2021-03-04'/></critdates>\
            <metadata><audience type='admin'/><category>Install</category><keywords><keyword>k</keyword><indexterm>a<indexterm>b</indexterm></indexterm></keywords>\
            <prodinfo><prodname>P</prodname><vrmlist><vrm version='1' release='2'/></vrmlist></prodinfo><othermeta name='n' content='c'/></metadata></prolog>\
            <conbody><p platform='linux mac'>x</p></conbody></concept>";
        let mut read = read(&parse(topic.as_bytes(), 0).unwrap().root);
        read.simplify();
        let fields = Value::Object(read.fields);
        assert_eq!(fields["author"], serde_json::json!(["A", "B"]));
        assert_eq!(fields["keywords"], serde_json::json!(["k", "a, b"]));
        assert_eq!(
            (&fields["searchtitle"], &fields["version"], &fields["n"]),
            (&"S".into(), &"1.2".into(), &"c".into())
        );
        let labels: Vec<_> = read.labels.into_iter().collect();
        assert_eq!(labels, ["audience:admin", "category:Install", "platform:linux", "platform:mac"]);
        assert_eq!(read.created_at.as_deref(), Some("2020-01-02T00:00:00Z"));
        assert_eq!(read.updated_at.as_deref(), Some("2021-03-04T00:00:00Z"));
    }

    #[test]
    fn elements_without_text_have_their_value_in_an_attribute() {
        let topic = "<topic id='t'><title>T</title><prolog><author href='mailto:a@b'/><source href='http://x'/><source>Own</source>\
            <publisher href='p.html'/><permissions view='internal'/><metadata><data name='d' href='d.xml'/></metadata>\
            <resourceid appname='app' ux-context-string='help_7'/></prolog></topic>";
        let mut read = read(&parse(topic.as_bytes(), 0).unwrap().root);
        read.simplify();
        let fields = Value::Object(read.fields);
        assert_eq!(fields["author"], "mailto:a@b");
        assert_eq!(fields["source"], serde_json::json!(["http://x", "Own"]));
        assert_eq!((&fields["publisher"], &fields["permissions"]), (&"p.html".into(), &"internal".into()));
        assert_eq!((&fields["d"], &fields["resourceid"]), (&"d.xml".into(), &"help_7".into()));
    }
}

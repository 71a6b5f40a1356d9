//! Finds the title and the metadata of an entry in a map.

use super::super::dom::{Element, Node, collapse};

/// Returns the metadata of an entry in a map.
pub fn meta_of(topicref: &Element) -> Option<&Element> {
    ["topicmeta", "subjectHeadMeta", "bookmeta"].iter().find_map(|name| topicref.child(name))
}

/// Returns the text of links to an entry in a map.
pub fn link_text(topicref: &Element) -> Option<String> {
    let text = collapse(&meta_of(topicref)?.child("linktext")?.text());
    Some(text).filter(|text| !text.is_empty())
}

/// Returns an element with the title of an entry. If the entry has no target, its link text is also a title.
pub fn title_element(topicref: &Element, has_no_target: bool) -> Option<Element> {
    if let Some(element) = written_title(topicref).filter(|title| !title.is_blank()) {
        return Some(element.clone());
    }
    let text = navigation_title(topicref).or_else(|| link_text(topicref).filter(|_| has_no_target))?;
    let mut element = Element::new("navtitle", topicref.file, topicref.line);
    element.children.push(Node::Text(text));
    Some(element)
}

/// Returns the title of an entry that is written as an element.
fn written_title(topicref: &Element) -> Option<&Element> {
    let meta = meta_of(topicref)?;
    let is_navigation = |title: &&Element| title.attr("title-role").is_some_and(|role| role.contains("navigation"));
    meta.child("navtitle").or_else(|| meta.children_of("titlealt").find(is_navigation))
}

/// Returns the title of an entry in a map.
pub fn navigation_title(topicref: &Element) -> Option<String> {
    let text = written_title(topicref).map(|title| collapse(&title.text())).filter(|text| !text.is_empty());
    text.or_else(|| topicref.attr("navtitle").map(collapse))
}

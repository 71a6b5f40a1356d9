//! Converts HTML topics. An article is a topic, and a heading below the first one begins a nested topic.

use std::sync::Arc;

use super::super::dom::{Element, FileId, Node};
use super::super::include;
use super::super::parse::{Parsed, XmlError, parse_html};
use super::elements::{add_outer, children, convert, with_name};
use super::{HIDDEN, OWN_ID, id_of, map};
use crate::normalize::hidden::is_hidden;
use crate::normalize::text::{Losses, count};

/// Attributes that refer to the content of an element.
const REFERENCES: [&str; 5] = ["keyref", "conref", "conkeyref", "conrefend", "href"];

pub(super) fn parse(bytes: &[u8], file: FileId, is_map: bool) -> Result<Parsed, XmlError> {
    parse_text(&include::decode(bytes, None, None), file, is_map)
}

/// Parses a page or the content of its body.
pub(super) fn parse_text(html: &str, file: FileId, is_map: bool) -> Result<Parsed, XmlError> {
    let is_page = html.get(..html.len().min(2048)).is_some_and(|head| head.contains("<html") || head.contains("<HTML"));
    let mut parsed =
        if is_page { parse_html(html, file)? } else { parse_html(&format!("<html><body>{html}</body></html>"), file)? };
    let is_map = is_map || is_page && map::is_navigation(&parsed.root);
    let root = if is_map { map::map(&parsed.root, file) } else { topic(&parsed.root, file, &mut parsed.losses) };
    parsed.root = Arc::new(root);
    Ok(parsed)
}

fn topic(page: &Element, file: FileId, losses: &mut Losses) -> Element {
    let head = page.find(&|element| element.name == "head");
    let around = path_to_body(page);
    let (&body, around) = around.split_last().unwrap_or((&page, &[]));
    let mut articles: Vec<&Element> = body.elements().filter(|child| child.name == "article").collect();
    // Text beside the articles makes them nested topics.
    if !body.children.iter().all(is_article_or_frame) {
        articles.clear();
    }
    let mut root = match articles.as_slice() {
        [] => article(body, losses),
        [only] => article(only, losses),
        several => {
            let mut all = Element::new("dita", file, 1);
            all.children = several.iter().map(|topic| Node::Element(nested_article(topic, losses))).collect();
            all
        }
    };
    if !articles.is_empty() {
        add_outer(&mut root, body);
    }
    for outer in around.iter().rev() {
        add_outer(&mut root, outer);
    }
    let first = match root.children.first_mut() {
        Some(Node::Element(first)) if root.name == "dita" => first,
        _ => &mut root,
    };
    if let Some(language) = page.attr("lang").or(page.attr("xml:lang")) {
        first.set_attr("xml:lang", language);
    }
    if let Some(head) = head {
        add_head(first, head);
    }
    root
}

/// Returns whether a child is an article, or belongs to the page around the articles.
fn is_article_or_frame(child: &Node) -> bool {
    match child {
        Node::Text(text) => text.trim().is_empty(),
        Node::Element(child) => matches!(
            child.name.as_str(),
            "article"
                | "head"
                | "header"
                | "footer"
                | "nav"
                | "aside"
                | "script"
                | "style"
                | "template"
                | "noscript"
                | "hr"
        ),
    }
}

/// Returns the elements from the page to the element that contains the articles or the text.
fn path_to_body(page: &Element) -> Vec<&Element> {
    fn path<'p>(element: &'p Element, is_end: &impl Fn(&Element) -> bool) -> Option<Vec<&'p Element>> {
        if is_end(element) {
            return Some(vec![element]);
        }
        let mut below = element.elements().find_map(|child| path(child, is_end))?;
        below.insert(0, element);
        Some(below)
    }
    let holds_article = |element: &Element| element.elements().any(|child| child.name == "article");
    path(page, &holds_article)
        .or_else(|| path(page, &|element| element.name == "main"))
        .or_else(|| path(page, &|element| element.name == "body"))
        .unwrap_or_else(|| vec![page])
}

/// Adds the title and the metadata from the head of the page.
fn add_head(topic: &mut Element, head: &Element) {
    if topic.child("title").is_none()
        && let Some(title) = head.elements().find(|child| child.name == "title")
    {
        let children = title.children.clone();
        topic.children.insert(0, Node::Element(Element { children, ..with_name("title", title) }));
    }
    let file = topic.file;
    let mut metadata = Element::new("metadata", file, 1);
    for meta in head.elements().filter(|child| child.name == "meta") {
        let (Some(name), Some(content)) = (meta.attr("name"), meta.attr("content")) else { continue };
        if name.eq_ignore_ascii_case("keywords") {
            let mut keywords = with_name("keywords", meta);
            for word in content.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                let mut keyword = Element::new("keyword", file, meta.line);
                keyword.children.push(Node::Text(word.to_owned()));
                keywords.children.push(Node::Element(keyword));
            }
            metadata.children.push(Node::Element(keywords));
        } else if !matches!(name, "viewport" | "generator" | "robots" | "color-scheme") {
            let mut other = with_name("othermeta", meta);
            other.set_attr("name", name);
            other.set_attr("content", content);
            metadata.children.push(Node::Element(other));
        }
    }
    if !metadata.children.is_empty() {
        let mut prolog = Element::new("prolog", file, 1);
        prolog.children.push(Node::Element(metadata));
        let after_title = usize::from(topic.child("title").is_some());
        topic.children.insert(after_title, Node::Element(prolog));
    }
}

/// Converts an article that may be hidden.
pub(super) fn nested_article(element: &Element, losses: &mut Losses) -> Element {
    let mut topic = article(element, losses);
    if is_hidden(&element.attributes) {
        topic.set_attr(HIDDEN, "yes");
    }
    topic
}

/// Converts an article, or another element with the text of a page, to a topic.
pub(super) fn article(article: &Element, losses: &mut Losses) -> Element {
    let mut topics = Topics { root: with_name("topic", article), inner: Vec::new(), losses };
    for child in &article.children {
        topics.add(child);
    }
    let mut root = topics.finish();
    if let Some(id) = article.attr("id") {
        root.set_attr("id", id);
        root.set_attr(OWN_ID, "yes");
    }
    root
}

/// The open topics, by the level of their headings.
struct Topics<'a> {
    root: Element,
    /// The open nested topics, outermost first.
    inner: Vec<(u8, Element)>,
    losses: &'a mut Losses,
}

impl Topics<'_> {
    fn last(&mut self) -> &mut Element {
        self.inner.last_mut().map_or(&mut self.root, |(_, topic)| topic)
    }

    fn add(&mut self, node: &Node) {
        let Node::Element(element) = node else {
            self.last().children.push(node.clone());
            return;
        };
        let Some(level) = heading_level(element) else {
            let converted = convert(element, self.losses);
            self.last().children.extend(converted);
            return;
        };
        if is_hidden(&element.attributes) {
            count(self.losses, "element:hidden");
            return;
        }
        let mut title = Element::new("title", element.file, element.line);
        title.children = children(element, self.losses);
        let is_first = self.inner.is_empty() && self.root.is_blank();
        if !is_first {
            while self.inner.last().is_some_and(|(open, _)| *open >= level) {
                self.close();
            }
            self.inner.push((level, Element::new("topic", element.file, element.line)));
        }
        // The id of the heading, or an id from its words.
        let own = element.attr("id");
        let id = own.map_or_else(|| id_of(&title), ToOwned::to_owned);
        let topic = self.last();
        topic.set_attr("id", &id);
        if own.is_some() {
            topic.set_attr(OWN_ID, "yes");
        }
        // The conditions of a heading apply to its topic. Its references apply only to the title.
        let mut heading = Element::new("title", element.file, element.line);
        add_outer(&mut heading, element);
        for (name, value) in heading.attributes {
            if REFERENCES.contains(&name.as_str()) {
                title.set_attr(&name, &value);
            } else {
                topic.attributes.push((name, value));
            }
        }
        topic.children.insert(0, Node::Element(title));
    }

    fn close(&mut self) {
        if let Some((_, topic)) = self.inner.pop() {
            self.last().children.push(Node::Element(topic));
        }
    }

    fn finish(mut self) -> Element {
        while !self.inner.is_empty() {
            self.close();
        }
        self.root
    }
}

fn heading_level(element: &Element) -> Option<u8> {
    match element.name.as_str() {
        "h1" => Some(1),
        "h2" => Some(2),
        "h3" => Some(3),
        "h4" => Some(4),
        "h5" => Some(5),
        "h6" => Some(6),
        _ => None,
    }
}

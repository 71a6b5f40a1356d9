//! Converts HTML topics. Each element becomes the corresponding DITA element, and a heading begins a nested topic.

use std::sync::Arc;

use super::super::dom::{Element, FileId, Node};
use super::super::include;
use super::super::parse::{Parsed, XmlError, parse_html};
use super::markdown::KEY;
use super::{OWN_ID, id_of};
use crate::normalize::text::{Losses, count};

pub(super) fn parse(bytes: &[u8], file: FileId) -> Result<Parsed, XmlError> {
    parse_text(&include::decode(bytes, None, None), file)
}

/// Parses a page or the content of its body.
pub(super) fn parse_text(html: &str, file: FileId) -> Result<Parsed, XmlError> {
    let is_page = html.get(..html.len().min(2048)).is_some_and(|head| head.contains("<html") || head.contains("<HTML"));
    let mut parsed =
        if is_page { parse_html(html, file)? } else { parse_html(&format!("<html><body>{html}</body></html>"), file)? };
    let root = topic(&parsed.root, file, &mut parsed.losses);
    parsed.root = Arc::new(root);
    Ok(parsed)
}

fn topic(page: &Element, file: FileId, losses: &mut Losses) -> Element {
    let head = page.find(&|element| element.name == "head");
    let body = page.find(&|element| element.name == "article");
    let body = body.or_else(|| page.find(&|element| element.name == "main"));
    let body = body.or_else(|| page.find(&|element| element.name == "body")).unwrap_or(page);
    let mut topics = Topics { root: Element::new("topic", file, 1), inner: Vec::new(), losses };
    if let Some(language) = page.attr("lang").or(page.attr("xml:lang")) {
        topics.last().set_attr("xml:lang", language);
    }
    for child in &body.children {
        topics.add(child);
    }
    let mut root = topics.finish();
    if let Some(id) = body.attr("id") {
        root.set_attr("id", id);
        root.set_attr(OWN_ID, "yes");
    }
    let Some(head) = head else { return root };
    if root.child("title").is_none()
        && let Some(title) = head.elements().find(|child| child.name == "title")
    {
        root.children.insert(0, Node::Element(title.clone()));
    }
    let mut metadata = Element::new("metadata", file, 1);
    for meta in head.elements().filter(|child| child.name == "meta") {
        let (Some(name), Some(content)) = (meta.attr("name"), meta.attr("content")) else { continue };
        if !matches!(name, "viewport" | "generator" | "robots" | "color-scheme") {
            let mut other = Element::new("othermeta", file, meta.line);
            other.set_attr("name", name);
            other.set_attr("content", content);
            metadata.children.push(Node::Element(other));
        }
    }
    if !metadata.children.is_empty() {
        let mut prolog = Element::new("prolog", file, 1);
        prolog.children.push(Node::Element(metadata));
        let after_title = usize::from(root.child("title").is_some());
        root.children.insert(after_title, Node::Element(prolog));
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

fn children(element: &Element, losses: &mut Losses) -> Vec<Node> {
    let mut out = Vec::new();
    for child in &element.children {
        match child {
            Node::Text(_) => out.push(child.clone()),
            Node::Element(child) => out.extend(convert(child, losses)),
        }
    }
    out
}

/// Converts an HTML element to DITA.
fn convert(element: &Element, losses: &mut Losses) -> Vec<Node> {
    let is_footnotes = element.attr("class") == Some("footnote-definition");
    let name = match element.name.as_str() {
        "p" | "ul" | "ol" | "li" | "dl" | "dd" | "dt" | "section" | "div" | "sub" | "sup" | "video" | "audio" | "q"
        | "br" | "b" | "i" | "u" => element.name.as_str(),
        "strong" => "b",
        "em" => "i",
        "del" | "s" | "strike" => "line-through",
        "code" | "kbd" | "samp" | "tt" => "codeph",
        "var" => "varname",
        "cite" => "cite",
        "blockquote" => "lq",
        "figure" => "fig",
        "figcaption" | "caption" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => "title",
        "article" | "main" | "header" | "footer" | "aside" | "details" => "div",
        "summary" => "p",
        "span" | "abbr" | "small" | "mark" | "font" | "label" | "ins" | "time" => "ph",
        "a" => return vec![Node::Element(link(element, losses))],
        "img" => return vec![Node::Element(image(element))],
        "pre" => return vec![Node::Element(code_block(element))],
        "table" => return vec![Node::Element(table(element, losses))],
        "source" => "media-source",
        "script" | "style" | "template" | "nav" | "head" | "meta" | "link" | "noscript" | "hr" => return Vec::new(),
        "input" => {
            let checked = element.attributes.iter().any(|(name, _)| name == "checked");
            return vec![Node::Text(if checked { "[x] " } else { "[ ] " }.to_owned())];
        }
        _ => {
            count(losses, format!("element:{}", element.name));
            "ph"
        }
    };
    let name = if is_footnotes { "fn" } else { name };
    if element.name == "sup" && element.attr("class") == Some("footnote-reference") {
        return children(element, losses);
    }
    let mut out = with_name(name, element);
    out.children = children(element, losses);
    if is_footnotes {
        // The label is generated again.
        out.children.retain(|child| child.element().is_none_or(|child| child.name != "sup"));
    }
    vec![Node::Element(out)]
}

/// Returns the element with its DITA name and attributes. For example, `data-keyref` becomes `keyref`.
fn with_name(name: &str, element: &Element) -> Element {
    let mut out = Element::new(name, element.file, element.line);
    for (attribute, value) in &element.attributes {
        match attribute.strip_prefix("data-") {
            Some("class") | None if attribute != "id" && !matches!(attribute.as_str(), "src" | "href" | "alt") => {}
            Some(attribute) => out.set_attr(attribute, value),
            None => out.set_attr(attribute, value),
        }
    }
    out
}

fn link(element: &Element, losses: &mut Losses) -> Element {
    let mut out = with_name("xref", element);
    out.children = children(element, losses);
    let Some(href) = element.attr("href") else { return out };
    if let Some(key) = href.strip_prefix(KEY) {
        out.remove_attr("href");
        // `[key]` is a reference without text.
        if out.elements().next().is_none() && out.text() == key {
            out.children.clear();
        }
        out.set_attr("keyref", key);
        return out;
    }
    out
}

fn image(element: &Element) -> Element {
    let mut out = with_name("image", element);
    out.remove_attr("src");
    match element.attr("src").map(|source| (source, source.strip_prefix(KEY))) {
        Some((_, Some(key))) => out.set_attr("keyref", key),
        Some((source, None)) => out.set_attr("href", source),
        None => {}
    }
    out.remove_attr("alt");
    if let Some(text) = element.attr("alt") {
        let mut alt = Element::new("alt", element.file, element.line);
        alt.children.push(Node::Text(text.to_owned()));
        out.children.push(Node::Element(alt));
    }
    out
}

fn code_block(element: &Element) -> Element {
    let mut out = with_name("codeblock", element);
    let code = element.elements().find(|child| child.name == "code");
    let classes = code.and_then(|code| code.attr("class")).or(element.attr("class")).unwrap_or_default();
    // Some authors write the language as a class: `{.java}`.
    let language = classes.split_whitespace().find_map(|class| class.strip_prefix("language-"));
    if let Some(language) = language.map(|language| language.trim_matches(['{', '}', '.'])) {
        out.set_attr("outputclass", &format!("language-{language}"));
    }
    out.children = vec![Node::Text(element.text())];
    out
}

/// Converts a table to a CALS table, which supports spans.
fn table(element: &Element, losses: &mut Losses) -> Element {
    let mut out = with_name("table", element);
    if let Some(caption) = element.elements().find(|child| child.name == "caption") {
        out.children.extend(convert(caption, losses));
    }
    let new = |name: &str| Element::new(name, element.file, element.line);
    let (mut group, mut head, mut body) = (new("tgroup"), new("thead"), new("tbody"));
    let mut rows: Vec<(&Element, bool)> = Vec::new();
    for child in element.elements() {
        match child.name.as_str() {
            "tr" => rows.push((child, false)),
            "thead" | "tbody" | "tfoot" => {
                rows.extend(child.elements().filter(|row| row.name == "tr").map(|row| (row, child.name == "thead")));
            }
            _ => {}
        }
    }
    for (index, (row, in_head)) in rows.iter().enumerate() {
        let is_head = *in_head || (index == 0 && row.elements().all(|cell| cell.name == "th"));
        let mut converted = with_name("row", row);
        for cell in row.elements().filter(|cell| matches!(cell.name.as_str(), "td" | "th")) {
            let mut entry = with_name("entry", cell);
            for span in ["colspan", "rowspan"] {
                if let Some(value) = cell.attr(span) {
                    entry.set_attr(span, value);
                }
            }
            if cell.name == "th" && !is_head {
                entry.set_attr("scope", "row");
            }
            entry.children = children(cell, losses);
            converted.children.push(Node::Element(entry));
        }
        (if is_head { &mut head } else { &mut body }).children.push(Node::Element(converted));
    }
    for part in [head, body] {
        if !part.children.is_empty() {
            group.children.push(Node::Element(part));
        }
    }
    out.children.push(Node::Element(group));
    out
}

//! Converts the elements of HTML to DITA.

use super::super::dom::{Element, Node};
use super::super::vocabulary::CONDITIONS;
use super::markdown::KEY;
use super::{HIDDEN, html};
use crate::normalize::hidden::is_hidden;
use crate::normalize::text::{Losses, count};

/// HTML attributes with a meaning in DITA. Others need the prefix `data-`.
const ATTRIBUTES: [&str; 6] = ["id", "src", "href", "alt", "data", "start"];

/// Converts the children of an element.
pub(super) fn children(element: &Element, losses: &mut Losses) -> Vec<Node> {
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
pub(super) fn convert(element: &Element, losses: &mut Losses) -> Vec<Node> {
    let is_footnotes = element.attr("class") == Some("footnote-definition");
    let name = match element.name.as_str() {
        "p" | "ul" | "ol" | "li" | "section" | "div" | "sub" | "sup" | "q" | "br" | "b" | "i" | "u" | "dd" | "dt" => {
            element.name.as_str()
        }
        "strong" => "b",
        "em" => "i",
        "del" | "s" | "strike" => "line-through",
        "code" | "kbd" | "samp" | "tt" => "codeph",
        "var" => "varname",
        "cite" => "cite",
        "blockquote" => "lq",
        "figure" => "fig",
        "figcaption" | "caption" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => "title",
        "main" | "header" | "footer" | "aside" | "details" => "div",
        "summary" => "p",
        "span" | "abbr" | "small" | "mark" | "font" | "label" | "ins" | "time" => "ph",
        "article" => return vec![Node::Element(html::nested_article(element, losses))],
        "a" => return vec![Node::Element(link(element, losses))],
        "img" => return vec![Node::Element(image(element))],
        "pre" => return vec![Node::Element(code_block(element, losses))],
        "table" => return table(element, losses),
        "dl" => return vec![Node::Element(definitions(element, losses))],
        "video" | "audio" | "object" | "iframe" | "embed" => return vec![Node::Element(media(element, losses))],
        "source" => "media-source",
        "track" => "media-track",
        "script" | "style" | "template" | "nav" | "head" | "meta" | "link" | "noscript" | "hr" => return Vec::new(),
        "input" if is_hidden(&element.attributes) => return Vec::new(),
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
pub(super) fn with_name(name: &str, element: &Element) -> Element {
    let mut out = Element::new(name, element.file, element.line);
    for (attribute, value) in &element.attributes {
        if let Some(attribute) = attribute_name(attribute) {
            out.set_attr(attribute, value);
        }
    }
    if is_hidden(&element.attributes) {
        out.set_attr(HIDDEN, "yes");
    }
    out
}

/// Returns the DITA name of an HTML attribute. HTML ignores case, so `data-deliverytarget` is a condition, too.
fn attribute_name(attribute: &str) -> Option<&str> {
    let data =
        attribute.get(..5).filter(|prefix| prefix.eq_ignore_ascii_case("data-")).and_then(|_| attribute.get(5..));
    let name = data.unwrap_or(attribute);
    let condition = CONDITIONS.iter().find(|condition| condition.eq_ignore_ascii_case(name)).copied();
    condition.or_else(|| match data {
        Some(name) => Some(name).filter(|name| *name != "class"),
        None => Some(name).filter(|name| ATTRIBUTES.contains(name)),
    })
}

/// Adds the attributes of an element around `inner`, except the id.
/// An attribute that both have is repeated, because each condition applies.
pub(super) fn add_outer(inner: &mut Element, outer: &Element) {
    let attributes = with_name("", outer).attributes;
    inner.attributes.extend(attributes.into_iter().filter(|(name, _)| name != "id"));
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

/// Converts audio, video and other objects. A browser that can play them shows none of their content.
fn media(element: &Element, losses: &mut Losses) -> Element {
    let name = if matches!(element.name.as_str(), "video" | "audio") { element.name.as_str() } else { "object" };
    let mut out = with_name(name, element);
    let is_part = |node: &Node| node.element().is_some_and(|child| child.name.starts_with("media-"));
    let (parts, other): (Vec<Node>, Vec<Node>) = children(element, losses).into_iter().partition(is_part);
    out.children = parts;
    let mut fallback = Element::new("fallback", element.file, element.line);
    fallback.children = other;
    if !fallback.is_blank() {
        out.children.push(Node::Element(fallback));
    }
    out
}

/// Converts a definition list. Each group of terms and definitions becomes an entry.
fn definitions(element: &Element, losses: &mut Losses) -> Element {
    let mut list = with_name("dl", element);
    let mut nodes = Vec::new();
    for child in &element.children {
        match child {
            // HTML allows a group of terms and definitions in a `<div>`.
            Node::Element(group) if group.name == "div" => {
                let mut entry = with_name("dlentry", group);
                entry.children = children(group, losses);
                nodes.push(Node::Element(entry));
            }
            Node::Element(child) => nodes.extend(convert(child, losses)),
            Node::Text(_) => nodes.push(child.clone()),
        }
    }
    let mut entry = Element::new("dlentry", element.file, element.line);
    let close = |entry: &mut Element, list: &mut Element| {
        let done = std::mem::replace(entry, Element::new("dlentry", element.file, element.line));
        if !done.is_blank() {
            list.children.push(Node::Element(done));
        }
    };
    for node in nodes {
        match node.element().map(|child| child.name.as_str()) {
            Some("dt") if entry.child("dd").is_some() => close(&mut entry, &mut list),
            Some("dt" | "dd") | None => {}
            Some(_) => {
                close(&mut entry, &mut list);
                list.children.push(node);
                continue;
            }
        }
        entry.children.push(node);
    }
    close(&mut entry, &mut list);
    list
}

fn code_block(element: &Element, losses: &mut Losses) -> Element {
    let mut out = with_name("codeblock", element);
    let code = element.elements().find(|child| child.name == "code");
    let classes = code.and_then(|code| code.attr("class")).or(element.attr("class")).unwrap_or_default();
    if let Some(language) = classes.split_whitespace().find_map(|class| class.strip_prefix("language-")) {
        out.set_attr("outputclass", &format!("language-{language}"));
    }
    // The elements in code keep their conditions.
    out.children = children(element, losses);
    out
}

/// Converts a table to a CALS table, which supports spans. Content outside of its rows follows the table.
fn table(element: &Element, losses: &mut Losses) -> Vec<Node> {
    let mut out = with_name("table", element);
    let mut behind = Vec::new();
    let new = |name: &str| Element::new(name, element.file, element.line);
    let (mut group, mut head, mut body) = (new("tgroup"), new("thead"), new("tbody"));
    let mut rows: Vec<(&Element, Option<&Element>)> = Vec::new();
    for child in element.elements() {
        match child.name.as_str() {
            "tr" => rows.push((child, None)),
            "thead" | "tbody" | "tfoot" => {
                for row in child.elements() {
                    if row.name == "tr" {
                        rows.push((row, Some(child)));
                    } else {
                        behind.extend(convert(row, losses));
                    }
                }
            }
            "caption" => out.children.extend(convert(child, losses)),
            "colgroup" | "col" => {}
            _ => behind.extend(convert(child, losses)),
        }
    }
    for (index, (row, part)) in rows.iter().enumerate() {
        let is_first_of_heads = index == 0 && row.elements().all(|cell| cell.name == "th");
        let is_head = is_first_of_heads || part.is_some_and(|part| part.name == "thead");
        let mut converted = table_row(row, is_head, &mut behind, losses);
        if let Some(part) = part {
            add_outer(&mut converted, part);
        }
        (if is_head { &mut head } else { &mut body }).children.push(Node::Element(converted));
    }
    for part in [head, body] {
        if !part.children.is_empty() {
            group.children.push(Node::Element(part));
        }
    }
    out.children.push(Node::Element(group));
    if behind.is_empty() {
        return vec![Node::Element(out)];
    }
    // Conditions of the table also apply to the content outside of its rows.
    let mut all = with_name("div", element);
    all.remove_attr("id");
    all.children.push(Node::Element(out));
    all.children.extend(behind);
    vec![Node::Element(all)]
}

/// Converts a row. Content outside of its cells is added to `behind`.
fn table_row(row: &Element, is_head: bool, behind: &mut Vec<Node>, losses: &mut Losses) -> Element {
    let mut converted = with_name("row", row);
    for cell in row.elements() {
        if !matches!(cell.name.as_str(), "td" | "th") {
            behind.extend(convert(cell, losses));
            continue;
        }
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
    converted
}

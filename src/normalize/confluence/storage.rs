//! Converts storage format to the document tree, element by element.

use super::super::tree::{Block, Inline, List, ListItem};
use super::convert::Converter;
use super::dom::{Element, Node};
use super::flow::Flow;
use super::{adf, emoji, links, macros, tables};

/// Converts nodes in order.
pub(super) fn nodes(cx: &mut Converter<'_>, nodes: &[Node], flow: &mut Flow) {
    for node in nodes {
        match node {
            Node::Text(text) | Node::CData(text) => flow.text(text),
            Node::Element(element) => self::element(cx, element, flow),
        }
    }
}

/// Converts a node and drops its parts as soon as they are converted. Therefore, the tree and the blocks of a long list or table are
/// not in memory as a whole at the same time.
pub(super) fn owned_node(cx: &mut Converter<'_>, node: Node, flow: &mut Flow) {
    match node {
        Node::Element(element) if is_list(&element.name) => {
            let mut list = new_list(&element);
            element.children.into_iter().for_each(|child| add_item(cx, &child, &mut list));
            finish_list(list, flow);
        }
        Node::Element(element) if element.name == "table" => tables::owned(cx, element, flow),
        node => nodes(cx, std::slice::from_ref(&node), flow),
    }
}

/// Converts children to blocks.
pub(super) fn blocks(cx: &mut Converter<'_>, children: &[Node]) -> Vec<Block> {
    flow(cx, children).finish()
}

pub(super) fn flow(cx: &mut Converter<'_>, children: &[Node]) -> Flow {
    let mut flow = Flow::default();
    nodes(cx, children, &mut flow);
    flow
}

fn element(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    match element.name.as_str() {
        "p" | "div" | "section" | "article" | "main" | "header" | "footer" | "aside" | "nav" | "center" | "figure"
        | "ac:layout" | "ac:layout-section" | "ac:layout-cell" | "ac:adf-content" | "address" | "body" | "html"
        | "fieldset" | "form" | "details" => {
            flow.flush();
            nodes(cx, &element.children, flow);
            flow.flush();
        }
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => heading(cx, element, flow),
        "hr" => flow.block(Block::Rule),
        "pre" | "xmp" | "listing" => {
            flow.block(Block::Code { language: String::new(), text: element.text() });
        }
        "summary" | "legend" | "caption" | "figcaption" => {
            let content = inlines(cx, &element.children, flow);
            flow.block(Block::Paragraph(vec![Inline::Strong(content)]));
        }
        "blockquote" => {
            let content = blocks(cx, &element.children);
            flow.block(Block::Quote(content));
        }
        name if is_list(name) => list(cx, element, flow),
        "dl" => definitions(cx, element, flow),
        "ac:task-list" => tasks(cx, element, flow),
        "table" => tables::table(cx, element, flow),
        "ac:structured-macro" | "ac:macro" => macros::storage(cx, element, flow),
        "ac:adf-extension" => adf::extension_element(cx, element, flow),
        "iframe" | "embed" | "object" | "video" | "audio" | "source" => links::embedded(cx, element, flow),
        "wbr" | "col" | "meta" | "link" | "base" => {}
        "ac:placeholder" | "script" | "style" | "head" | "title" | "template" | "ac:adf-fallback"
        | "ac:adf-attribute" | "ac:parameter" | "svg" | "canvas" => cx.count(format!("element:{}", element.name)),
        _ => text_element(cx, element, flow),
    }
}

/// Converts elements of running text. The contents of an unknown element are kept, and the element is counted.
fn text_element(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    match element.name.as_str() {
        "strong" | "b" => mark(cx, element, flow, Inline::Strong),
        "em" | "i" | "dfn" | "var" => mark(cx, element, flow, Inline::Emphasis),
        "s" | "del" | "strike" => mark(cx, element, flow, Inline::Strike),
        "sub" => mark(cx, element, flow, Inline::Subscript),
        "sup" => mark(cx, element, flow, Inline::Superscript),
        "code" | "tt" | "kbd" | "samp" => {
            let content = inlines(cx, &element.children, flow);
            if content.is_empty() && !element.text().is_empty() {
                flow.text(" ");
            }
            flow.inlines(codes(content));
        }
        "span" | "font" if strikes(element) => mark(cx, element, flow, Inline::Strike),
        "span"
        | "font"
        | "u"
        | "ins"
        | "small"
        | "big"
        | "cite"
        | "mark"
        | "label"
        | "abbr"
        | "acronym"
        | "bdi"
        | "bdo"
        | "ac:inline-comment-marker"
        | "ac:rich-text-body"
        | "ac:link-body"
        | "ac:caption"
        | "colgroup"
        | "tbody"
        | "noscript" => nodes(cx, &element.children, flow),
        "q" => {
            flow.text("“");
            nodes(cx, &element.children, flow);
            flow.text("”");
        }
        "br" => flow.inline(Inline::Break),
        "a" => links::anchor(cx, element, flow),
        "ac:link" => links::link(cx, element, flow),
        "ac:image" => links::image(cx, element, flow),
        "img" => links::html_image(cx, element, flow),
        "ac:emoticon" => emoticon(cx, element, flow),
        "time" => {
            let text = element.attribute("datetime").map_or_else(|| element.text(), str::to_owned);
            flow.boxed(Inline::Text(text));
        }
        "math" => math(cx, element, flow),
        "input" => checkbox(element, flow),
        name => {
            cx.count(format!("element:{name}"));
            flow.apart();
            nodes(cx, &element.children, flow);
            flow.apart();
        }
    }
}

fn strikes(element: &Element) -> bool {
    element.attribute("style").is_some_and(|style| style.contains("line-through"))
}

fn mark(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow, mark: fn(Vec<Inline>) -> Inline) {
    let inner = self::flow(cx, &element.children);
    flow.append(inner, mark);
}

/// Formats the text in `content` as code. Other inline elements such as links are kept.
pub(super) fn codes(content: Vec<Inline>) -> Vec<Inline> {
    content
        .into_iter()
        .map(|inline| match inline {
            Inline::Text(text) => Inline::Code(text),
            Inline::Strong(inner) => Inline::Strong(codes(inner)),
            Inline::Emphasis(inner) => Inline::Emphasis(codes(inner)),
            Inline::Strike(inner) => Inline::Strike(codes(inner)),
            Inline::Link { target, content } => Inline::Link { target, content: codes(content) },
            other => other,
        })
        .collect()
}

/// Converts children to inline content. Blocks among them follow as blocks.
pub(super) fn inlines(cx: &mut Converter<'_>, children: &[Node], flow: &mut Flow) -> Vec<Inline> {
    let (content, rest) = self::flow(cx, children).split();
    if !rest.is_empty() {
        flow.block(Block::Group(rest));
    }
    content
}

fn heading(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let level = element.name.as_bytes().get(1).map_or(1, |digit| digit.saturating_sub(b'0'));
    let (content, rest) = self::flow(cx, &element.children).split();
    flow.block(Block::Heading { level, content });
    if !rest.is_empty() {
        flow.block(Block::Group(rest));
    }
}

fn is_list(name: &str) -> bool {
    matches!(name, "ul" | "ol" | "menu" | "dir")
}

fn list(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let mut list = new_list(element);
    element.children.iter().for_each(|child| add_item(cx, child, &mut list));
    finish_list(list, flow);
}

fn new_list(element: &Element) -> List {
    let start = element.attribute("start").and_then(|start| start.trim().parse().ok()).unwrap_or(1);
    List { ordered: element.name == "ol", start, items: Vec::new() }
}

fn add_item(cx: &mut Converter<'_>, node: &Node, list: &mut List) {
    match node {
        Node::Element(item) if item.name == "li" => {
            let content = blocks(cx, &item.children);
            // Editors put a nested list into an item that has no other content.
            let wrapper = content.iter().all(|block| matches!(block, Block::List(_))) && !content.is_empty();
            let unmarked = item.attribute("style").is_some_and(|style| style.contains("none"));
            match list.items.last_mut() {
                Some(before) if wrapper && unmarked => before.content.extend(content),
                _ => list.items.push(ListItem { checked: None, content }),
            }
        }
        other => {
            let content = blocks(cx, std::slice::from_ref(other));
            if content.is_empty() {
                return;
            }
            // A list directly inside a list belongs to the previous item.
            match list.items.last_mut() {
                Some(before) => before.content.extend(content),
                None => list.items.push(ListItem { checked: None, content }),
            }
        }
    }
}

fn finish_list(list: List, flow: &mut Flow) {
    if !list.items.is_empty() {
        flow.block(Block::List(list));
    }
}

/// Converts a definition list. The term is bold, and its definitions follow it.
fn definitions(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let mut list = List { ordered: false, start: 1, items: Vec::new() };
    for child in element.elements() {
        let (content, rest) = self::flow(cx, &child.children).split();
        if child.name.as_str() == "dt" {
            let content = vec![Block::Paragraph(vec![Inline::Strong(content)])];
            list.items.push(ListItem { checked: None, content });
        } else {
            if list.items.is_empty() {
                list.items.push(ListItem::default());
            }
            let Some(item) = list.items.last_mut() else { continue };
            match item.content.as_mut_slice() {
                [Block::Paragraph(term)] if term.len() == 1 => {
                    term.push(Inline::Text(": ".to_owned()));
                    term.extend(content);
                }
                _ => item.content.push(Block::Paragraph(content)),
            }
            item.content.extend(rest);
        }
    }
    flow.block(Block::List(list));
}

fn tasks(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let mut list = List { ordered: false, start: 1, items: Vec::new() };
    for child in element.elements() {
        if child.name == "ac:task" {
            let done = child.child("ac:task-status").is_some_and(|status| status.text().trim() == "complete");
            let content = child.child("ac:task-body").map(|body| blocks(cx, &body.children)).unwrap_or_default();
            list.items.push(ListItem { checked: Some(done), content });
        } else {
            let content = blocks(cx, std::slice::from_ref(&Node::Element(child.clone())));
            match list.items.last_mut() {
                Some(before) => before.content.extend(content),
                None => list.items.push(ListItem { checked: Some(false), content }),
            }
        }
    }
    flow.block(Block::List(list));
}

fn emoticon(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let name = element.attribute("ac:name").unwrap_or_default();
    let short = element.attribute("ac:emoji-shortname");
    let fallback = element.attribute("ac:emoji-fallback").filter(|text| !text.starts_with(':'));
    // The current editor writes the name `blue-star` for every emoji that is not an emoticon.
    let is_other = name == "blue-star" && short.is_some_and(|short| short != ":blue_star:");
    let text = match (fallback, emoji::emoticon(name).filter(|_| !is_other), short) {
        (Some(text), ..) | (None, Some(text), _) => text.to_owned(),
        (None, None, Some(short)) => short.to_owned(),
        (None, None, None) => {
            cx.count("emoticon:unknown");
            if name.is_empty() { String::new() } else { format!(":{name}:") }
        }
    };
    flow.text(&text);
}

/// Converts `MathML`. Uses the TeX annotation if there is one, and otherwise the text.
fn math(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let display = element.attribute("display") == Some("block");
    if let Some(tex) = tex(element) {
        flow.inline(Inline::Math { tex, display });
    } else {
        cx.count("element:math");
        flow.text(&element.text());
    }
}

fn tex(element: &Element) -> Option<String> {
    element.elements().find_map(|child| {
        let is_tex = child.name == "annotation" && child.attribute("encoding").is_some_and(|kind| kind.contains("tex"));
        if is_tex { Some(child.text()) } else { tex(child) }
    })
}

fn checkbox(element: &Element, flow: &mut Flow) {
    if element.attribute("type") == Some("checkbox") {
        let checked = element.attributes.iter().any(|(name, _)| name == "checked");
        flow.text(if checked { "☑ " } else { "☐ " });
    }
}

//! Pages and excerpts shown inside another page.

use serde_json::Value;

use super::super::super::tree::Block;
use super::super::convert::Converter;
use super::super::dom::{self, Element, Node};
use super::super::flow::Flow;
use super::super::library::Body;
use super::super::links::{self, Resource};
use super::super::{adf, storage};
use super::{Call, Content, body, text};

/// The page's own excerpt; a hidden one is only for other pages.
pub(super) fn excerpt(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    if call.flag("hidden") {
        cx.count("excerpt:hidden");
    } else if let Content::Plain(plain) = &call.body {
        flow.block(Block::Paragraph(vec![text(plain)]));
    } else {
        body(cx, call, flow);
    }
}

/// Another page's whole body.
pub(super) fn page(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let Some((space, title)) = target(call) else {
        cx.count("include:without-page");
        return;
    };
    let found = cx.library.find(space.as_deref(), &title, cx.page.space_key.as_deref());
    let blocks = found.and_then(|index| cx.include(index, |cx, body| cx.body(body).ok())).flatten();
    match blocks {
        Some(blocks) => flow.block(Block::Group(blocks)),
        None => stub(cx, space, title, flow),
    }
}

/// Another page's excerpt.
pub(super) fn excerpt_include(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let Some((space, title)) = target(call) else {
        cx.count("include:without-page");
        return;
    };
    let name = call.parameter("name").map(str::to_owned);
    let found = cx.library.find(space.as_deref(), &title, cx.page.space_key.as_deref());
    let blocks = found.and_then(|index| cx.include(index, |cx, body| excerpt_of(cx, body, name.as_deref()))).flatten();
    match blocks {
        Some(blocks) => flow.block(Block::Group(blocks)),
        None => stub(cx, space, title, flow),
    }
}

/// What stands in for content that is not there: `Included: Title`, linked where possible.
fn stub(cx: &mut Converter<'_>, space: Option<String>, title: String, flow: &mut Flow) {
    cx.count("include:unresolved");
    let content = vec![text(&format!("Included: {title}"))];
    links::to_resource(cx, &Resource::Page { space, title }, None, content, flow);
}

/// The page that a macro names: as a resource, or as `SPACE:Title`.
fn target(call: &Call<'_>) -> Option<(Option<String>, String)> {
    if let Some(Resource::Page { space, title }) = call.resource() {
        return Some((space.clone(), title.clone()));
    }
    let name = call.any(&["", "page", "pageTitle", "default-parameter"])?;
    match name.split_once(':') {
        Some((space, title)) if is_space_key(space) && !title.trim().is_empty() => {
            Some((Some(space.to_owned()), title.trim().to_owned()))
        }
        _ => Some((None, name.to_owned())),
    }
}

fn is_space_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '~')
}

/// Finds the excerpt in a body and converts it; without an excerpt macro there is none.
fn excerpt_of(cx: &mut Converter<'_>, body: &Body, name: Option<&str>) -> Option<Vec<Block>> {
    match body {
        Body::Storage(source) => {
            let nodes = dom::parse(source, &mut cx.losses).ok()?;
            let found = find_storage(&nodes, name)?;
            Some(storage::blocks(cx, &found.children))
        }
        Body::Adf(value) => {
            let content = find_adf(value, name)?;
            let mut flow = Flow::default();
            adf::nodes(cx, content, &mut flow);
            Some(flow.finish())
        }
        Body::Wiki(source) => {
            let (_, rest) = source.split_once("{excerpt")?;
            let (_, rest) = rest.split_once('}')?;
            let (inner, _) = rest.split_once("{excerpt}")?;
            let mut flow = Flow::default();
            super::wiki::document(cx, inner, &mut flow);
            Some(flow.finish())
        }
    }
}

fn find_storage<'n>(nodes: &'n [Node], name: Option<&str>) -> Option<&'n Element> {
    nodes.iter().find_map(|node| {
        let Node::Element(element) = node else { return None };
        let is_excerpt = matches!(element.name.as_str(), "ac:structured-macro" | "ac:macro")
            && element.attribute("ac:name") == Some("excerpt")
            && name.is_none_or(|name| has_parameter(element, "name", name));
        if is_excerpt { element.child("ac:rich-text-body") } else { find_storage(&element.children, name) }
    })
}

fn has_parameter(element: &Element, name: &str, value: &str) -> bool {
    element.elements().any(|child| {
        child.name == "ac:parameter" && child.attribute("ac:name") == Some(name) && child.text().trim() == value
    })
}

fn find_adf<'v>(value: &'v Value, name: Option<&str>) -> Option<&'v [Value]> {
    let content = value.get("content").and_then(Value::as_array)?;
    let attributes = value.get("attrs");
    let is_excerpt =
        attributes.and_then(|attributes| attributes.get("extensionKey")).and_then(Value::as_str) == Some("excerpt");
    let called = attributes
        .and_then(|attributes| attributes.pointer("/parameters/macroParams/name/value"))
        .and_then(Value::as_str);
    if is_excerpt && name.is_none_or(|name| called == Some(name)) {
        return Some(content);
    }
    content.iter().find_map(|child| find_adf(child, name))
}

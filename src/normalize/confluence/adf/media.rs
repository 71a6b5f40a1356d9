//! Converts media and cards.

use serde_json::Value;

use super::super::super::tree::{Block, Inline, List, ListItem};
use super::super::convert::Converter;
use super::super::flow::Flow;
use super::super::links;
use super::{attribute, content, kind, nodes};

/// Converts media nodes.
pub(super) fn node(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    match kind(node) {
        "mediaGroup" => group(cx, node, flow),
        "mediaSingle" => {
            flow.flush();
            nodes(cx, content(node), flow);
            flow.flush();
        }
        "mediaInline" if attribute(node, "type") != Some("image") => {
            let (target, name) = source(cx, node);
            cx.record(&target, None, Some("attachment"));
            flow.boxed(Inline::Link { target, content: vec![Inline::Text(name)] });
        }
        _ => {
            let (source, alt) = source(cx, node);
            let image = Inline::Image { source, alt };
            flow.inline(match link_mark(node) {
                Some(href) => cx.link(&href, vec![image]),
                None => image,
            });
        }
    }
}

fn link_mark(node: &Value) -> Option<String> {
    let marks = node.get("marks").and_then(Value::as_array)?;
    let link = marks.iter().find(|mark| kind(mark) == "link")?;
    attribute(link, "href").map(str::to_owned)
}

/// Converts files side by side to a list of links.
fn group(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let mut list = List { ordered: false, start: 1, items: Vec::new() };
    for file in content(node) {
        let (target, name) = source(cx, file);
        cx.record(&target, None, Some("attachment"));
        let link = Inline::Link { target, content: vec![Inline::Text(name)] };
        list.items.push(ListItem { checked: None, content: vec![Block::Paragraph(vec![link])] });
    }
    flow.block(Block::List(list));
}

/// Returns the address and the name of a media node.
fn source(cx: &mut Converter<'_>, node: &Value) -> (String, String) {
    let alt = attribute(node, "alt").or_else(|| attribute(node, "title")).map(str::to_owned);
    if let Some(url) = attribute(node, "url").or_else(|| attribute(node, "src")) {
        let name = url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or(url);
        return (cx.site().absolute(url), alt.unwrap_or_else(|| name.to_owned()));
    }
    let id = attribute(node, "id").unwrap_or_default();
    let known = cx.library.files.get(id).map(String::as_str);
    let filename = known.or_else(|| attribute(node, "__fileName")).map(str::to_owned);
    if let Some(filename) = filename {
        (links::attachment(cx, &filename, None), alt.unwrap_or(filename))
    } else {
        cx.count("media:unknown-file");
        (format!("attachment:{id}"), alt.unwrap_or_else(|| "attachment".to_owned()))
    }
}

/// Converts a card to a link whose text is the best name available.
pub(super) fn card(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    if kind(node) == "applicationCard" {
        return application_card(cx, node, flow);
    }
    let data = node.pointer("/attrs/data");
    let of_data = |name: &str| data.and_then(|data| data.get(name)).and_then(Value::as_str);
    let url = attribute(node, "url").or_else(|| of_data("url"));
    let name = of_data("name").or_else(|| of_data("title"));
    let query = node.pointer("/attrs/datasource/parameters/jql").and_then(Value::as_str);
    let block = kind(node) != "inlineCard";
    if block {
        flow.flush();
    }
    match (url, name, query) {
        (Some(url), name, _) => {
            let name = name.map(str::to_owned).or_else(|| links::title_of(cx, url));
            let link = cx.link(url, name.map(Inline::Text).into_iter().collect());
            flow.boxed(link);
        }
        (None, _, Some(query)) => {
            flow.boxed(Inline::Text("Jira query: ".to_owned()));
            flow.inline(Inline::Code(query.to_owned()));
        }
        (None, Some(name), None) => flow.boxed(Inline::Text(name.to_owned())),
        (None, None, None) => cx.count(format!("node:empty-{}", kind(node))),
    }
    if block {
        flow.flush();
    }
}

/// Converts an old card with title, description and details.
fn application_card(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let text_at = |pointer: &str| node.pointer(pointer).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    flow.flush();
    if let Some(title) = text_at("/attrs/title/text").or_else(|| attribute(node, "text")) {
        let title = Inline::Text(title.to_owned());
        let url = text_at("/attrs/link/url").or_else(|| attribute(node, "textUrl"));
        let title = match url {
            Some(url) => cx.link(url, vec![title]),
            None => title,
        };
        flow.inline(Inline::Strong(vec![title]));
        flow.flush();
    }
    if let Some(description) = text_at("/attrs/description/text") {
        flow.text(description);
        flow.flush();
    }
    for detail in node.pointer("/attrs/details").and_then(Value::as_array).into_iter().flatten() {
        let parts = ["/title", "/text", "/lozenge/text", "/badge/value"];
        let parts = parts.iter().filter_map(|pointer| detail.pointer(pointer));
        let parts: Vec<String> =
            parts.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect();
        flow.text(&parts.join(": "));
        flow.flush();
    }
}

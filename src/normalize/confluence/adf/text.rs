//! Converts text nodes with their marks, and inline nodes: mention, emoji, date and status.

use chrono::DateTime;
use serde_json::Value;

use super::super::super::text::clean;
use super::super::super::tree::Inline;
use super::super::convert::Converter;
use super::super::flow::Flow;
use super::super::links;
use super::{attribute, content, kind};

/// Returns all text inside `nodes`, unchanged.
pub(in super::super) fn text(nodes: &[Value]) -> String {
    let mut out = String::new();
    push_text(nodes, &mut out);
    out
}

fn push_text(nodes: &[Value], out: &mut String) {
    for node in nodes {
        match node.get("text").and_then(Value::as_str) {
            Some(text) => out.push_str(text),
            None if kind(node) == "hardBreak" => out.push('\n'),
            None => push_text(content(node), out),
        }
    }
}

/// Converts a text node.
/// The order of marks is, from outside to inside: link, strong, emphasis, strike, sub- and superscript, code.
pub(super) fn text_node(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let Some(text) = node.get("text").and_then(Value::as_str) else {
        cx.count("adf:text-without-text");
        return;
    };
    let text = clean(text, &mut cx.losses).into_owned();
    let is_blank = text.trim().is_empty();
    let marks = node.get("marks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let has = |name: &str| marks.iter().any(|mark| kind(mark) == name);
    let mut inline = if has("code") { Inline::Code(text) } else { Inline::Text(text) };
    // Code can be marked only as a link.
    if !has("code") {
        match marks.iter().find(|mark| kind(mark) == "subsup").and_then(|mark| attribute(mark, "type")) {
            Some("sub") => inline = Inline::Subscript(vec![inline]),
            Some("sup") => inline = Inline::Superscript(vec![inline]),
            _ => {}
        }
        if has("strike") {
            inline = Inline::Strike(vec![inline]);
        }
        if has("em") {
            inline = Inline::Emphasis(vec![inline]);
        }
        if has("strong") {
            inline = Inline::Strong(vec![inline]);
        }
    }
    let link = marks.iter().find(|mark| kind(mark) == "link").filter(|_| !is_blank);
    if let Some(href) = link.and_then(|mark| attribute(mark, "href")) {
        inline = cx.link(href, vec![inline]);
    }
    for mark in marks {
        if !is_known_mark(kind(mark)) {
            cx.count(format!("mark:{}", kind(mark)));
        }
    }
    flow.inline(inline);
}

/// Returns whether a mark is rendered, or does not affect the meaning of the text.
fn is_known_mark(name: &str) -> bool {
    matches!(
        name,
        "strong"
            | "em"
            | "strike"
            | "code"
            | "link"
            | "subsup"
            | "underline"
            | "textColor"
            | "backgroundColor"
            | "fontSize"
            | "border"
            | "annotation"
            | "alignment"
            | "indentation"
            | "breakout"
            | "dataConsumer"
            | "fragment"
    )
}

/// Converts an inline node.
pub(super) fn atom(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    match kind(node) {
        "mention" => {
            let id = attribute(node, "id");
            let known = id.and_then(|id| cx.library.users.get(id)).map(String::as_str);
            let name = attribute(node, "text").or(known).or(id).unwrap_or_default();
            let name = name.trim_start_matches('@');
            flow.boxed(Inline::Text(format!("@{}", links::shown_name(name))));
        }
        "emoji" => {
            let short = attribute(node, "shortName").unwrap_or_default();
            flow.text(attribute(node, "text").unwrap_or(short));
        }
        "date" => flow.boxed(Inline::Text(date(node))),
        "status" => {
            if let Some(text) = attribute(node, "text") {
                flow.boxed(Inline::Strong(vec![Inline::Text(text.to_owned())]));
            }
        }
        // The text of a placeholder is a hint in a template, not content of the page.
        _ => cx.count("node:placeholder"),
    }
}

/// Returns the date of a node. Its time stamp in milliseconds is a string or a number.
fn date(node: &Value) -> String {
    let stamp = node.pointer("/attrs/timestamp");
    let number = stamp.and_then(|stamp| stamp.as_i64().or_else(|| stamp.as_str()?.trim().parse().ok()));
    let date = number.and_then(DateTime::from_timestamp_millis).map(|date| date.format("%Y-%m-%d").to_string());
    date.unwrap_or_else(|| stamp.and_then(Value::as_str).unwrap_or_default().to_owned())
}

//! Converts diagrams. Uses their source if it is available, and otherwise the image that the macro stores as an attachment.

use std::io::Read as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::DeflateDecoder;

use super::super::super::text::{Losses, one_line};
use super::super::super::tree::{Block, Inline, List, ListItem};
use super::super::convert::Converter;
use super::super::dom::{Element, Node};
use super::super::flow::Flow;
use super::super::library::percent_decode;
use super::super::links;
use super::super::parse;
use super::{Call, Content, body};

/// Maximum size of an unpacked source in bytes.
const MAX_UNPACKED: u64 = 4 * 1024 * 1024;
/// Parameters that contain the name of a diagram. The display name has priority.
const NAMES: &[&str] =
    &["diagramDisplayName", "diagramName", "displayName", "name", "filename", "title", "imageName", ""];

/// Adds a diagram. `language` is the language of its source, or empty for a drawing.
pub(super) fn diagram(cx: &mut Converter<'_>, call: &Call<'_>, language: &str, flow: &mut Flow) {
    if let Some(source) = source(cx, call, language) {
        flow.block(Block::Code { language: language.to_owned(), text: source });
        return;
    }
    if let Content::Plain(_) | Content::Storage(_) = call.body {
        body(cx, call, flow);
    }
    let Some(name) = call.any(NAMES) else {
        cx.count(format!("macro:{}", call.name));
        return;
    };
    image(cx, &one_line(name), flow);
    let labels = labels(cx, call);
    if !labels.is_empty() {
        let item = |label| ListItem { checked: None, content: vec![Block::Paragraph(vec![Inline::Text(label)])] };
        flow.block(Block::List(List { ordered: false, start: 1, items: labels.into_iter().map(item).collect() }));
    }
}

/// Adds the image of a diagram.
fn image(cx: &mut Converter<'_>, name: &str, flow: &mut Flow) {
    let has_extension = [".png", ".svg", ".jpg", ".gif"].iter().any(|extension| name.ends_with(extension));
    let file = if has_extension { name.to_owned() } else { format!("{name}.png") };
    let source = links::attachment(cx, &file, None);
    if flow.ends_with_image() {
        // Two adjacent diagrams are two blocks.
        flow.flush();
    }
    flow.inline(Inline::Image { source, alt: name.to_owned() });
}

/// Returns the source of a text diagram. It is the macro's body, an encoded parameter, or an attached file.
fn source(cx: &mut Converter<'_>, call: &Call<'_>, language: &str) -> Option<String> {
    if language.is_empty() {
        return None;
    }
    if let Content::Plain(source) = &call.body {
        return Some(source.clone()).filter(|source| !source.trim().is_empty());
    }
    if let Some(data) = call.parameter("data") {
        let source = if call.flag("compressed") { unpack(data) } else { Some(percent_decode(data).into_owned()) };
        if source.is_none() {
            cx.count("diagram:unreadable-source");
        }
        return source.filter(|source| !source.trim().is_empty());
    }
    let file = attached(cx, call.any(NAMES)?)?;
    let source = String::from_utf8(file).ok()?;
    // The attached image may have the same name as the source.
    (!source.trim().is_empty() && !source.trim_start().starts_with('<')).then_some(source)
}

fn attached(cx: &Converter<'_>, filename: &str) -> Option<Vec<u8>> {
    cx.library.file(cx.library.number_of(cx.page)?, &one_line(filename))
}

/// Decodes the format of diagram editors: percent-encoded, deflated, Base64.
fn unpack(data: &str) -> Option<String> {
    let packed: String = data.split_whitespace().collect();
    let deflated = BASE64_STANDARD.decode(packed).ok()?;
    let mut encoded = String::new();
    let length = DeflateDecoder::new(deflated.as_slice()).take(MAX_UNPACKED + 1).read_to_string(&mut encoded).ok()?;
    (length as u64 <= MAX_UNPACKED).then(|| percent_decode(&encoded).into_owned())
}

/// Returns the texts in a drawing if its file is available. They are in file order, without duplicates.
fn labels(cx: &Converter<'_>, call: &Call<'_>) -> Vec<String> {
    let Some(name) = call.any(&["diagramName", "name", "filename", ""]) else { return Vec::new() };
    let files = ["", ".drawio", ".xml"].iter().find_map(|ending| attached(cx, &format!("{name}{ending}")));
    let mut labels = Vec::new();
    if let Some(file) = files
        && file.trim_ascii_start().starts_with(b"<mx")
    {
        collect(&parse(&String::from_utf8_lossy(&file)), &mut labels);
    }
    labels
}

fn parse(source: &str) -> Vec<Node> {
    parse::fragment(source, &mut Losses::new()).unwrap_or_default()
}

fn collect(nodes: &[Node], labels: &mut Vec<String>) {
    for node in nodes {
        let Node::Element(element) = node else { continue };
        let label = match element.name.as_str() {
            "mxcell" => element.attribute("value"),
            "object" | "userobject" => element.attribute("label"),
            "diagram" if element.elements().next().is_none() => {
                collect(&parse(&unpack(&element.text()).unwrap_or_default()), labels);
                None
            }
            _ => None,
        };
        // The label contains HTML.
        let label = label.map(|label| one_line(&words(&parse(label))));
        labels.extend(label.filter(|label| !label.is_empty() && !labels.contains(label)));
        collect(&element.children, labels);
    }
}

/// Returns the words of a label. Text of different elements is separated by spaces.
fn words(nodes: &[Node]) -> String {
    let part = |node: &Node| match node {
        Node::Text(text) | Node::CData(text) => text.clone(),
        Node::Element(Element { name, children, .. }) => match name.as_str() {
            "b" | "i" | "u" | "span" | "font" | "sub" | "sup" | "a" => words(children),
            _ => format!(" {} ", words(children)),
        },
    };
    nodes.iter().map(part).collect()
}

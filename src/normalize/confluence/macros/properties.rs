//! Converts page properties, a table of keys and values.

use serde_json::Value;

use super::super::super::text::one_line;
use super::super::super::tree::{Block, Cell, Inline, Table};
use super::super::convert::Converter;
use super::super::dom::Node;
use super::super::flow::{Flow, plain};
use super::super::library::Body;
use super::super::parse;
use super::super::{adf, storage};
use super::{Call, body_blocks, conditional, macro_name, text};

/// Converts `details`. Each row of two cells becomes `**Key:** value`. A hidden table becomes metadata only.
pub(super) fn details(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let blocks = body_blocks(cx, call);
    if call.flag("hidden") {
        cx.count("details:hidden");
        for (key, value) in blocks.iter().filter_map(as_pairs).flatten() {
            let value = one_line(&value.content.iter().map(plain_block).collect::<Vec<_>>().join(" "));
            cx.properties.insert(key, Value::String(value));
        }
        return;
    }
    for block in blocks {
        let Some(pairs) = as_pairs(&block) else {
            flow.block(block);
            continue;
        };
        let mut lines = Vec::new();
        for (key, value) in pairs {
            line(&mut lines, &key, value, flow);
        }
        flow.block(Block::Paragraph(lines));
    }
}

/// Returns the visible and hidden properties of a page, or `None` if there are none. `id` selects one of several tables.
pub(super) fn of_body(cx: &mut Converter<'_>, body: &Body, id: Option<&str>) -> Option<Vec<(String, Cell)>> {
    let mut tables = Vec::new();
    match body {
        Body::Storage(source) => {
            let nodes = parse::fragment(source, &mut cx.losses).ok()?;
            of_storage(cx, &nodes, id, &mut tables);
        }
        Body::Adf(value) => {
            let parsed = value.as_str().and_then(|json| serde_json::from_str::<Value>(json).ok());
            of_adf(cx, parsed.as_ref().unwrap_or(value), id, &mut tables);
        }
        Body::Wiki(_) => {}
    }
    let pairs = tables.iter().filter_map(as_pairs).flatten();
    let pairs: Vec<(String, Cell)> = pairs.map(|(key, value)| (key, value.clone())).collect();
    (!pairs.is_empty()).then_some(pairs)
}

fn of_storage(cx: &mut Converter<'_>, nodes: &[Node], id: Option<&str>, tables: &mut Vec<Block>) {
    for node in nodes {
        let Node::Element(element) = node else { continue };
        let name = macro_name(element);
        if conditional::is_closed_element(cx, element) {
            continue;
        }
        if name != "details" {
            of_storage(cx, &element.children, id, tables);
            continue;
        }
        let named =
            element.elements().find(|child| child.name == "ac:parameter" && child.attribute("ac:name") == Some("id"));
        let is_wanted = id.is_none_or(|id| named.is_some_and(|named| named.text().trim() == id));
        if let Some(body) = element.child("ac:rich-text-body").filter(|_| is_wanted) {
            tables.extend(storage::blocks(cx, &body.children));
        }
    }
}

fn of_adf(cx: &mut Converter<'_>, value: &Value, id: Option<&str>, tables: &mut Vec<Block>) {
    let Some(content) = value.get("content").and_then(Value::as_array) else { return };
    let key = adf::macro_name(value);
    if conditional::is_closed_node(cx, value) {
        return;
    }
    if key != "details" {
        for child in content {
            of_adf(cx, child, id, tables);
        }
        return;
    }
    let named = value.pointer("/attrs/parameters/macroParams/id/value").and_then(Value::as_str);
    if id.is_none() || id == named {
        let mut flow = Flow::default();
        adf::nodes(cx, content, &mut flow);
        tables.extend(flow.finish());
    }
}

/// Adds `**Key:** value` to `lines`. If the value has several blocks, the paragraph ends and the value follows it.
fn line(lines: &mut Vec<Inline>, key: &str, value: &Cell, flow: &mut Flow) {
    if !lines.is_empty() {
        lines.push(Inline::Break);
    }
    lines.push(Inline::Strong(vec![text(&format!("{}:", key.trim_end_matches(':')))]));
    match value.content.as_slice() {
        [] => {}
        [Block::Paragraph(content)] => {
            lines.push(text(" "));
            lines.extend(content.iter().cloned());
        }
        blocks => {
            flow.block(Block::Paragraph(std::mem::take(lines)));
            flow.block(Block::Group(blocks.to_vec()));
        }
    }
}

/// Returns the rows of a table as pairs, if every row has a key and a value.
fn as_pairs(block: &Block) -> Option<Vec<(String, &Cell)>> {
    let Block::Table(Table { rows, header_rows, .. }) = block else { return None };
    // A horizontal table has a row of keys above a row of values.
    if let ([keys, values], 1) = (rows.as_slice(), *header_rows)
        && keys.len() == values.len()
        && keys.len() != 2
    {
        return Some(keys.iter().map(key_text).zip(values).collect());
    }
    rows.iter()
        .map(|row| match row.as_slice() {
            [key, value] if key.colspan == 1 && value.colspan == 1 => Some((key_text(key), value)),
            _ => None,
        })
        .collect()
}

fn key_text(cell: &Cell) -> String {
    one_line(&cell.content.iter().map(plain_block).collect::<Vec<_>>().join(" "))
}

fn plain_block(block: &Block) -> String {
    match block {
        Block::Paragraph(content) | Block::Heading { content, .. } => plain(content),
        Block::Code { text, .. } | Block::Markdown(text) => text.clone(),
        Block::Quote(content) | Block::Admonition { content, .. } | Block::Group(content) => {
            content.iter().map(plain_block).collect::<Vec<_>>().join(" ")
        }
        Block::List(list) => {
            let items = list.items.iter().flat_map(|item| &item.content);
            items.map(plain_block).collect::<Vec<_>>().join(", ")
        }
        Block::Table(table) => {
            let cells = table.rows.iter().flatten().flat_map(|cell| &cell.content);
            cells.map(plain_block).collect::<Vec<_>>().join(" ")
        }
        Block::Rule | Block::Footnote { .. } => String::new(),
    }
}

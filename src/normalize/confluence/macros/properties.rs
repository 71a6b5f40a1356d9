//! Page properties: a table of keys and values.

use serde_json::Value;

use super::super::super::text::one_line;
use super::super::super::tree::{Block, Cell, Inline, Table};
use super::super::convert::Converter;
use super::super::flow::{Flow, plain};
use super::{Call, body_blocks, text};

/// `details`: each row of two cells becomes `**Key:** value`; a hidden one is metadata only.
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

/// Adds `**Key:** value` to `lines`; a value of several blocks ends the paragraph and follows it.
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

/// The rows of a table as pairs, if every row has a key and a value.
fn as_pairs(block: &Block) -> Option<Vec<(String, &Cell)>> {
    let Block::Table(Table { rows, header_rows, .. }) = block else { return None };
    // A horizontal table has one row of keys above one row of values.
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

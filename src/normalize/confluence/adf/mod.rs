//! Converts the Atlassian Document Format to the document tree, node by node.

mod element;
mod media;
mod schema;
mod stream;
mod text;

use serde_json::Value;

use super::super::tree::{Block, Cell, Inline, List, ListItem, Table};
use super::convert::Converter;
use super::flow::Flow;
use super::macros::{self, Call, Content, Parameter};
use super::parse::ParseError;

pub(super) use element::extension_element;
pub(super) use stream::Document;
pub(super) use text::text;

/// Converts a whole document. `value` may be a string that contains the document. `take` gets the blocks as soon as they are complete.
pub(super) fn document(
    cx: &mut Converter<'_>,
    value: &Value,
    flow: &mut Flow,
    take: &mut dyn FnMut(Block),
) -> Result<(), ParseError> {
    let not_json = |source: serde_json::Error| ParseError {
        line: source.line() as u64,
        message: format!("the body is not an ADF document: {source}"),
    };
    let mut convert = |cx: &mut Converter<'_>, node: &Value| {
        schema::check_node(node, &mut cx.losses);
        nodes(cx, std::slice::from_ref(node), flow);
        flow.pass_on(take);
    };
    let Value::String(json) = value else {
        check_outline(cx, value)?;
        for node in content(value) {
            convert(&mut *cx, node);
        }
        return Ok(());
    };
    if let Ok(document) = Document::open(json) {
        check_outline(cx, &document.outline)?;
        return document.each(&mut |node| convert(&mut *cx, &node)).map_err(not_json);
    }
    let value: Value = serde_json::from_str(json).map_err(not_json)?;
    if value.is_string() {
        let message = "the body is a string, not an ADF document".to_owned();
        return Err(ParseError { line: 1, message });
    }
    document(cx, &value, flow, take)
}

/// Checks a document without its nodes.
fn check_outline(cx: &mut Converter<'_>, value: &Value) -> Result<(), ParseError> {
    let error = |message: String| ParseError { line: 1, message };
    if kind(value) != "doc" {
        return Err(error(format!("an ADF document must have the type `doc`, not `{}`", kind(value))));
    }
    schema::check_outline(value, &mut cx.losses);
    if value.get("content").is_some_and(|content| !content.is_array()) {
        return Err(error("the `content` of an ADF document must be a list".to_owned()));
    }
    Ok(())
}

fn kind(node: &Value) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// Returns an attribute as text. It may be a string or a number.
fn attribute<'v>(node: &'v Value, name: &str) -> Option<&'v str> {
    node.get("attrs")
        .and_then(|attributes| attributes.get(name))
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

fn number(node: &Value, name: &str) -> Option<u64> {
    node.get("attrs").and_then(|attributes| attributes.get(name)).and_then(Value::as_u64)
}

fn content(node: &Value) -> &[Value] {
    node.get("content").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Converts nodes in order.
pub(super) fn nodes(cx: &mut Converter<'_>, nodes: &[Value], flow: &mut Flow) {
    for node in nodes {
        if node.is_object() {
            self::node(cx, node, flow);
        } else {
            cx.count("adf:invalid-node");
        }
    }
}

fn blocks(cx: &mut Converter<'_>, nodes: &[Value]) -> Vec<Block> {
    let mut flow = Flow::default();
    self::nodes(cx, nodes, &mut flow);
    flow.finish()
}

fn node(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    match kind(node) {
        "text" => text::text_node(cx, node, flow),
        "hardBreak" => flow.inline(Inline::Break),
        "paragraph" | "doc" | "layoutSection" | "layoutColumn" | "extensionFrame" | "bodiedSyncBlock" => {
            flow.flush();
            nodes(cx, content(node), flow);
            flow.flush();
        }
        "caption" => caption(cx, node, flow),
        "heading" => heading(cx, node, flow),
        "rule" | "bodiedRule" => {
            flow.block(Block::Rule);
            nodes(cx, content(node), flow);
        }
        "blockquote" => {
            let content = blocks(cx, content(node));
            flow.block(Block::Quote(content));
        }
        "bulletList" | "orderedList" => list(cx, node, flow),
        "listItem" | "tableRow" | "tableCell" | "tableHeader" => {
            // If these nodes are outside their usual parents, only their content is converted.
            cx.count(format!("node:stray-{}", kind(node)));
            flow.flush();
            nodes(cx, content(node), flow);
            flow.flush();
        }
        "taskList" | "taskItem" | "blockTaskItem" => tasks(cx, node, flow),
        "decisionList" | "decisionItem" => decisions(cx, node, flow),
        "codeBlock" => {
            let language = attribute(node, "language").unwrap_or_default().to_owned();
            flow.block(Block::Code { language, text: text(content(node)) });
        }
        "panel" => panel(cx, node, flow),
        "table" => table(cx, node, flow),
        "expand" | "nestedExpand" => {
            if let Some(title) = attribute(node, "title") {
                flow.block(Block::Paragraph(vec![Inline::Strong(vec![Inline::Text(title.to_owned())])]));
            }
            let content = blocks(cx, content(node));
            flow.block(Block::Group(content));
        }
        "extension" | "inlineExtension" | "bodiedExtension" | "multiBodiedExtension" => extension(cx, node, flow),
        "mediaSingle" | "mediaGroup" | "media" | "mediaInline" | "image" => media::node(cx, node, flow),
        "inlineCard" | "blockCard" | "embedCard" | "applicationCard" => media::card(cx, node, flow),
        "mention" | "emoji" | "date" | "status" | "placeholder" => text::atom(cx, node, flow),
        other => unknown(cx, node, other, flow),
    }
}

/// Converts a node that the current schema does not define. Its text is kept.
fn unknown(cx: &mut Converter<'_>, node: &Value, kind: &str, flow: &mut Flow) {
    cx.count(if kind.is_empty() { "node:without-type".to_owned() } else { format!("node:{kind}") });
    if let Some(original) = node.pointer("/attrs/originalValue").filter(|value| value.is_object()) {
        self::node(cx, original, flow);
    } else if let Some(source) = attribute(node, "cxhtml") {
        // Confluence keeps content that its editor does not support as storage format.
        if let Ok(parsed) = super::parse::fragment(source, &mut cx.losses) {
            super::storage::nodes(cx, &parsed, flow);
        }
    } else if !content(node).is_empty() {
        nodes(cx, content(node), flow);
    } else if let Some(text) = node.get("text").and_then(Value::as_str) {
        flow.text(text);
    } else if let Some(text) = ["text", "title", "issueKey"].into_iter().find_map(|name| attribute(node, name)) {
        flow.text(text);
    }
}

fn heading(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let level = u8::try_from(number(node, "level").unwrap_or(1)).unwrap_or(6);
    let mut inner = Flow::default();
    nodes(cx, content(node), &mut inner);
    let (content, rest) = inner.split();
    flow.block(Block::Heading { level, content });
    if !rest.is_empty() {
        flow.block(Block::Group(rest));
    }
}

fn caption(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let mut inner = Flow::default();
    nodes(cx, content(node), &mut inner);
    let (content, _) = inner.split();
    flow.block(Block::Paragraph(vec![Inline::Emphasis(content)]));
}

fn list(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let ordered = kind(node) == "orderedList";
    let mut list = List { ordered, start: number(node, "order").unwrap_or(1), items: Vec::new() };
    for item in content(node) {
        let inner = if kind(item) == "listItem" { content(item) } else { std::slice::from_ref(item) };
        list.items.push(ListItem { checked: None, content: blocks(cx, inner) });
    }
    flow.block(Block::List(list));
}

fn tasks(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let mut list = List { ordered: false, start: 1, items: Vec::new() };
    let items = if kind(node) == "taskList" { content(node) } else { std::slice::from_ref(node) };
    for item in items {
        if kind(item) == "taskList" {
            // A list inside a list belongs to the previous task.
            let mut inner = Flow::default();
            tasks(cx, item, &mut inner);
            match list.items.last_mut() {
                Some(before) => before.content.extend(inner.finish()),
                None => list.items.push(ListItem { checked: None, content: inner.finish() }),
            }
            continue;
        }
        let checked = Some(attribute(item, "state") == Some("DONE"));
        list.items.push(ListItem { checked, content: blocks(cx, content(item)) });
    }
    flow.block(Block::List(list));
}

fn decisions(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let mut list = List { ordered: false, start: 1, items: Vec::new() };
    let items = if kind(node) == "decisionList" { content(node) } else { std::slice::from_ref(node) };
    for item in items {
        let inner = blocks(cx, content(item));
        list.items.push(decision(inner));
    }
    flow.block(Block::List(list));
}

/// Converts an item in a list of decisions.
fn decision(mut content: Vec<Block>) -> ListItem {
    let label = Inline::Strong(vec![Inline::Text("Decision:".to_owned())]);
    match content.first_mut() {
        Some(Block::Paragraph(first)) => {
            first.insert(0, Inline::Text(" ".to_owned()));
            first.insert(0, label);
        }
        _ => content.insert(0, Block::Paragraph(vec![label])),
    }
    ListItem { checked: None, content }
}

/// Returns the label of a panel by its type.
fn panel_label(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "info" => "Info",
        "note" => "Note",
        "tip" => "Tip",
        "warning" => "Warning",
        "error" => "Error",
        "success" => "Success",
        _ => return None,
    })
}

fn panel(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let label = attribute(node, "panelType").and_then(panel_label);
    let label = label.or_else(|| attribute(node, "panelIconText")).unwrap_or_default().to_owned();
    let mut content = blocks(cx, content(node));
    if let Some(title) = attribute(node, "title") {
        content.insert(0, Block::Paragraph(vec![Inline::Text(title.to_owned())]));
    }
    flow.block(Block::Admonition { label, content });
}

fn table(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let mut table = Table::default();
    for row in content(node) {
        if kind(row) == "caption" {
            let mut inner = Flow::default();
            nodes(cx, content(row), &mut inner);
            table.caption = inner.split().0;
            continue;
        }
        let cells: Vec<Cell> = content(row).iter().map(|cell| self::cell(cx, cell)).collect();
        if table.rows.is_empty() && !cells.is_empty() && cells.iter().all(|cell| cell.header) {
            table.header_rows = 1;
        }
        table.rows.push(cells);
    }
    flow.block(Block::Table(table));
}

fn cell(cx: &mut Converter<'_>, node: &Value) -> Cell {
    let span = |name: &str| number(node, name).and_then(|span| usize::try_from(span).ok()).unwrap_or(1).max(1);
    Cell {
        colspan: cx.colspan(span("colspan")),
        rowspan: span("rowspan"),
        header: kind(node) == "tableHeader",
        content: blocks(cx, content(node)),
    }
}

/// Returns the name of the macro in an extension, or an empty string if the node is not an extension.
pub(super) fn macro_name(node: &Value) -> &str {
    let key = attribute(node, "extensionKey").unwrap_or_default();
    key.rsplit('/').next().unwrap_or(key)
}

/// Converts a macro with the same table as in storage format.
fn extension(cx: &mut Converter<'_>, node: &Value, flow: &mut Flow) {
    let mut call = Call { name: macro_name(node).to_owned(), parameters: parameters(node), body: Content::None };
    let parameters = node.pointer("/attrs/parameters");
    let body = call.parameters.iter().find(|parameter| parameter.name == "__bodyContent");
    call.body = match body {
        _ if !content(node).is_empty() => Content::Adf(content(node)),
        Some(body) => Content::Plain(body.value.clone()),
        None => Content::None,
    };
    if !macros::is_known(&call.name) && matches!(call.body, Content::None) && !macros::has_words(&call) {
        if let Some(carried) = parameters.filter(|parameters| carries_content(parameters)) {
            return carried_content(cx, node, carried, flow);
        }
        cx.count(format!("macro:{}", call.name));
        if let Some(text) = attribute(node, "text") {
            flow.text(text);
        }
        return;
    }
    macros::run(cx, &call, flow);
}

/// Returns whether the parameters of an extension contain content that the editor could not convert.
fn carries_content(parameters: &Value) -> bool {
    parameters.get("cxhtml").and_then(Value::as_str).is_some_and(|source| !source.trim().is_empty())
        || parameters.get("nestedContent").is_some_and(Value::is_object)
}

/// Converts content that a migration to the newer editor preserved as storage format and as ADF.
fn carried_content(cx: &mut Converter<'_>, node: &Value, parameters: &Value, flow: &mut Flow) {
    let mut inner = Flow::default();
    let source = parameters.get("cxhtml").and_then(Value::as_str).unwrap_or_default();
    let withheld = cx.withheld();
    if let Ok(parsed) = super::parse::fragment(source, &mut cx.losses) {
        super::storage::nodes(cx, &parsed, &mut inner);
    }
    let mut blocks = inner.finish();
    // Text that was withheld must not come back from the second format.
    let is_empty = blocks.is_empty() && cx.withheld() == withheld;
    if let Some(nested) = parameters.get("nestedContent").filter(|_| is_empty) {
        blocks = self::blocks(cx, std::slice::from_ref(nested));
    }
    let is_text = blocks.iter().all(|block| matches!(block, Block::Paragraph(_)));
    if kind(node) == "inlineExtension" && is_text {
        let mut inner = Flow::default();
        for block in blocks {
            inner.block(block);
        }
        flow.apart();
        flow.inlines(inner.split().0);
        flow.apart();
    } else {
        flow.block(Block::Group(blocks));
    }
}

/// Returns the parameters of the macro in an extension.
pub(super) fn parameters(node: &Value) -> Vec<Parameter> {
    let of = |source: &str| node.pointer(&format!("/attrs/parameters/{source}")).and_then(Value::as_object);
    let maps = ["macroParams", "guestParams"].into_iter().filter_map(of);
    maps.flatten().map(|(name, value)| parameter(name, value)).collect()
}

fn parameter(name: &str, value: &Value) -> Parameter {
    let value = value.get("value").unwrap_or(value);
    let value = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => String::new(),
    };
    Parameter { name: name.to_owned(), value, resources: Vec::new() }
}

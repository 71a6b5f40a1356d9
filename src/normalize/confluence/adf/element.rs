//! Converts ADF nodes inside storage format: `<ac:adf-extension>`.

use super::super::super::tree::{Block, Inline, List};
use super::super::convert::Converter;
use super::super::dom::{Element, Node};
use super::super::flow::Flow;
use super::super::storage;
use super::{decision, panel_label};

/// Converts an ADF node in storage format. Uses the fallback only if there is no node.
pub(in super::super) fn extension_element(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let mut rendered = false;
    for child in element.elements().filter(|child| child.name == "ac:adf-node") {
        rendered = true;
        node(cx, child, flow);
    }
    if rendered {
        return;
    }
    if let Some(fallback) = element.child("ac:adf-fallback") {
        storage::nodes(cx, &fallback.children, flow);
    }
}

fn attribute(element: &Element, key: &str) -> Option<String> {
    let named = |child: &&Element| child.name == "ac:adf-attribute" && child.attribute("key") == Some(key);
    element.elements().find(named).map(Element::text)
}

fn node(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    match element.attribute("type").unwrap_or_default() {
        "panel" => {
            let label = attribute(element, "panel-type").as_deref().and_then(panel_label).map(str::to_owned);
            let label = label.or_else(|| attribute(element, "panel-icon-text")).unwrap_or_default();
            let content = blocks(cx, element);
            flow.block(Block::Admonition { label, content });
        }
        "decision-list" => {
            let items = element.elements().filter(|child| child.name == "ac:adf-node");
            let items = items.map(|item| decision(blocks(cx, item))).collect();
            flow.block(Block::List(List { ordered: false, start: 1, items }));
        }
        "expand" | "nested-expand" => {
            if let Some(title) = attribute(element, "title") {
                let title = Inline::Text(title);
                flow.block(Block::Paragraph(vec![Inline::Strong(vec![title])]));
            }
            let content = blocks(cx, element);
            flow.block(Block::Group(content));
        }
        kind => {
            cx.count(format!("node:{kind}"));
            let content = blocks(cx, element);
            flow.block(Block::Group(content));
        }
    }
}

/// Converts the content of a node: its `ac:adf-content`, and the nodes inside it.
fn blocks(cx: &mut Converter<'_>, element: &Element) -> Vec<Block> {
    let mut flow = Flow::default();
    for child in &element.children {
        let Node::Element(child) = child else { continue };
        match child.name.as_str() {
            "ac:adf-content" => storage::nodes(cx, &child.children, &mut flow),
            "ac:adf-node" => node(cx, child, &mut flow),
            // Marks and attributes only describe the appearance.
            _ => {}
        }
    }
    flow.finish()
}

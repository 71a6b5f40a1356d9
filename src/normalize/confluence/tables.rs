//! Converts tables in storage format.

use std::borrow::Borrow;

use super::super::tree::{Block, Cell, Table};
use super::convert::Converter;
use super::dom::{Element, Node};
use super::flow::Flow;
use super::storage::{blocks, inlines};

pub(super) fn table(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let mut table = new_table(cx, element, flow);
    add_rows(cx, &mut table, rows(element), is_numbered(element));
    flow.block(Block::Table(table));
}

/// Converts a table, and drops each row as soon as it is converted.
pub(super) fn owned(cx: &mut Converter<'_>, element: Element, flow: &mut Flow) {
    let mut table = new_table(cx, &element, flow);
    let is_numbered = is_numbered(&element);
    add_rows(cx, &mut table, owned_rows(element), is_numbered);
    flow.block(Block::Table(table));
}

/// Returns the table without its rows.
fn new_table(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) -> Table {
    let caption = element.child("caption").map(|caption| inlines(cx, &caption.children, flow)).unwrap_or_default();
    Table { caption, ..Table::default() }
}

/// Adds rows. The flag of a row says whether it belongs to the head of the table. With `is_numbered`, the first cell of each row is
/// omitted.
fn add_rows<R: Borrow<Element>>(
    cx: &mut Converter<'_>,
    table: &mut Table,
    rows: impl IntoIterator<Item = (R, bool)>,
    is_numbered: bool,
) {
    let mut in_header = true;
    for (row, in_thead) in rows {
        let row: &Element = row.borrow();
        let row = row.elements().filter(|cell| matches!(cell.name.as_str(), "td" | "th"));
        let mut cells: Vec<Cell> = row.map(|cell| self::cell(cx, cell)).collect();
        in_header &= in_thead || (table.rows.is_empty() && !cells.is_empty() && cells.iter().all(|cell| cell.header));
        if in_header {
            table.header_rows += 1;
        }
        if is_numbered && !cells.is_empty() {
            cells.remove(0);
        }
        cells.shrink_to_fit();
        table.rows.push(cells);
    }
}

/// Returns the rows in order, and whether each row belongs to the head of the table.
fn rows(table: &Element) -> Vec<(&Element, bool)> {
    let mut rows = Vec::new();
    for child in table.elements() {
        match child.name.as_str() {
            "tr" => rows.push((child, false)),
            "thead" => rows.extend(child.elements().filter(|row| row.name == "tr").map(|row| (row, true))),
            "tbody" | "tfoot" => rows.extend(child.elements().filter(|row| row.name == "tr").map(|row| (row, false))),
            _ => {}
        }
    }
    rows
}

/// Returns the same rows as [`rows`], one by one.
fn owned_rows(table: Element) -> impl Iterator<Item = (Element, bool)> {
    let element = |node: Node| match node {
        Node::Element(element) => Some(element),
        Node::Text(_) | Node::CData(_) => None,
    };
    table.children.into_iter().filter_map(element).flat_map(move |mut child| {
        let in_thead = child.name == "thead";
        let inner = match child.name.as_str() {
            "thead" | "tbody" | "tfoot" => std::mem::take(&mut child.children),
            "tr" => vec![Node::Element(child)],
            _ => Vec::new(),
        };
        inner.into_iter().filter_map(element).filter(|row| row.name == "tr").map(move |row| (row, in_thead))
    })
}

fn cell(cx: &mut Converter<'_>, element: &Element) -> Cell {
    let span = |name: &str| element.attribute(name).and_then(|value| value.trim().parse::<usize>().ok());
    Cell {
        colspan: cx.colspan(span("colspan").unwrap_or(1)),
        rowspan: match span("rowspan") {
            Some(0) => usize::MAX,
            rows => rows.unwrap_or(1),
        },
        header: element.name == "th",
        content: blocks(cx, &element.children),
    }
}

/// Returns whether the editor added a column of row numbers to a table.
fn is_numbered(table: &Element) -> bool {
    rows(table).iter().all(|(row, _)| {
        row.elements()
            .next()
            .is_some_and(|cell| cell.attribute("class").is_some_and(|class| class.contains("numberingColumn")))
    })
}

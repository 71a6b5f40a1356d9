//! Converts tables of wiki markup: `||head||` and `|cell|`.

use super::super::super::tree::{Block, Cell, Table};
use super::super::convert::Converter;
use super::super::flow::Flow;
use super::inline;

pub(super) fn table(cx: &mut Converter<'_>, rows: &[String], flow: &mut Flow) {
    let mut table = Table::default();
    for row in rows {
        let cells: Vec<Cell> = cells(row)
            .into_iter()
            .map(|(header, text)| {
                let mut flow = Flow::default();
                super::lines(cx, text.trim(), &mut flow);
                Cell { header, content: flow.finish(), ..Cell::default() }
            })
            .collect();
        if table.rows.is_empty() && !cells.is_empty() && cells.iter().all(|cell| cell.header) {
            table.header_rows = 1;
        }
        table.rows.push(cells);
    }
    flow.block(Block::Table(table));
}

/// Splits a row at its bars. Bars inside links, images and macros are text.
fn cells(row: &str) -> Vec<(bool, &str)> {
    let mut cells = Vec::new();
    let (mut start, mut header) = (None, false);
    let mut depth = 0_usize;
    let mut chars = row.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '!' if depth == 0 => {
                let image = row.get(at..).and_then(inline::image_source).map_or(0, |inner| inner.len() + 1);
                while chars.next_if(|(next, _)| *next <= at + image).is_some() {}
            }
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                if let Some(start) = start {
                    cells.push((header, row.get(start..at).unwrap_or_default()));
                }
                header = chars.next_if(|(_, next)| *next == '|').is_some();
                start = Some(at + 1 + usize::from(header));
            }
            _ => {}
        }
    }
    let tail = start.and_then(|start| row.get(start..)).unwrap_or_default();
    if !tail.trim().is_empty() {
        cells.push((header, tail));
    }
    cells
}

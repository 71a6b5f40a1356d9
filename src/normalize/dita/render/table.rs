//! Renders CALS tables, and simple tables of rows and cells.

use super::super::dom::{Element, Node};
use super::super::vocabulary::Kind;
use super::{Renderer, flush, parts_of, without};
use crate::normalize::text::count;
use crate::normalize::tree::{Block, Cell, Inline, Table};

/// Maximum number of columns that a specification can declare. A higher number is an error in the source.
const MAX_SPAN: usize = 1000;

impl Renderer<'_, '_> {
    /// Renders a CALS table. Each `tgroup` becomes one table, and the first one gets the title.
    pub(super) fn table(&mut self, table: &Element, out: &mut Vec<Block>) {
        let title = table.elements().find(|child| Kind::of(child) == Kind::Title);
        let mut caption = title.map(|title| self.inlines(&title.children)).unwrap_or_default();
        let mut behind = Vec::new();
        let is_group = |element: &Element| element.is("tgroup") || holds(element, &["thead", "tbody"]);
        for child in &without(table, title) {
            match child {
                Node::Element(group) if is_group(group) => {
                    self.count_part(group, &["tgroup"]);
                    let rows = self.group(group, &mut behind);
                    out.push(Block::Table(Table { caption: std::mem::take(&mut caption), ..rows }));
                }
                other => self.stray(other, &mut behind),
            }
        }
        if !caption.is_empty() {
            out.push(Block::Paragraph(vec![Inline::Strong(caption)]));
        }
        out.append(&mut behind);
    }

    /// Renders content where a table allows none. It follows the table.
    fn stray(&mut self, node: &Node, out: &mut Vec<Block>) {
        match node {
            Node::Element(element) => self.block(element, Kind::of(element), out),
            Node::Text(text) => {
                let mut run = vec![Inline::Text(text.clone())];
                flush(&mut run, out);
            }
        }
    }

    /// Counts a part of a table that is unknown but has the content of a known part.
    fn count_part(&mut self, element: &Element, known: &[&str]) {
        if !known.iter().any(|name| element.is(name)) {
            count(&mut self.losses, format!("element:{}", element.name));
        }
    }

    fn group(&mut self, group: &Element, behind: &mut Vec<Block>) -> Table {
        let columns = Columns::read(group);
        let mut table = Table::default();
        let is_part =
            |part: &Element| ["thead", "tbody", "tfoot"].iter().any(|name| part.is(name)) || holds(part, &["row"]);
        let is_head = |node: &&Node| node.element().is_some_and(|part| part.is("thead"));
        let (heads, parts): (Vec<&Node>, Vec<&Node>) = group.children.iter().partition(is_head);
        for node in heads.into_iter().chain(parts) {
            match node {
                Node::Element(part) if is_part(part) => {
                    self.count_part(part, &["thead", "tbody", "tfoot"]);
                    self.part(part, &columns, &mut table, behind);
                }
                other => self.stray(other, behind),
            }
        }
        table
    }

    fn part(&mut self, part: &Element, columns: &Columns, table: &mut Table, behind: &mut Vec<Block>) {
        for child in &part.children {
            match child {
                Node::Element(row) if row.is("row") || holds(row, &["entry"]) => {
                    self.count_part(row, &["row"]);
                    table.rows.push(Vec::new());
                    table.header_rows += usize::from(part.is("thead"));
                    self.row(row, columns, table);
                }
                other => self.stray(other, behind),
            }
        }
    }

    /// Fills the last row. Missing cells before a named column stay empty.
    fn row(&mut self, row: &Element, columns: &Columns, table: &mut Table) {
        let covered = covered_from_above(&table.rows);
        let mut column = 0;
        let mut cells = Vec::new();
        for entry in &parts_of(row, "entry") {
            while covered.get(column).is_some_and(|covered| *covered) {
                column += 1;
            }
            let (start, colspan) = columns.span(entry);
            while start.is_some_and(|start| start > column) {
                if !covered.get(column).is_some_and(|covered| *covered) {
                    cells.push(Cell::default());
                }
                column += 1;
            }
            let more: usize = entry.attr("morerows").and_then(|rows| rows.parse().ok()).unwrap_or(0);
            let rowspan = entry.attr("rowspan").and_then(|rows| rows.parse().ok()).unwrap_or(more.min(MAX_SPAN) + 1);
            let header = columns.is_header(column) || matches!(entry.attr("scope"), Some("row" | "rowgroup"));
            let content = self.cell(entry, &["entry"]);
            cells.push(Cell { colspan, rowspan: rowspan.clamp(1, MAX_SPAN), header, content });
            column += colspan;
        }
        if let Some(last) = table.rows.last_mut() {
            *last = cells;
        }
    }

    /// Renders a cell. An element that is not a cell is content of a cell.
    fn cell(&mut self, cell: &Element, known: &[&str]) -> Vec<Block> {
        if known.iter().any(|name| cell.is(name)) {
            return self.blocks(&cell.children);
        }
        let mut out = Vec::new();
        self.block(cell, Kind::of(cell), &mut out);
        out
    }

    /// Renders `simpletable`, `properties` and `choicetable`.
    pub(super) fn simple_table(&mut self, element: &Element, out: &mut Vec<Block>) {
        let title = element.elements().find(|child| Kind::of(child) == Kind::Title);
        let caption = title.map(|title| self.inlines(&title.children)).unwrap_or_default();
        let mut behind = Vec::new();
        let key_column: Option<usize> = element.attr("keycol").and_then(|column| column.parse().ok());
        let slots = slots(element);
        let mut table = Table { caption, ..Table::default() };
        for child in &without(element, title) {
            let row = child.element().filter(|row| is_simple_row(row));
            let Some(row) = row else {
                self.stray(child, &mut behind);
                continue;
            };
            let is_head = SIMPLE_HEADS.iter().any(|name| row.is(name));
            self.count_part(row, &[SIMPLE_HEADS, SIMPLE_ROWS].concat());
            let mut cells: Vec<Cell> = Vec::new();
            for cell in &parts_of(row, "entry") {
                // If the type or the value of a property is missing, its column stays empty.
                let slot = slots.iter().position(|names| names.iter().any(|name| cell.is(name)));
                while slot.is_some_and(|slot| slot > cells.len()) {
                    cells.push(Cell::default());
                }
                let span = |name| cell.attr(name).and_then(|span| span.parse().ok()).unwrap_or(1).clamp(1, MAX_SPAN);
                let header = !is_head && key_column == Some(cells.len() + 1);
                let content = self.cell(cell, &SIMPLE_CELLS);
                cells.push(Cell { colspan: span("colspan"), rowspan: span("rowspan"), header, content });
            }
            if is_head && table.header_rows == table.rows.len() {
                table.header_rows += 1;
            }
            table.rows.push(cells);
        }
        out.push(Block::Table(table));
        out.append(&mut behind);
    }
}

const SIMPLE_HEADS: [&str; 3] = ["sthead", "prophead", "chhead"];
const SIMPLE_ROWS: [&str; 3] = ["strow", "property", "chrow"];
const SIMPLE_CELLS: [&str; 12] = [
    "stentry",
    "proptype",
    "propvalue",
    "propdesc",
    "proptypehd",
    "propvaluehd",
    "propdeschd",
    "choption",
    "chdesc",
    "choptionhd",
    "chdeschd",
    "entry",
];

/// Returns whether the element is a row, or an unknown element with cells.
fn is_simple_row(element: &Element) -> bool {
    SIMPLE_HEADS.iter().chain(&SIMPLE_ROWS).any(|name| element.is(name)) || holds(element, &SIMPLE_CELLS)
}

/// Returns whether an unknown element contains at least one of these elements.
fn holds(element: &Element, names: &[&str]) -> bool {
    Kind::of(element) == Kind::Unknown && element.elements().any(|child| names.iter().any(|name| child.is(name)))
}

/// Returns the columns of a table whose cells have names. Only columns with at least one cell are included.
fn slots(table: &Element) -> Vec<[&'static str; 2]> {
    const PROPERTIES: [[&str; 2]; 3] =
        [["proptype", "proptypehd"], ["propvalue", "propvaluehd"], ["propdesc", "propdeschd"]];
    if !table.is("properties") {
        return Vec::new();
    }
    let is_used = |names: &&[&'static str; 2]| {
        table.elements().flat_map(Element::elements).any(|cell| names.iter().any(|name| cell.is(name)))
    };
    PROPERTIES.iter().filter(is_used).copied().collect()
}

/// Returns which columns of the last row are covered by rows above it.
fn covered_from_above(rows: &[Vec<Cell>]) -> Vec<bool> {
    let mut left: Vec<usize> = Vec::new();
    for row in rows.iter().take(rows.len().saturating_sub(1)) {
        let mut column = 0;
        let mut next: Vec<usize> = left.iter().map(|rows| rows.saturating_sub(1)).collect();
        for cell in row {
            while left.get(column).is_some_and(|rows| *rows > 0) {
                column += 1;
            }
            for _ in 0..cell.colspan {
                if next.len() <= column {
                    next.resize(column + 1, 0);
                }
                if let Some(rows) = next.get_mut(column) {
                    *rows = cell.rowspan - 1;
                }
                column += 1;
            }
        }
        left = next;
    }
    left.into_iter().map(|rows| rows > 0).collect()
}

/// The data of `colspec` and `spanspec`.
struct Columns {
    /// Number and name of each column, and whether it contains row headings.
    columns: Vec<(usize, String, bool)>,
    spans: Vec<(String, usize, usize)>,
}

impl Columns {
    fn read(group: &Element) -> Self {
        let row_heading = |spec: &Element| matches!(spec.attr("rowheader"), Some("headers" | "firstcol"));
        let mut columns: Vec<(usize, String, bool)> = Vec::new();
        for spec in group.children_of("colspec") {
            let following = columns.last().map_or(0, |(number, ..)| number + 1);
            let number = spec.attr("colnum").and_then(|number| number.parse::<usize>().ok());
            let number = number.map_or(following, |number| number.saturating_sub(1)).min(MAX_SPAN);
            columns.push((number, spec.attr("colname").unwrap_or_default().to_owned(), row_heading(spec)));
        }
        let mut read = Self { columns, spans: Vec::new() };
        for spec in group.children_of("spanspec") {
            let ends = (
                spec.attr("namest").and_then(|name| read.number(name)),
                spec.attr("nameend").and_then(|name| read.number(name)),
            );
            if let (Some(name), (Some(start), Some(end))) = (spec.attr("spanname"), ends) {
                read.spans.push((name.to_owned(), start, end));
            }
        }
        read
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.columns.iter().find(|(_, column, _)| column == name).map(|(number, ..)| *number)
    }

    fn is_header(&self, column: usize) -> bool {
        self.columns.iter().any(|&(number, _, header)| number == column && header)
    }

    /// Returns the first column of an entry, if it is declared, and the number of columns that it spans.
    fn span(&self, entry: &Element) -> (Option<usize>, usize) {
        if let Some(span) = entry.attr("colspan").and_then(|span| span.parse::<usize>().ok()) {
            return (None, span.clamp(1, MAX_SPAN));
        }
        if let Some((_, start, end)) = entry.attr("spanname").and_then(|name| self.spans.iter().find(|s| s.0 == name)) {
            return (Some(*start), end.saturating_sub(*start) + 1);
        }
        let start = entry.attr("namest").or(entry.attr("colname")).and_then(|name| self.number(name));
        let end = entry.attr("nameend").and_then(|name| self.number(name));
        match (start, end) {
            (Some(start), Some(end)) if end >= start => (Some(start), end - start + 1),
            (start, _) => (start, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::parse::parse;
    use super::*;

    #[test]
    fn spans_go_by_column_names() {
        let group = "<tgroup><colspec colname='a'/><colspec colname='b'/><colspec colname='c'/><spanspec spanname='s' namest='b' nameend='c'/></tgroup>";
        let columns = Columns::read(&parse(group.as_bytes(), 0).unwrap().root);
        let entry = |attributes: &str| parse(format!("<entry {attributes}/>").as_bytes(), 0).unwrap().root;
        assert_eq!(columns.span(&entry("namest='a' nameend='b'")), (Some(0), 2));
        assert_eq!(columns.span(&entry("spanname='s'")), (Some(1), 2));
        assert_eq!(columns.span(&entry("colname='c'")), (Some(2), 1));
        assert_eq!(columns.span(&entry("colspan='2'")), (None, 2));
    }

    #[test]
    fn rows_above_cover_columns_below() {
        let cell = |rowspan| Cell { rowspan, ..Cell::default() };
        let rows = vec![vec![cell(1), cell(3)], vec![cell(2)], Vec::new()];
        assert_eq!(covered_from_above(&rows), [true, true]);
    }
}

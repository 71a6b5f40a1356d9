//! Renders CALS tables, and simple tables of rows and cells.

use super::super::dom::Element;
use super::super::vocabulary::Kind;
use super::Renderer;
use crate::normalize::tree::{Block, Cell, Inline, Table};

/// Maximum number of columns that a specification can declare. A higher number is an error in the source.
const MAX_SPAN: usize = 1000;

impl Renderer<'_, '_> {
    /// Renders a CALS table. Each `tgroup` becomes one table, and the first one gets the title.
    pub(super) fn table(&mut self, table: &Element, out: &mut Vec<Block>) {
        let title = table.elements().find(|child| Kind::of(child) == Kind::Title);
        let mut caption = title.map(|title| self.inlines(&title.children)).unwrap_or_default();
        let description = table.child("desc").map(|desc| self.blocks(&desc.children)).unwrap_or_default();
        for group in table.children_of("tgroup") {
            let rows = self.group(group);
            out.push(Block::Table(Table { caption: std::mem::take(&mut caption), ..rows }));
        }
        if !caption.is_empty() {
            out.push(Block::Paragraph(vec![Inline::Strong(caption)]));
        }
        out.extend(description);
    }

    fn group(&mut self, group: &Element) -> Table {
        let columns = Columns::read(group);
        let mut table = Table::default();
        let heads = group.children_of("thead").flat_map(Element::elements).filter(|row| row.is("row"));
        for row in heads {
            table.rows.push(Vec::new());
            table.header_rows += 1;
            self.row(row, &columns, &mut table);
        }
        let parts = group.elements().filter(|part| part.is("tbody") || part.is("tfoot"));
        for row in parts.flat_map(Element::elements).filter(|row| row.is("row")) {
            table.rows.push(Vec::new());
            self.row(row, &columns, &mut table);
        }
        table
    }

    /// Fills the last row. Missing cells before a named column stay empty.
    fn row(&mut self, row: &Element, columns: &Columns, table: &mut Table) {
        let covered = covered_from_above(&table.rows);
        let mut column = 0;
        let mut cells = Vec::new();
        for entry in row.elements().filter(|entry| entry.is("entry")) {
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
            let content = self.blocks(&entry.children);
            cells.push(Cell { colspan, rowspan: rowspan.clamp(1, MAX_SPAN), header, content });
            column += colspan;
        }
        if let Some(last) = table.rows.last_mut() {
            *last = cells;
        }
    }

    /// Renders `simpletable`, `properties` and `choicetable`.
    pub(super) fn simple_table(&mut self, element: &Element, out: &mut Vec<Block>) {
        let caption = element.elements().find(|child| Kind::of(child) == Kind::Title);
        let caption = caption.map(|title| self.inlines(&title.children)).unwrap_or_default();
        let key_column: Option<usize> = element.attr("keycol").and_then(|column| column.parse().ok());
        let slots = slots(element);
        let mut table = Table { caption, ..Table::default() };
        for row in element.elements() {
            let is_head = ["sthead", "prophead", "chhead"].iter().any(|name| row.is(name));
            if !is_head && !["strow", "property", "chrow"].iter().any(|name| row.is(name)) {
                continue;
            }
            let mut cells: Vec<Cell> = Vec::new();
            for cell in row.elements().filter(|cell| !Kind::of(cell).is_hidden()) {
                // If the type or the value of a property is missing, its column stays empty.
                let slot = slots.iter().position(|names| names.iter().any(|name| cell.is(name)));
                while slot.is_some_and(|slot| slot > cells.len()) {
                    cells.push(Cell::default());
                }
                let span = |name| cell.attr(name).and_then(|span| span.parse().ok()).unwrap_or(1).clamp(1, MAX_SPAN);
                let header = !is_head && key_column == Some(cells.len() + 1);
                let content = self.blocks(&cell.children);
                cells.push(Cell { colspan: span("colspan"), rowspan: span("rowspan"), header, content });
            }
            if is_head && table.header_rows == table.rows.len() {
                table.header_rows += 1;
            }
            table.rows.push(cells);
        }
        out.push(Block::Table(table));
    }
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

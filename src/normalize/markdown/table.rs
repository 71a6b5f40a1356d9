//! Writes tables. The result is a pipe table, or one record per row if a cell contains more than a pipe table supports.

use super::super::tree::{Block, Cell, Inline, List, Table};
use super::{Flat, Footnotes, inline, is_blank, label_text, list, push_block};

/// Maximum number of columns, because nobody can read a wider table.
const MAX_COLUMNS: usize = 1_000;
/// Maximum number of positions in a grid. A larger table is written row by row, and its cells are not repeated.
const MAX_POSITIONS: usize = 1_000_000;
/// Maximum size in bytes of the text that spanning cells repeat. Further copies are empty.
const MAX_REPEATED: usize = 64 * 1024;

/// Writes a table: the caption in bold, and then the rows.
pub(super) fn write<'a>(table: &'a Table, footnotes: &mut Footnotes<'a>) -> String {
    let mut text = String::new();
    if !inline::is_blank(&table.caption) {
        text = inline::paragraph(&[Inline::Strong(table.caption.clone())]);
    }
    let grid = Grid::new(table);
    let body = if !grid.rectangular || table.rows.iter().flatten().any(needs_record) {
        records(&grid, footnotes)
    } else {
        pipes(&grid, footnotes)
    };
    if !body.is_empty() {
        push_block(&mut text, &body);
    }
    text
}

/// A table with all positions of the rectangle. A position is `None` if the source has no cell for it.
struct Grid<'a> {
    header_rows: usize,
    /// Whether all rows have the same number of positions.
    rectangular: bool,
    rows: Vec<Vec<Option<Place<'a>>>>,
}

/// A position in the grid.
#[derive(Clone, Copy)]
struct Place<'a> {
    cell: &'a Cell,
    /// Whether the cell appears again because of its span.
    repeated: bool,
}

impl<'a> Grid<'a> {
    fn new(table: &'a Table) -> Self {
        let mut rows: Vec<Vec<Option<Place<'a>>>> = vec![Vec::new(); table.rows.len()];
        let mut free = MAX_POSITIONS;
        for (at, row) in table.rows.iter().enumerate() {
            let mut column = 0;
            for cell in row {
                while rows.get(at).and_then(|row| row.get(column)).is_some_and(Option::is_some) {
                    column += 1;
                }
                if column >= MAX_COLUMNS {
                    // Print the cell anyway, in the last column.
                    if let Some(row) = rows.get_mut(at) {
                        row.push(Some(Place { cell, repeated: false }));
                    }
                    continue;
                }
                let height = cell.rowspan.clamp(1, table.rows.len() - at);
                let width = cell.colspan.clamp(1, MAX_COLUMNS - column);
                let (width, height) = if take(&mut free, width * height) { (width, height) } else { (1, 1) };
                place(&mut rows, (at, height), (column, width), cell);
                column += width;
            }
        }
        drop_bare_columns(&mut rows);
        let mut header_rows = table.header_rows.min(rows.len());
        let mut kept = 0;
        rows.retain(|row| {
            let position = kept;
            kept += 1;
            let blank = row.iter().flatten().all(|place| place.cell.content.iter().all(is_blank));
            if blank && position < table.header_rows {
                header_rows = header_rows.saturating_sub(1);
            }
            !blank
        });
        // A heading above other headings spans them. Rows without spans are not merged.
        let spans = |cell: &Cell| cell.colspan > 1 || cell.rowspan > 1;
        if !rows.iter().take(header_rows).flatten().flatten().any(|place| spans(place.cell)) {
            header_rows = header_rows.min(1);
        }
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let rectangular = columns.saturating_mul(rows.len()) <= MAX_POSITIONS;
        if rectangular {
            for row in &mut rows {
                row.resize(columns, None);
            }
        }
        Self { header_rows, rectangular, rows }
    }

    fn columns(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Puts `cell` into all free positions that it spans. Each range consists of a start and a length.
fn place<'a>(
    rows: &mut [Vec<Option<Place<'a>>>],
    (top, height): (usize, usize),
    (left, width): (usize, usize),
    cell: &'a Cell,
) {
    for (down, row) in rows.iter_mut().skip(top).take(height).enumerate() {
        if row.len() < left + width {
            row.resize(left + width, None);
        }
        for (across, position) in row.iter_mut().skip(left).take(width).enumerate() {
            position.get_or_insert(Place { cell, repeated: down + across > 0 });
        }
    }
}

/// Removes the columns in which no cell begins. They exist only because of spans, and repeat the column before them.
fn drop_bare_columns(rows: &mut [Vec<Option<Place<'_>>>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut begins = vec![false; columns];
    for row in rows.iter() {
        for (begins, place) in begins.iter_mut().zip(row) {
            *begins |= place.is_some_and(|place| !place.repeated);
        }
    }
    if begins.contains(&false) {
        for row in rows {
            let mut begins = begins.iter();
            row.retain(|_| begins.next().is_some_and(|begins| *begins));
        }
    }
}

/// Returns whether a cell contains a table, or at least two kinds of blocks other than text.
fn needs_record(cell: &Cell) -> bool {
    let mut kind = None;
    for block in Flat::new(&cell.content).filter(|block| !is_blank(block)) {
        match block {
            Block::Table(_) => return true,
            Block::Paragraph(_) | Block::Heading { .. } | Block::Rule | Block::Footnote { .. } => {}
            Block::Quote(content) | Block::Admonition { content, .. } if content.iter().any(holds_table) => {
                return true;
            }
            Block::List(list) if list.items.iter().flat_map(|item| &item.content).any(holds_table) => return true,
            other => {
                let this = std::mem::discriminant(other);
                if *kind.get_or_insert(this) != this {
                    return true;
                }
            }
        }
    }
    false
}

fn holds_table(block: &Block) -> bool {
    match block {
        Block::Table(_) => true,
        Block::Quote(content) | Block::Admonition { content, .. } | Block::Group(content) => {
            content.iter().any(holds_table)
        }
        Block::List(list) => list.items.iter().flat_map(|item| &item.content).any(holds_table),
        _ => false,
    }
}

/// Writes a pipe table. Related header rows are merged into one row. Their texts are separated by line breaks.
fn pipes<'a>(grid: &Grid<'a>, footnotes: &mut Footnotes<'a>) -> String {
    let columns = grid.columns();
    if columns == 0 {
        return String::new();
    }
    let mut budget = MAX_REPEATED;
    let mut lines = Vec::with_capacity(grid.rows.len() + 2);
    let mut header: Vec<Vec<String>> = vec![Vec::new(); columns];
    for row in grid.rows.iter().take(grid.header_rows) {
        for (column, text) in header.iter_mut().zip(row_texts(row, true, &mut budget, footnotes)) {
            if !text.is_empty() && column.last() != Some(&text) {
                column.push(text);
            }
        }
    }
    lines.push(line(header.iter().map(|texts| texts.join("<br>"))));
    lines.push(line((0..columns).map(|_| "---".to_owned())));
    for row in grid.rows.iter().skip(grid.header_rows) {
        lines.push(line(row_texts(row, false, &mut budget, footnotes).into_iter()));
    }
    lines.join("\n")
}

fn row_texts<'a>(
    row: &[Option<Place<'a>>],
    in_header: bool,
    budget: &mut usize,
    footnotes: &mut Footnotes<'a>,
) -> Vec<String> {
    row.iter()
        .map(|place| {
            let Some(place) = place.filter(|place| !place.repeated || *budget > 0) else { return String::new() };
            let mut met = Vec::new();
            let text = cell_text(place.cell, in_header, &mut met);
            if !place.repeated {
                footnotes.append(&mut met);
                return text;
            }
            if take(budget, text.len()) { text } else { String::new() }
        })
        .collect()
}

/// Subtracts `amount` from `budget`. If the budget is too small, it becomes 0 and the result is false.
fn take(budget: &mut usize, amount: usize) -> bool {
    let rest = budget.checked_sub(amount.max(1));
    *budget = rest.unwrap_or(0);
    rest.is_some()
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let mut out = String::from("|");
    for cell in cells {
        out.push(' ');
        out.push_str(&cell);
        out.push_str(" |");
    }
    out
}

/// Writes a cell as one line.
fn cell_text<'a>(cell: &'a Cell, in_header: bool, footnotes: &mut Footnotes<'a>) -> String {
    let mut parts = Vec::new();
    let bold = cell.header && !in_header;
    flatten(&cell.content, 0, bold, &mut parts, footnotes);
    // A parser splits a row at `|` before it reads anything else, including code spans.
    parts.join("<br>").replace('|', "\\|")
}

/// Appends the lines in the blocks of a cell to `parts`.
fn flatten<'a>(blocks: &'a [Block], depth: usize, bold: bool, parts: &mut Vec<String>, footnotes: &mut Footnotes<'a>) {
    for block in Flat::new(blocks) {
        match block {
            Block::Paragraph(content) if bold => push(parts, inline::cell(&[Inline::Strong(content.clone())])),
            Block::Paragraph(content) => push(parts, inline::cell(content)),
            Block::Heading { content, .. } => push(parts, inline::cell(&[Inline::Strong(content.clone())])),
            Block::List(list) => flatten_list(list, depth, parts, footnotes),
            Block::Code { text, .. } => {
                for line in text.lines() {
                    push(parts, inline::cell(&[Inline::Code(line.trim_end().to_owned())]));
                }
            }
            Block::Markdown(text) => text.lines().for_each(|line| push(parts, line.trim().to_owned())),
            Block::Quote(content) => flatten(content, depth, bold, parts, footnotes),
            Block::Admonition { label, content } => {
                let mut inner = Vec::new();
                flatten(content, depth, bold, &mut inner, footnotes);
                let mut inner = inner.into_iter();
                let first = inner.next().unwrap_or_default();
                push(parts, format!("{} {first}", label_text(label)).trim().to_owned());
                parts.extend(inner);
            }
            Block::Footnote { label, content } => footnotes.push((label, content)),
            // If a cell contains a table, the row becomes a record. A rule is not needed, because `<br>` separates the lines.
            Block::Table(_) | Block::Rule | Block::Group(_) => {}
        }
    }
}

fn flatten_list<'a>(list: &'a List, depth: usize, parts: &mut Vec<String>, footnotes: &mut Footnotes<'a>) {
    for (number, item) in (list.start..).zip(&list.items) {
        let marker = match (item.checked, list.ordered, depth) {
            (Some(true), ..) => "☑".to_owned(),
            (Some(false), ..) => "☐".to_owned(),
            (None, true, _) => format!("{number}."),
            (None, false, 0) => "•".to_owned(),
            (None, false, 1) => "◦".to_owned(),
            (None, false, _) => "▪".to_owned(),
        };
        let mut inner = Vec::new();
        flatten(&item.content, depth + 1, false, &mut inner, footnotes);
        let mut inner = inner.into_iter();
        if let Some(first) = inner.next() {
            push(parts, format!("{marker} {first}"));
        }
        parts.extend(inner);
    }
}

fn push(parts: &mut Vec<String>, text: String) {
    if !text.is_empty() {
        parts.push(text);
    }
}

/// Writes every row as a list item: `**Column:** …`, with nested blocks below it.
fn records<'a>(grid: &Grid<'a>, footnotes: &mut Footnotes<'a>) -> String {
    let mut budget = MAX_REPEATED;
    let labels: Vec<String> = (0..grid.columns()).map(|column| column_label(grid, column)).collect();
    // Header rows name the columns. If there are no other rows, they are the content.
    let skip = if grid.header_rows < grid.rows.len() { grid.header_rows } else { 0 };
    let mut out = String::new();
    for row in grid.rows.iter().skip(skip) {
        let mut body = String::new();
        for (place, label) in row.iter().zip(&labels) {
            let Some(place) = place.filter(|place| !place.cell.content.iter().all(is_blank)) else { continue };
            let label = if skip == 0 { "" } else { label };
            // Repeated tables inside repeated tables would grow without limit.
            if place.repeated && (budget == 0 || place.cell.rowspan < 2 || place.cell.content.iter().any(holds_table)) {
                continue;
            }
            let mut met = Vec::new();
            let text = field(label, place.cell, &mut met);
            if !place.repeated {
                footnotes.append(&mut met);
            } else if !take(&mut budget, text.len()) {
                continue;
            }
            push_block(&mut body, &text);
        }
        push_block(&mut out, &list::item("- ", &body));
    }
    out
}

/// Writes a cell with the name of its column.
fn field<'a>(label: &str, cell: &'a Cell, footnotes: &mut Footnotes<'a>) -> String {
    let body = super::block_sequence(&cell.content, footnotes);
    if label.is_empty() {
        return body;
    }
    let text_first = matches!(Flat::new(&cell.content).find(|block| !is_blank(block)), Some(Block::Paragraph(_)));
    format!("{label}{}{body}", if text_first { " " } else { "\n\n" })
}

/// Returns the texts of a column's header cells in bold, with a colon. Equal texts of adjacent header rows are written once.
fn column_label(grid: &Grid<'_>, column: usize) -> String {
    let mut texts: Vec<Vec<Inline>> = Vec::new();
    for row in grid.rows.iter().take(grid.header_rows) {
        let Some(Some(place)) = row.get(column) else { continue };
        let mut text = Vec::new();
        collect_text(&place.cell.content, &mut text);
        if !inline::is_blank(&text) && texts.last() != Some(&text) {
            texts.push(text);
        }
    }
    let mut label = texts.join(&Inline::Text(" / ".to_owned()));
    if label.is_empty() {
        return String::new();
    }
    if !inline::single_line(&label).ends_with(':') {
        label.push(Inline::Text(":".to_owned()));
    }
    inline::single_line(&[Inline::Strong(label)])
}

/// Appends the text of all blocks to `line`, separated by spaces.
fn collect_text(blocks: &[Block], line: &mut Vec<Inline>) {
    for block in Flat::new(blocks) {
        line.push(Inline::Text(" ".to_owned()));
        match block {
            Block::Paragraph(content) | Block::Heading { content, .. } => line.extend(content.iter().cloned()),
            Block::List(list) => list.items.iter().for_each(|item| collect_text(&item.content, line)),
            Block::Code { text, .. } => line.push(Inline::Code(text.replace('\n', " "))),
            Block::Markdown(text) => line.push(Inline::Text(text.clone())),
            Block::Quote(content) | Block::Admonition { content, .. } => collect_text(content, line),
            Block::Table(_) | Block::Rule | Block::Footnote { .. } | Block::Group(_) => {}
        }
    }
}

//! Merges the cells of office tables. A cell that covers several rows or columns is followed by empty cells for the places that it
//! covers.

use std::collections::HashMap;

use super::super::tree::{Block, Cell};

/// Maximum number of columns or rows that a cell covers.
const MAX_SPAN: usize = 100;

/// A cell in the file.
#[derive(Default)]
pub(super) struct Part {
    pub columns: usize,
    pub rows: usize,
    /// Whether another cell covers its place.
    pub is_covered: bool,
    /// Whether the cell above it covers its place.
    pub continues: bool,
    pub content: Vec<Block>,
}

/// Returns the cells of each row without the covered ones.
pub(super) fn cells(rows: Vec<Vec<Part>>) -> Vec<Vec<Cell>> {
    let mut merged: Vec<Vec<Cell>> = Vec::with_capacity(rows.len());
    // For each column, the last cell that begins in it: its row and its number in the row.
    let mut begun: HashMap<usize, (usize, usize)> = HashMap::new();
    for parts in rows {
        let mut row: Vec<Cell> = Vec::new();
        let mut column = 0;
        for part in parts.into_iter().filter(|part| !part.is_covered) {
            let columns = part.columns.clamp(1, MAX_SPAN);
            let above = begun.get(&column).filter(|_| part.continues && part.content.is_empty());
            if let Some(cell) = above.and_then(|(row, cell)| merged.get_mut(*row)?.get_mut(*cell)) {
                cell.rowspan += 1;
            } else {
                begun.insert(column, (merged.len(), row.len()));
                let rowspan = part.rows.clamp(1, MAX_SPAN);
                row.push(Cell { colspan: columns, rowspan, header: false, content: part.content });
            }
            column += columns;
        }
        merged.push(row);
    }
    merged
}

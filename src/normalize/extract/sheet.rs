//! Converts spreadsheets to tables.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Reader as _, SheetType, Xlsx};

use super::super::text::one_line;
use super::super::tree::{Block, Cell, Inline, Table};
use super::office::Package;

/// Maximum number of cells to read from a workbook.
const MAX_CELLS: usize = 500_000;
/// Maximum number of columns in a sheet.
const MAX_COLUMNS: u32 = 256;

/// Returns a heading and a table for each sheet of a `.xlsx`. Omits empty rows and columns.
pub(super) fn blocks(bytes: Vec<u8>) -> Result<Vec<Block>, String> {
    // The library unpacks each part completely.
    let bytes = Package::open(bytes)?.checked()?;
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(reason)?;
    let sheets: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .collect();
    let mut blocks = Vec::new();
    let mut left = MAX_CELLS;
    for name in sheets {
        // Use a sparse map, because a sheet contains only a few of the billions of possible cells.
        let mut rows: BTreeMap<u32, BTreeMap<u32, String>> = BTreeMap::new();
        let mut cells = workbook.worksheet_cells_reader(&name).map_err(reason)?;
        while let Some(cell) = cells.next_cell().map_err(reason)? {
            let (row, column) = cell.get_position();
            let text = shown(cell.get_value());
            if text.is_empty() || column >= MAX_COLUMNS {
                continue;
            }
            left = left.checked_sub(1).ok_or_else(|| format!("it has more than {MAX_CELLS} cells"))?;
            rows.entry(row).or_default().insert(column, text);
        }
        let mut columns: Vec<u32> = rows.values().flat_map(BTreeMap::keys).copied().collect();
        columns.sort_unstable();
        columns.dedup();
        let row = |mut row: BTreeMap<u32, String>| columns.iter().map(|column| cell(row.remove(column))).collect();
        let rows: Vec<Vec<Cell>> = rows.into_values().map(row).collect();
        if !rows.is_empty() {
            blocks.push(Block::Heading { level: 2, content: vec![Inline::Text(one_line(&name))] });
            blocks.push(Block::Table(Table { caption: Vec::new(), header_rows: 1, rows }));
        }
    }
    Ok(blocks)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn reason(error: calamine::XlsxError) -> String {
    format!("no readable workbook: {error}")
}

fn cell(text: Option<String>) -> Cell {
    let paragraph = |text| Block::Paragraph(vec![Inline::Text(text)]);
    Cell { content: text.map(paragraph).into_iter().collect(), ..Cell::default() }
}

/// Formats a value like the sheet, but without number formats.
fn shown(data: &DataRef<'_>) -> String {
    match data {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => one_line(text),
        DataRef::SharedString(text) => one_line(text),
        DataRef::DateTime(time) if time.is_datetime() => {
            time.as_datetime().map(|time| time.to_string().trim_end_matches(" 00:00:00").to_owned()).unwrap_or_default()
        }
        DataRef::DateTime(time) => time.as_f64().to_string(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

//! Converts spreadsheets to tables.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{Cursor, Write as _};
use std::ops::RangeInclusive;

use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::text::{Losses, count, count_many, one_line};
use super::super::tree::{Block, Cell, Inline, Table};
use super::office::{Package, Relation, attribute, each_tag, is_on, local};

/// Maximum number of cells to read from a workbook.
const MAX_CELLS: usize = 500_000;
/// Maximum number of columns in a sheet.
const MAX_COLUMNS: u32 = 256;
/// The usual path of the workbook.
const WORKBOOK: &str = "xl/workbook.xml";

/// Returns a heading and a table for each sheet of a `.xlsx`. Omits hidden and empty rows and columns.
pub(super) fn blocks(bytes: Vec<u8>, losses: &mut Losses) -> Result<Vec<Block>, String> {
    let mut package = Package::open(bytes)?;
    let hidden = hidden(&mut package)?;
    let moved = at_usual_places(&mut package)?;
    // The library unpacks each part completely.
    let bytes = match moved {
        Some(bytes) => bytes,
        None => package.checked()?,
    };
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(reason)?;
    let sheets = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let (visible, left_out): (Vec<_>, Vec<_>) =
        sheets.cloned().partition(|sheet| sheet.visible == SheetVisible::Visible);
    count_many(losses, "sheet:hidden", left_out.len() as u64);
    let sheets: Vec<String> = visible.into_iter().map(|sheet| sheet.name).collect();
    let mut blocks = Vec::new();
    let mut left = MAX_CELLS;
    for name in sheets {
        // Use a sparse map, because a sheet contains only a few of the billions of possible cells.
        let mut rows: BTreeMap<u32, BTreeMap<u32, String>> = BTreeMap::new();
        let mut cells = workbook.worksheet_cells_reader(&name).map_err(reason)?;
        while let Some(cell) = cells.next_cell().map_err(reason)? {
            let (row, column) = cell.get_position();
            let text = shown(cell.get_value());
            if text.is_empty() {
                continue;
            }
            let loss = match hidden.get(&name) {
                Some(hidden) if hidden.rows.contains(&row) => "row:hidden",
                Some(hidden) if hidden.columns.iter().any(|columns| columns.contains(&column)) => "column:hidden",
                _ if column >= MAX_COLUMNS => "sheet:too-wide",
                _ => "",
            };
            if !loss.is_empty() {
                count(losses, loss);
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

/// Returns the workbook as a file with the usual names of its parts, or `None` if they have these names. The library follows the
/// relations to the sheets, but not to the strings and styles, and it does not resolve `..`.
fn at_usual_places(package: &mut Package) -> Result<Option<Vec<u8>>, String> {
    let workbook = package.main(WORKBOOK)?;
    let folder = workbook.rsplit_once('/').map_or("", |(folder, _)| folder);
    let relations = package.relations(&workbook)?;
    let is_usual = |relation: &Relation| match usual_name(relation) {
        Some(name) => relation.target == if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") },
        None => relation.is_direct,
    };
    if relations.all().iter().all(is_usual) {
        return Ok(None);
    }
    let mut parts = vec![(WORKBOOK.to_owned(), package.bytes(&workbook)?.unwrap_or_default())];
    let mut entries = String::new();
    for (number, relation) in relations.all().iter().enumerate() {
        let name = usual_name(relation).map_or_else(|| format!("part{number}.xml"), str::to_owned);
        entries.push_str(&entry(&relation.id, &relation.kind, &name));
        let is_needed = usual_name(relation).is_some() || relation.kind_name() == "worksheet";
        if let Some(bytes) = if is_needed { package.bytes(&relation.target)? } else { None } {
            parts.push((format!("xl/{name}"), bytes));
        }
    }
    let relations = |entries: &str| format!("<Relationships>{entries}</Relationships>").into_bytes();
    parts.push(("xl/_rels/workbook.xml.rels".to_owned(), relations(&entries)));
    parts.push(("_rels/.rels".to_owned(), relations(&entry("main", "http:/relationships/officeDocument", WORKBOOK))));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in parts {
        let written = writer.start_file(name, options).map_err(std::io::Error::other);
        written.and_then(|()| writer.write_all(&bytes)).map_err(|error| error.to_string())?;
    }
    Ok(Some(writer.finish().map_err(|error| error.to_string())?.into_inner()))
}

/// Returns the name, relative to the workbook, at which the library expects a part.
fn usual_name(relation: &Relation) -> Option<&'static str> {
    match relation.kind_name() {
        "sharedStrings" => Some("sharedStrings.xml"),
        "styles" => Some("styles.xml"),
        _ => None,
    }
}

/// Returns a relation as XML. The id and the kind are still escaped.
fn entry(id: &str, kind: &str, target: &str) -> String {
    let [id, kind] = [id, kind].map(|value| value.replace('"', "&quot;"));
    format!("<Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"{target}\"/>")
}

/// The hidden rows and columns of a sheet, counted from 0.
#[derive(Default)]
struct Hidden {
    rows: HashSet<u32>,
    columns: Vec<RangeInclusive<u32>>,
}

/// Returns the hidden rows and columns by the name of their sheet.
fn hidden(package: &mut Package) -> Result<HashMap<String, Hidden>, String> {
    let workbook = package.main(WORKBOOK)?;
    let relations = package.relations(&workbook)?;
    let mut sheets = Vec::new();
    each_tag(&package.part(&workbook)?.unwrap_or_default(), |tag| {
        if local(tag.name().as_ref()) == "sheet" {
            let mut attributes = tag.attributes().flatten();
            let id = attributes.find(|attribute| attribute.key.as_ref().ends_with(":id"));
            let target = id.and_then(|id| relations.target(&id.value).map(str::to_owned));
            sheets.extend(attribute(tag, "name").zip(target));
        }
    })?;
    let mut all = HashMap::new();
    for (name, target) in sheets {
        let mut of_sheet = Hidden::default();
        each_tag(&package.part(&target)?.unwrap_or_default(), |tag| {
            let number = |name: &str| attribute(tag, name).and_then(|value| value.parse::<u32>().ok()?.checked_sub(1));
            if attribute(tag, "hidden").is_none_or(|value| !is_on(Some(&value))) {
                return;
            }
            match local(tag.name().as_ref()) {
                "row" => of_sheet.rows.extend(number("r")),
                "col" => of_sheet.columns.extend(number("min").zip(number("max")).map(|(min, max)| min..=max)),
                _ => {}
            }
        })?;
        let name = quick_xml::escape::unescape(&name).map(std::borrow::Cow::into_owned).unwrap_or(name);
        all.insert(name, of_sheet);
    }
    Ok(all)
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

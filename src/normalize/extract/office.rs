//! Reads the packages of office documents, which are zip files with XML parts. Paragraphs, runs and tables have the same names in
//! word processor documents and slides, so the same code reads both.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Cursor, Read as _};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::super::decode::decode;
use super::super::text::{Losses, one_line};
use super::super::tree::{Block, Cell, Inline, List, ListItem, Table};

/// Maximum size of all unpacked parts of a package in bytes.
const MAX_UNPACKED: u64 = 64 * 1024 * 1024;
/// Maximum depth of nested tables.
const MAX_DEPTH: usize = 16;

/// A package, and the number of bytes that may still be unpacked.
pub(super) struct Package {
    archive: ZipArchive<Cursor<Vec<u8>>>,
    left: u64,
}

impl Package {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
            return Err("it is encrypted, or has the format of Office before 2007".to_owned());
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| format!("no readable package: {error}"))?;
        Ok(Self { archive, left: MAX_UNPACKED })
    }

    /// Returns the names of the parts with this prefix and suffix. `slide2.xml` comes before `slide10.xml`.
    pub(super) fn names(&self, start: &str, end: &str) -> Vec<String> {
        let names = self.archive.file_names().filter_map(Result::ok).map(Cow::into_owned);
        let mut names: Vec<String> = names.filter(|name| name.starts_with(start) && name.ends_with(end)).collect();
        names.sort_by_key(|name| (name.len(), name.clone()));
        names
    }

    /// Unpacks a part. `None` means that the package does not contain it.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, String> {
        let Ok(file) = self.archive.by_name(name) else { return Ok(None) };
        let mut bytes = Vec::new();
        let length = file.take(self.left + 1).read_to_end(&mut bytes).map_err(|error| format!("{name}: {error}"))?;
        self.left = self.left.checked_sub(length as u64).ok_or_else(too_large)?;
        Ok(Some(decode(&bytes, &mut Losses::new())))
    }

    /// Returns the targets of a part's relations by id, as paths in the package.
    pub(super) fn relations(&mut self, part: &str) -> Result<HashMap<String, String>, String> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let Some(source) = self.part(&format!("{folder}/_rels/{name}.rels"))? else { return Ok(HashMap::new()) };
        let mut relations = HashMap::new();
        each_tag(&source, |tag| {
            if local(tag.name().as_ref()) == "Relationship"
                && let (Some(id), Some(target)) = (attribute(tag, "Id"), attribute(tag, "Target"))
            {
                relations.insert(id, joined(folder, &target));
            }
        })?;
        Ok(relations)
    }

    /// Returns the file. First unpacks all of it to check the limit, because the libraries that read it have no limit.
    pub(super) fn checked(mut self) -> Result<Vec<u8>, String> {
        for index in 0..self.archive.len() {
            let file = self.archive.by_index(index).map_err(|error| format!("no readable package: {error}"))?;
            let length = std::io::copy(&mut file.take(self.left + 1), &mut std::io::sink());
            let length = length.map_err(|error| format!("no readable package: {error}"))?;
            self.left = self.left.checked_sub(length).ok_or_else(too_large)?;
        }
        Ok(self.archive.into_inner().into_inner())
    }
}

fn too_large() -> String {
    format!("it unpacks to more than {MAX_UNPACKED} bytes")
}

/// Resolves a target relative to the folder of its part.
fn joined(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn reader(source: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(source);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    reader
}

/// Calls a function with every start tag of a part.
pub(super) fn each_tag(source: &str, mut see: impl FnMut(&BytesStart<'_>)) -> Result<(), String> {
    let mut reader = reader(source);
    loop {
        match reader.read_event().map_err(|error| format!("no readable XML: {error}"))? {
            Event::Start(tag) | Event::Empty(tag) => see(&tag),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// Returns the name without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Returns the attribute with this name, regardless of its prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes().flatten();
    let found = attributes.find(|attribute| local(attribute.key.as_ref()) == name)?;
    Some(found.value.as_ref().to_owned())
}

/// The kind of a paragraph, according to its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Style {
    pub heading: Option<u8>,
    pub is_item: bool,
}

/// Reads the paragraphs and tables of a part. `styles` contains the styles of its paragraphs.
pub(super) fn read(source: &str, styles: &HashMap<String, Style>) -> Result<Vec<Block>, String> {
    let mut reader = reader(source);
    let mut state = State::new(styles);
    loop {
        match reader.read_event().map_err(|error| format!("no readable XML: {error}"))? {
            Event::Start(tag) => state.start(&tag)?,
            Event::Empty(tag) => state.empty(&tag),
            Event::End(tag) => state.end(local(tag.name().as_ref())),
            Event::Text(text) => state.push_text(&text.xml10_content()),
            Event::CData(text) => state.push_text(&text.xml10_content()),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => state.push_text(c.encode_utf8(&mut [0; 4])),
                _ => state.push_text(quick_xml::escape::resolve_html5_entity(&name).unwrap_or_default()),
            },
            Event::Eof => break,
            _ => {}
        }
    }
    state.paragraph();
    Ok(state.open.into_iter().flat_map(|place| place.blocks).collect())
}

/// The position of the reader in a part.
struct State<'s> {
    styles: &'s HashMap<String, Style>,
    /// The contents of each open table so far, outermost first. The first entry is the part itself.
    open: Vec<Place>,
    text: String,
    style: Style,
    in_text: bool,
    /// Number of open elements inside an element that is skipped.
    skipped: usize,
}

#[derive(Default)]
struct Place {
    blocks: Vec<Block>,
    rows: Vec<Vec<Cell>>,
    /// Number of columns that the next cell covers.
    colspan: usize,
}

impl<'s> State<'s> {
    fn new(styles: &'s HashMap<String, Style>) -> Self {
        Self {
            styles,
            open: vec![Place::default()],
            text: String::new(),
            style: Style::default(),
            in_text: false,
            skipped: 0,
        }
    }

    fn push_text(&mut self, text: &str) {
        if self.in_text && self.skipped == 0 {
            self.text.push_str(text);
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        if self.skipped > 0 || is_skipped(tag) {
            self.skipped += 1;
            return Ok(());
        }
        match local(tag.name().as_ref()) {
            "t" => self.in_text = true,
            "p" => self.paragraph(),
            "tbl" => {
                if self.open.len() > MAX_DEPTH {
                    return Err(format!("tables are nested more than {MAX_DEPTH} deep"));
                }
                self.paragraph();
                self.open.push(Place::default());
            }
            "tr" => {
                if let Some(place) = self.open.last_mut() {
                    place.rows.push(Vec::new());
                }
            }
            "tc" => self.span(attribute(tag, "gridSpan")),
            _ => self.empty(tag),
        }
        Ok(())
    }

    fn span(&mut self, columns: Option<String>) {
        if let (Some(place), Some(columns)) = (self.open.last_mut(), columns) {
            place.colspan = columns.parse().unwrap_or(1);
        }
    }

    fn empty(&mut self, tag: &BytesStart<'_>) {
        if self.skipped > 0 {
            return;
        }
        match local(tag.name().as_ref()) {
            "tab" | "br" | "cr" => self.text.push(' '),
            "noBreakHyphen" => self.text.push('-'),
            "gridSpan" => self.span(attribute(tag, "val")),
            "pStyle" => {
                let style = attribute(tag, "val").and_then(|id| self.styles.get(&id));
                self.style = style.copied().unwrap_or(self.style);
            }
            // In slides, a shape has a type.
            "ph" => {
                let is_title = attribute(tag, "type").is_some_and(|kind| matches!(kind.as_str(), "title" | "ctrTitle"));
                self.style.heading = is_title.then_some(2);
            }
            "numPr" | "buChar" | "buAutoNum" => self.style.is_item = true,
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        match name {
            "t" => self.in_text = false,
            "p" => self.paragraph(),
            "tc" => {
                self.paragraph();
                if let Some(place) = self.open.last_mut() {
                    let content = std::mem::take(&mut place.blocks);
                    let colspan = std::mem::take(&mut place.colspan).clamp(1, 100);
                    if let Some(row) = place.rows.last_mut() {
                        row.push(Cell { colspan, content, ..Cell::default() });
                    }
                }
            }
            "tbl" if self.open.len() > 1 => {
                self.paragraph();
                if let Some(place) = self.open.pop() {
                    let header_rows = usize::from(place.rows.len() > 1);
                    self.push(Block::Table(Table { caption: Vec::new(), header_rows, rows: place.rows }));
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, block: Block) {
        if let Some(place) = self.open.last_mut() {
            place.blocks.push(block);
        }
    }

    /// Ends the current paragraph.
    fn paragraph(&mut self) {
        let text = one_line(&std::mem::take(&mut self.text));
        if text.is_empty() {
            return;
        }
        let style = std::mem::take(&mut self.style);
        let content = vec![Inline::Text(text)];
        match style {
            Style { heading: Some(level), .. } => self.push(Block::Heading { level, content }),
            Style { is_item: true, .. } => {
                let item = ListItem { checked: None, content: vec![Block::Paragraph(content)] };
                match self.open.last_mut().and_then(|place| place.blocks.last_mut()) {
                    Some(Block::List(list)) => list.items.push(item),
                    _ => self.push(Block::List(List { ordered: false, start: 1, items: vec![item] })),
                }
            }
            Style { .. } => self.push(Block::Paragraph(content)),
        }
    }
}

/// Returns whether to skip an element: a fallback that repeats the content of newer markup, or a slide number.
fn is_skipped(tag: &BytesStart<'_>) -> bool {
    match local(tag.name().as_ref()) {
        "Fallback" => true,
        "fld" => attribute(tag, "type").is_some_and(|kind| kind == "slidenum" || kind.starts_with("datetime")),
        _ => false,
    }
}

//! Reads paragraphs and tables. They have the same names in word processor documents and slides, so the same code reads both.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};

use super::super::text::{Losses, count, one_line};
use super::super::tree::{Block, Cell, Inline, List, ListItem, Table};
use super::merge;
use super::office::{Package, attribute, is_on, local, reader};

/// Maximum depth of nested tables.
const MAX_DEPTH: usize = 16;

/// The kind of a paragraph or a run, according to its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Style {
    pub heading: Option<u8>,
    pub is_item: bool,
    pub is_hidden: bool,
}

/// Reads a part and its diagrams. `styles` contains the styles of its paragraphs.
pub(super) fn part(
    package: &mut Package,
    name: &str,
    styles: &HashMap<String, Style>,
    losses: &mut Losses,
) -> Result<Option<Vec<Block>>, String> {
    let Some(source) = package.part(name)? else { return Ok(None) };
    let relations = package.relations(name)?;
    let mut diagrams = HashMap::new();
    for (id, target) in relations.of_kind("diagramData") {
        if let Some(source) = package.part(target)? {
            diagrams.insert(id.to_owned(), read(&source, styles, &HashMap::new(), losses)?);
        }
    }
    read(&source, styles, &diagrams, losses).map(Some)
}

fn read(
    source: &str,
    styles: &HashMap<String, Style>,
    diagrams: &HashMap<String, Vec<Block>>,
    losses: &mut Losses,
) -> Result<Vec<Block>, String> {
    let mut reader = reader(source);
    let mut state = State {
        styles,
        diagrams,
        losses,
        open: vec![Place::default()],
        text: String::new(),
        style: Style::default(),
        outer: Vec::new(),
        is_title: false,
        runs: Vec::new(),
        in_text: false,
        depth: 0,
        skipped: None,
        shapes: Vec::new(),
    };
    loop {
        match reader.read_event().map_err(|error| format!("no readable XML: {error}"))? {
            Event::Start(tag) => state.start(&tag)?,
            Event::Empty(tag) => {
                state.start(&tag)?;
                state.end(local(tag.name().as_ref()));
            }
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
    /// The text of diagrams, by relation.
    diagrams: &'s HashMap<String, Vec<Block>>,
    losses: &'s mut Losses,
    /// The contents of each open table so far, outermost first. The first entry is the part itself.
    open: Vec<Place>,
    text: String,
    /// The style of the innermost open paragraph.
    style: Style,
    /// The styles of the enclosing paragraphs. Paragraphs can be nested, because a text box is inside a paragraph.
    outer: Vec<Style>,
    /// Whether the next paragraph is the title of a slide.
    is_title: bool,
    /// Whether the text of each open run is hidden. Runs can be nested, because a text box is inside a run.
    runs: Vec<bool>,
    in_text: bool,
    /// Number of open elements.
    depth: usize,
    /// The depth of the element that is skipped.
    skipped: Option<usize>,
    /// The depths of the open shapes.
    shapes: Vec<usize>,
}

#[derive(Default)]
struct Place {
    blocks: Vec<Block>,
    rows: Vec<Vec<merge::Part>>,
    /// The cell that is open.
    cell: merge::Part,
}

impl State<'_> {
    fn push_text(&mut self, text: &str) {
        if self.in_text && self.skipped.is_none() && !self.runs.contains(&true) {
            self.text.push_str(text);
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        self.depth += 1;
        if self.skipped.is_some() {
            return Ok(());
        }
        if is_skipped(tag) {
            self.skipped = Some(self.depth);
            return Ok(());
        }
        match local(tag.name().as_ref()) {
            "t" => {
                self.in_text = true;
                if self.runs.contains(&true) {
                    count(self.losses, "text:hidden");
                }
            }
            "r" => self.runs.push(self.style.is_hidden),
            "rStyle" | "vanish" => self.hide_run(tag),
            "tab" | "br" | "cr" => self.text.push(' '),
            "noBreakHyphen" => self.text.push('-'),
            "p" => {
                self.paragraph();
                self.outer.push(std::mem::take(&mut self.style));
            }
            "pStyle" => {
                let style = attribute(tag, "val").and_then(|id| self.styles.get(&id));
                self.style = style.copied().unwrap_or(self.style);
            }
            "numPr" | "buChar" | "buAutoNum" => self.style.is_item = true,
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
            "tc" | "gridSpan" | "vMerge" => self.cell(tag),
            _ => self.start_shape(tag),
        }
        Ok(())
    }

    /// Reads whether the text of the innermost run is hidden.
    fn hide_run(&mut self, tag: &BytesStart<'_>) {
        // The mark of a paragraph may be hidden, too. This does not hide its text.
        let Some(run) = self.runs.last_mut() else { return };
        let value = attribute(tag, "val");
        if local(tag.name().as_ref()) == "vanish" {
            *run = is_on(value.as_deref());
        } else {
            *run |= value.and_then(|id| self.styles.get(&id)).is_some_and(|style| style.is_hidden);
        }
    }

    /// Begins a shape, or reads a property of it.
    fn start_shape(&mut self, tag: &BytesStart<'_>) {
        match local(tag.name().as_ref()) {
            "sp" | "graphicFrame" | "grpSp" | "pic" | "cxnSp" | "drawing" => {
                self.is_title = false;
                self.shapes.push(self.depth);
            }
            "cNvPr" | "docPr" => {
                let is_hidden = attribute(tag, "hidden").is_some_and(|value| is_on(Some(&value)));
                if let Some(shape) = self.shapes.last().filter(|_| is_hidden) {
                    self.skipped = Some(*shape);
                    count(self.losses, "shape:hidden");
                }
            }
            // In slides, a shape has a type.
            "ph" => {
                self.is_title =
                    attribute(tag, "type").is_some_and(|kind| matches!(kind.as_str(), "title" | "ctrTitle"));
            }
            "relIds" => {
                if let Some(diagram) = attribute(tag, "dm").and_then(|id| self.diagrams.get(&id)) {
                    self.paragraph();
                    for block in diagram {
                        self.push(block.clone());
                    }
                }
            }
            _ => {}
        }
    }

    /// Reads how many columns and rows the open cell covers.
    fn cell(&mut self, tag: &BytesStart<'_>) {
        let Some(Place { cell, .. }) = self.open.last_mut() else { return };
        let number = |name: &str| attribute(tag, name).and_then(|value| value.parse().ok()).unwrap_or(1);
        let is = |name: &str| attribute(tag, name).is_some_and(|value| is_on(Some(&value)));
        match local(tag.name().as_ref()) {
            "gridSpan" => cell.columns = number("val"),
            "vMerge" => cell.continues = attribute(tag, "val").is_none_or(|value| value == "continue"),
            _ => {
                *cell = merge::Part {
                    columns: number("gridSpan"),
                    rows: number("rowSpan"),
                    is_covered: is("hMerge") || is("vMerge"),
                    ..merge::Part::default()
                }
            }
        }
    }

    fn end(&mut self, name: &str) {
        let depth = self.depth;
        self.depth = depth.saturating_sub(1);
        if self.shapes.last().is_some_and(|shape| *shape >= depth) {
            self.shapes.pop();
        }
        if let Some(skipped) = self.skipped {
            if skipped >= depth {
                self.skipped = None;
            }
            return;
        }
        match name {
            "t" => self.in_text = false,
            "r" => {
                self.runs.pop();
            }
            "p" => {
                self.paragraph();
                self.style = self.outer.pop().unwrap_or_default();
            }
            "tc" => {
                self.paragraph();
                if let Some(place) = self.open.last_mut() {
                    let mut cell = std::mem::take(&mut place.cell);
                    cell.content = std::mem::take(&mut place.blocks);
                    if let Some(row) = place.rows.last_mut() {
                        row.push(cell);
                    }
                }
            }
            "tbl" if self.open.len() > 1 => {
                self.paragraph();
                if let Some(place) = self.open.pop() {
                    let rows: Vec<Vec<Cell>> = merge::cells(place.rows);
                    let header_rows = usize::from(rows.len() > 1);
                    self.push(Block::Table(Table { caption: Vec::new(), header_rows, rows }));
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

    /// Ends the text of the current paragraph. An empty paragraph has no effect.
    fn paragraph(&mut self) {
        let text = one_line(&std::mem::take(&mut self.text));
        if text.is_empty() {
            return;
        }
        let content = vec![Inline::Text(text)];
        let heading = if std::mem::take(&mut self.is_title) { Some(2) } else { self.style.heading };
        if let Some(level) = heading {
            self.push(Block::Heading { level, content });
        } else if self.style.is_item {
            let item = ListItem { checked: None, content: vec![Block::Paragraph(content)] };
            match self.open.last_mut().and_then(|place| place.blocks.last_mut()) {
                Some(Block::List(list)) => list.items.push(item),
                _ => self.push(Block::List(List { ordered: false, start: 1, items: vec![item] })),
            }
        } else {
            self.push(Block::Paragraph(content));
        }
    }
}

/// Returns whether to skip an element: a fallback that repeats the content of newer markup, text that was moved to another
/// place, or a slide number.
fn is_skipped(tag: &BytesStart<'_>) -> bool {
    match local(tag.name().as_ref()) {
        "Fallback" | "moveFrom" => true,
        "fld" => attribute(tag, "type").is_some_and(|kind| kind == "slidenum" || kind.starts_with("datetime")),
        _ => false,
    }
}

//! Reads one object of `entities.xml`: its id, its properties and its references.

use std::collections::HashMap;
use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::super::text::{Losses, count_many};
use super::index::Span;
use super::shortened::{MAX_SECTION, Shortened};
use super::valid::{INVALID, Valid};

/// Longer values are not kept, because they are neither names nor numbers.
const MAX_VALUE: usize = MAX_SECTION / 2;
/// Maximum number of entries that are kept for a collection.
const MAX_ENTRIES: usize = 1_000_000;

/// An object in the format of the export.
#[derive(Debug, Default)]
pub(super) struct Object {
    pub class: String,
    pub id: String,
    /// Simple values by name.
    properties: HashMap<String, String>,
    /// The class and the id of referenced objects, by name.
    references: HashMap<String, (String, String)>,
    /// Ids by name.
    collections: HashMap<String, Vec<String>>,
    /// The number of bytes in simple values that are not UTF-8. Each of them became U+FFFD.
    pub invalid_bytes: u64,
    /// The location and the line number of the property `body`.
    pub body: Option<(Span, u64)>,
}

impl Object {
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    pub(super) fn reference(&self, name: &str) -> Option<&(String, String)> {
        self.references.get(name)
    }

    pub(super) fn collection(&self, name: &str) -> &[String] {
        self.collections.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Reads the objects of an export in order.
pub(super) struct Objects<R: BufRead> {
    reader: Reader<Valid<Shortened<R>>>,
    buffer: Vec<u8>,
    /// The line number, counted from 1.
    pub line: u64,
}

/// The position of the reader in an object.
#[derive(Default)]
struct Place {
    /// The name and the class of the open property.
    property: Option<(String, String)>,
    collection: Option<String>,
    in_id: bool,
    text: String,
    /// The position and the line where the content of the open property begins.
    start: (u64, u64),
}

impl<R: BufRead> Objects<R> {
    pub(super) fn new(source: R) -> Self {
        let mut reader = Reader::from_reader(Valid::new(Shortened::new(source)));
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Self { reader, buffer: Vec::new(), line: 1 }
    }

    /// Returns the number of bytes that were read.
    fn position(&self) -> u64 {
        self.reader.buffer_position().wrapping_add(self.reader.get_ref().inner().left_out)
    }

    /// Returns the next object, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Object>, String> {
        let mut object: Option<Object> = None;
        let mut place = Place::default();
        loop {
            self.buffer.clear();
            let (before, lines_before) = (self.position(), self.reader.get_ref().inner().lines);
            let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| error.to_string())?;
            let after = before_end(&event, before);
            let lines = event.bytes().filter(|byte| *byte == b'\n').count() as u64;
            let end = match event {
                Event::Eof => {
                    return if object.is_some() { Err("the file ends inside an object".to_owned()) } else { Ok(None) };
                }
                Event::Start(tag) if tag.name().as_ref() == "object" => {
                    object = Some(Object { class: attribute(&tag, "class"), ..Object::default() });
                    false
                }
                Event::Start(tag) => {
                    place.open(&tag);
                    false
                }
                Event::Text(text) => {
                    place.push(&text.xml10_content());
                    false
                }
                Event::CData(text) => {
                    place.push(&text.xml10_content());
                    false
                }
                Event::GeneralRef(name) => {
                    let text = match name.resolve_char_ref() {
                        Ok(Some(c)) => c.to_string(),
                        _ => quick_xml::escape::resolve_html5_entity(&name).unwrap_or_default().to_owned(),
                    };
                    place.push(&text);
                    false
                }
                Event::End(tag) => {
                    let name = tag.name().as_ref().to_owned();
                    if let Some(object) = object.as_mut() {
                        place.close(&name, object, after);
                    }
                    name == "object"
                }
                _ => false,
            };
            self.line += lines + self.reader.get_ref().inner().lines - lines_before;
            if place.start.0 == 0 && place.property.is_some() {
                place.start = (self.position(), self.line);
            }
            if end && let Some(object) = object {
                return Ok(Some(object));
            }
        }
    }
}

/// Returns the position before an end tag. The content ends there.
fn before_end(event: &Event<'_>, before: u64) -> u64 {
    if matches!(event, Event::End(_)) { before } else { 0 }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> String {
    let value = tag.try_get_attribute(name).ok().flatten();
    value.map(|value| value.value.as_ref().to_owned()).unwrap_or_default()
}

impl Place {
    fn open(&mut self, tag: &BytesStart<'_>) {
        match tag.name().as_ref() {
            "property" => {
                self.property = Some((attribute(tag, "name"), attribute(tag, "class")));
                self.start = (0, 0);
                self.text.clear();
            }
            "collection" => self.collection = Some(attribute(tag, "name")),
            "id" => {
                self.in_id = true;
                self.text.clear();
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        if self.text.len() <= MAX_VALUE && (self.in_id || self.property.is_some()) {
            let room = MAX_VALUE + 1 - self.text.len();
            // Do not keep the body, because it is read later from its location in the file.
            self.text.extend(text.chars().take(room));
        }
    }

    fn close(&mut self, name: &str, object: &mut Object, position: u64) {
        match name {
            "id" => {
                self.in_id = false;
                let id = std::mem::take(&mut self.text).trim().to_owned();
                match (&self.property, &self.collection) {
                    (Some((name, class)), _) => {
                        object.references.insert(name.clone(), (class.clone(), id));
                    }
                    (None, Some(collection)) => {
                        let ids = object.collections.entry(collection.clone()).or_default();
                        if ids.len() < MAX_ENTRIES {
                            ids.push(id);
                        }
                    }
                    (None, None) => object.id = id,
                }
            }
            "property" => {
                let Some((name, _)) = self.property.take() else { return };
                if name == "body" {
                    object.body = Some((Span { start: self.start.0, end: position }, self.start.1));
                } else if self.text.len() <= MAX_VALUE {
                    object.invalid_bytes += self.text.matches(INVALID).count() as u64;
                    object.properties.insert(name, self.text.replace(INVALID, "\u{fffd}"));
                }
                self.text.clear();
            }
            "collection" => self.collection = None,
            _ => {}
        }
    }
}

/// Returns the text of a property from the bytes between its tags.
///
/// The property is a CDATA section. If it contains a body, the CDATA sections of the body end with `]] >`.
/// The parser of the body restores them. Bytes that are not UTF-8 become U+FFFD and are counted.
pub(super) fn property_text(bytes: &[u8], losses: &mut Losses) -> String {
    let invalid = bytes.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    count_many(losses, "invalid-bytes", invalid as u64);
    let source = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(source.len());
    let mut reader = Reader::from_str(&source);
    reader.config_mut().allow_dangling_amp = true;
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Text(text) => out.push_str(&text.xml10_content()),
            Event::CData(text) => out.push_str(&text.xml10_content()),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => out.push(c),
                _ => out.push_str(quick_xml::escape::resolve_html5_entity(&name).unwrap_or_default()),
            },
            Event::Eof => break,
            _ => {}
        }
    }
    out
}

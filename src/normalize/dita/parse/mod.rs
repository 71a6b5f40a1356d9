//! Parses a file into a tree of elements, within generous limits. Markup that is not well-formed is repaired, and the
//! first error is reported. An unclosed element ends with its parent or with the file.

mod references;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::dom::{Element, FileId, Node};
use super::dtd::{Declarations, Files, NoFiles};
use super::targets::Targets;
use crate::normalize::decode::decode;
use crate::normalize::document::Link;
use crate::normalize::text::{Losses, clean, count};

/// Maximum size of a file in bytes.
pub(super) const MAX_BYTES: u64 = 64 << 20;
/// Maximum depth of nested elements and of nested entities.
pub(super) const MAX_DEPTH: usize = 192;
const MAX_ENTITY_DEPTH: usize = 16;
/// Maximum number of attributes of an element.
const MAX_ATTRIBUTES: usize = 512;
/// Limit for repeated scans of broken markup, as a multiple of the file size.
const MAX_REREADING: usize = 16;
/// Maximum size of expanded entities in bytes.
const MAX_EXPANSION: usize = 4 << 20;

/// A parsed file.
#[derive(Debug)]
pub(super) struct Parsed {
    pub root: Arc<Element>,
    /// The repairs, by name.
    pub losses: Losses,
    /// Undeclared entities, and files of entities that are not in the input.
    pub lost: Vec<Link>,
    /// Files with declarations that are not in the input.
    pub undeclared: Vec<String>,
    /// The first error. The tree contains everything that could be read.
    pub fault: Option<XmlError>,
    targets: OnceLock<Arc<Targets>>,
}

impl Parsed {
    /// Returns the index of the tree. The tree must not change afterwards.
    pub fn targets(&self) -> &Arc<Targets> {
        self.targets.get_or_init(|| Arc::new(Targets::of(&self.root)))
    }
}

/// The reason why a file is not valid XML.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{problem}")]
pub(super) struct XmlError {
    /// The line, counted from 1.
    pub line: u64,
    pub problem: Problem,
}

#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Problem {
    #[error("not well-formed XML: {0}")]
    Malformed(String),
    #[error("file ends inside <{0}>")]
    Truncated(String),
    #[error("no root element")]
    Empty,
    #[error("elements are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("an element has more than {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
    #[error("entities expand to more than {MAX_EXPANSION} bytes or have more than {MAX_ENTITY_DEPTH} levels")]
    EntityExpansion,
}

/// Parses a file without reading other files.
pub(super) fn parse(bytes: &[u8], file: FileId) -> Result<Parsed, XmlError> {
    parse_at("", bytes, file, &NoFiles)
}

/// Parses the file at `path`. Every element stores `file`, the file that contains it.
/// `files` returns the declarations that the file references.
pub(super) fn parse_at(path: &str, bytes: &[u8], file: FileId, files: &dyn Files) -> Result<Parsed, XmlError> {
    let mut builder = Builder::new(path, file, files);
    let text = decode(bytes, &mut builder.losses);
    builder.feed(&text, 0).map_err(|problem| XmlError { line: builder.line, problem })?;
    builder.finish()
}

/// Parses an HTML page. End tags that HTML does not require may be missing.
pub(super) fn parse_html(html: &str, file: FileId) -> Result<Parsed, XmlError> {
    let mut builder = Builder { is_html: true, ..Builder::new("", file, &NoFiles) };
    builder.feed(html, 0).map_err(|problem| XmlError { line: builder.line, problem })?;
    let mut parsed = builder.finish()?;
    parsed.fault = None;
    parsed.losses.remove("xml:repaired");
    Ok(parsed)
}

/// HTML elements without an end tag.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Returns whether an HTML element ends where `next` begins.
fn ends_at(open: &str, next: &str) -> bool {
    match open {
        "p" => matches!(next, "p" | "ul" | "ol" | "dl" | "table" | "pre" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6"),
        "li" => next == "li",
        "dt" | "dd" => matches!(next, "dt" | "dd"),
        "tr" => next == "tr",
        "td" | "th" => matches!(next, "td" | "th" | "tr"),
        _ => false,
    }
}

/// Markup that cannot be parsed.
struct Broken<'t> {
    /// The text from the markup to the end.
    markup: &'t str,
    /// The number of bytes that were scanned.
    read: usize,
}

struct Builder<'f> {
    /// Whether to convert names to lower case and allow missing end tags.
    is_html: bool,
    path: &'f str,
    files: &'f dyn Files,
    file: FileId,
    line: u64,
    open: Vec<Element>,
    root: Option<Element>,
    declared: Declarations,
    expanded: usize,
    losses: Losses,
    lost: Vec<Link>,
    fault: Option<XmlError>,
}

impl<'f> Builder<'f> {
    fn new(path: &'f str, file: FileId, files: &'f dyn Files) -> Self {
        Self {
            is_html: false,
            path,
            files,
            file,
            line: 1,
            open: Vec::new(),
            root: None,
            declared: Declarations::default(),
            expanded: 0,
            losses: Losses::new(),
            lost: Vec::new(),
            fault: None,
        }
    }

    /// Notes the first error.
    fn fault(&mut self, problem: Problem) {
        count(&mut self.losses, "xml:repaired");
        let line = self.line;
        self.fault.get_or_insert(XmlError { line, problem });
    }

    /// Parses `text`. The replacement text of an entity is parsed with a higher `nesting`.
    fn feed(&mut self, text: &str, nesting: usize) -> Result<(), Problem> {
        let floor = self.open.len();
        let mut rest = text;
        let mut budget = text.len().saturating_mul(MAX_REREADING);
        while let Some(Broken { markup, read }) = self.feed_part(rest, nesting, floor)? {
            let Some(left) = budget.checked_sub(read) else {
                count(&mut self.losses, "xml:abandoned");
                break;
            };
            budget = left;
            // A `<` that begins no tag is text. An incomplete tag at the end of the file is ignored.
            let mut characters = markup.chars();
            rest = match (markup.strip_prefix("<![CDATA["), characters.next()) {
                (Some(text), _) => {
                    self.text(text);
                    ""
                }
                (None, Some(first)) if markup.contains('>') => {
                    self.text(first.encode_utf8(&mut [0; 4]));
                    characters.as_str()
                }
                _ => "",
            };
        }
        if nesting > 0 && self.open.len() != floor {
            self.fault(Problem::Malformed("an entity contains unbalanced markup".to_owned()));
            while self.open.len() > floor {
                self.close_last();
            }
        }
        Ok(())
    }

    /// Parses until the end, or until markup that cannot be parsed.
    fn feed_part<'t>(&mut self, text: &'t str, nesting: usize, floor: usize) -> Result<Option<Broken<'t>>, Problem> {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        // An entity may close elements that were opened outside of it. Therefore names are compared with our own stack.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let mut position = 0;
        loop {
            let markup = text.get(position..).unwrap_or_default();
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    self.fault(Problem::Malformed(error.to_string()));
                    return Ok(Some(Broken { markup, read: markup.len() }));
                }
            };
            let end = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
            match &event {
                Event::Eof => return Ok(None),
                Event::Start(tag) | Event::Empty(tag) if !is_name(tag.name().into_inner()) => {
                    self.fault(Problem::Malformed("`<` that opens no element".to_owned()));
                    return Ok(Some(Broken { markup, read: end - position }));
                }
                _ => {}
            }
            self.take(event, nesting, floor)?;
            if nesting == 0 {
                self.line += count_lines(text.get(position..end).unwrap_or_default());
            }
            position = end;
        }
    }

    fn take(&mut self, event: Event<'_>, nesting: usize, floor: usize) -> Result<(), Problem> {
        match event {
            Event::Start(tag) => {
                let element = self.element(&tag, nesting)?;
                if self.is_html {
                    while self.open.len() > floor
                        && self.open.last().is_some_and(|last| ends_at(&last.name, &element.name))
                    {
                        self.close_last();
                    }
                    if VOID.contains(&element.name.as_str()) {
                        self.close(element);
                        return Ok(());
                    }
                }
                if self.open.len() >= MAX_DEPTH {
                    return Err(Problem::TooDeep);
                }
                self.open.push(element);
            }
            Event::Empty(tag) => {
                let element = self.element(&tag, nesting)?;
                self.close(element);
            }
            Event::End(tag) if self.is_html => {
                let name = tag.name().into_inner().to_ascii_lowercase();
                if !VOID.contains(&name.as_str()) {
                    self.end(&name, floor);
                }
            }
            Event::End(tag) => self.end(tag.name().into_inner(), floor),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(&reference, nesting)?,
            Event::DocType(doctype) => {
                self.declared = Declarations::read(&doctype, self.path, self.files);
                if self.declared.is_cut {
                    count(&mut self.losses, "dtd:too-large");
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => {}
        }
        Ok(())
    }

    /// Ends the innermost open element with this name, and all unclosed elements inside it.
    fn end(&mut self, name: &str, floor: usize) {
        let inside = self.open.get(floor..).unwrap_or_default();
        let Some(depth) = inside.iter().rposition(|element| element.name == name) else {
            return self.fault(Problem::Malformed(format!("</{name}> closes nothing")));
        };
        if let Some(unclosed) = inside.get(depth + 1..).and_then(<[Element]>::last) {
            let message =
                format!("expected </{}> (opened on line {}), but found </{name}>", unclosed.name, unclosed.line);
            self.fault(Problem::Malformed(message));
        }
        while self.open.len() > floor + depth {
            self.close_last();
        }
    }

    fn close_last(&mut self) {
        if let Some(element) = self.open.pop() {
            self.close(element);
        }
    }

    fn close(&mut self, element: Element) {
        match (self.open.last_mut(), &mut self.root) {
            (Some(parent), _) => parent.children.push(Node::Element(element)),
            (None, None) => self.root = Some(element),
            (None, Some(root)) => {
                let message = format!("<{}> after the root element", element.name);
                root.children.push(Node::Element(element));
                self.fault(Problem::Malformed(message));
            }
        }
    }

    fn text(&mut self, text: &str) {
        let Some(parent) = self.open.last_mut() else { return };
        let text = clean(text, &mut self.losses);
        match parent.children.last_mut() {
            Some(Node::Text(before)) => before.push_str(&text),
            _ => parent.children.push(Node::Text(text.into_owned())),
        }
    }

    fn element(&mut self, tag: &BytesStart<'_>, nesting: usize) -> Result<Element, Problem> {
        let mut element = Element::new(tag.name().into_inner(), self.file, self.line);
        if self.is_html {
            element.name.make_ascii_lowercase();
        }
        let mut attributes = if self.is_html { tag.html_attributes() } else { tag.attributes() };
        attributes.with_checks(false);
        for attribute in attributes {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(error) => {
                    self.fault(Problem::Malformed(error.to_string()));
                    continue;
                }
            };
            if element.attributes.len() >= MAX_ATTRIBUTES {
                return Err(Problem::TooManyAttributes);
            }
            let mut value = String::with_capacity(attribute.value.len());
            self.attribute_value(&attribute.value, nesting, &mut value)?;
            // Ids and lists of words lose the whitespace around them in any XML parser that knows their type.
            let value = clean(value.trim(), &mut self.losses).into_owned();
            element.attributes.push((attribute.key.into_inner().to_owned(), value));
        }
        self.add_defaults(&mut element, nesting)?;
        Ok(element)
    }

    /// Adds the attributes that have a default value and are missing in the tag.
    fn add_defaults(&mut self, element: &mut Element, nesting: usize) -> Result<(), Problem> {
        let is_missing = |name: &str| !element.attributes.iter().any(|(known, _)| known == name);
        let missing = self.declared.defaults(&element.name).filter(|(name, _)| is_missing(name) && is_read(name));
        let missing: Vec<(String, Arc<str>)> =
            missing.map(|(name, value)| (name.to_owned(), Arc::clone(value))).collect();
        for (name, raw) in missing {
            let mut value = String::with_capacity(raw.len());
            self.attribute_value(&raw, nesting, &mut value)?;
            element.attributes.push((name, clean(&value, &mut self.losses).into_owned()));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Parsed, XmlError> {
        if let Some(element) = self.open.last() {
            self.fault(Problem::Truncated(element.name.clone()));
        }
        while !self.open.is_empty() {
            self.close_last();
        }
        match self.root {
            Some(root) => Ok(Parsed {
                root: Arc::new(root),
                losses: self.losses,
                lost: self.lost,
                undeclared: self.declared.unread,
                fault: self.fault,
                targets: OnceLock::new(),
            }),
            None => Err(XmlError { line: self.line, problem: Problem::Empty }),
        }
    }
}

/// Returns whether the value of an attribute may matter. Namespaces and lists of modules would only fill the memory.
fn is_read(attribute: &str) -> bool {
    !attribute.starts_with("xmlns") && !matches!(attribute, "domains" | "specializations" | "xml:space")
}

/// Returns whether the string is a valid element name.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | ':')) && !name.contains('<')
}

fn count_lines(text: &str) -> u64 {
    text.bytes().filter(|&byte| byte == b'\n').count() as u64
}

//! Parses storage format into a tree of elements, and tolerates errors.
//!
//! Storage format is XHTML with undeclared prefixes and with entities that XML does not define. Many stored bodies are
//! not well-formed. An HTML parser would end CDATA at the first `>`. Therefore this module uses an XML reader, repairs
//! the markup that the reader rejects, and counts the repairs. An unclosed element ends with its parent, a stray end tag
//! is ignored, and a `<` that begins no tag becomes text. Hidden elements are omitted and counted. The parser never
//! fetches anything and ignores document types.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::{resolve_html5_entity, unescape_with};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::dom::{Element, Node};
use super::hidden::is_hidden;
use crate::normalize::text::{Losses, clean, count};

/// Maximum depth of nested elements. Real pages have fewer than 50 levels.
const MAX_DEPTH: usize = 256;
/// Maximum number of attributes of an element.
const MAX_ATTRIBUTES: usize = 256;
/// Maximum number of elements and text nodes in a body.
const MAX_NODES: usize = 4_000_000;
/// Maximum size of a body in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Maximum number of repairs. Each repair may scan the rest of the body.
const MAX_REPAIRS: usize = 1_000;

/// The reason why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct ParseError {
    /// The line in the body, counted from 1.
    pub line: u64,
    pub message: String,
}

/// Adds a child. The first child gets a small allocation, because pages have many elements and most have only one child.
fn adopt(parent: &mut Element, child: Node) {
    if parent.children.is_empty() {
        parent.children.reserve_exact(1);
    }
    parent.children.push(child);
}

/// Returns whether elements with this name never have content.
fn is_void(name: &str) -> bool {
    const VOID: &[&str] = &["br", "hr", "img", "col", "input", "meta", "link", "wbr", "area", "base", "embed"];
    VOID.iter().any(|void| void.eq_ignore_ascii_case(name))
}

/// Returns whether `name` is not allowed inside `parent` and therefore ends it.
fn ends(parent: &str, name: &str) -> bool {
    match parent {
        "p" => name == "p",
        "li" => name == "li",
        "tr" => name == "tr",
        "td" | "th" => matches!(name, "td" | "th" | "tr"),
        // HTML allows `head` without an end tag. Without this rule, all text of the page would become part of the head.
        "head" => !matches!(name, "title" | "base" | "link" | "meta" | "script" | "style" | "noscript" | "template"),
        _ => false,
    }
}

/// A part of a body.
pub(super) enum Piece {
    Node(Node),
    /// The start or the end of an element that only contains other blocks. It ends the current text.
    Edge,
}

/// Elements that contain a whole page or large parts of it, and whose only effect is to end the current text.
const FRAMES: [&str; 7] = ["ac:layout", "ac:layout-section", "ac:layout-cell", "div", "section", "body", "html"];

/// Parses a fragment of storage format.
pub(super) fn fragment(source: &str, losses: &mut Losses) -> Result<Vec<Node>, ParseError> {
    build(source, losses, None)
}

/// Parses a body, and passes on its parts as soon as they are complete. Therefore the tree of a large body is never in memory
/// as a whole.
pub(super) fn each(source: &str, losses: &mut Losses, take: &mut dyn FnMut(Piece)) -> Result<(), ParseError> {
    build(source, losses, Some(take)).map(drop)
}

fn build(source: &str, losses: &mut Losses, take: Option<&mut dyn FnMut(Piece)>) -> Result<Vec<Node>, ParseError> {
    if source.len() > MAX_BYTES {
        let message = format!("the body has {} bytes, more than the maximum of {MAX_BYTES}", source.len());
        return Err(ParseError { line: 1, message });
    }
    let repaired = repair_cdata(source);
    let passing = usize::from(take.is_some());
    let mut builder = Builder { source: &repaired, losses, open: vec![Element::default()], nodes: 0, take, passing };
    builder.run()?;
    Ok(builder.finish())
}

struct Builder<'a, 't> {
    source: &'a str,
    losses: &'a mut Losses,
    /// The open elements. The first one is the fragment itself.
    open: Vec<Element>,
    nodes: usize,
    take: Option<&'a mut (dyn FnMut(Piece) + 't)>,
    /// The number of outermost open elements whose children are passed on.
    passing: usize,
}

impl Builder<'_, '_> {
    /// Passes on the children of the innermost open element except the last `kept`. More text may follow the last one.
    fn pass_on(&mut self, kept: usize) {
        if self.open.len() == self.passing
            && let (Some(take), Some(parent)) = (&mut self.take, self.open.last_mut())
        {
            let end = parent.children.len().saturating_sub(kept);
            parent.children.drain(..end).for_each(|node| take(Piece::Node(node)));
        }
    }

    fn edge(&mut self) {
        if let Some(take) = &mut self.take {
            take(Piece::Edge);
        }
    }

    fn run(&mut self) -> Result<(), ParseError> {
        let source = self.source;
        let (mut start, mut repairs) = (0, 0);
        while start < source.len() {
            let rest = source.get(start..).unwrap_or_default();
            let Some(at) = self.run_to_error(rest, start)? else { return Ok(()) };
            repairs += 1;
            if repairs > MAX_REPAIRS {
                return Err(self.error(start + at, "too much broken markup".to_owned()));
            }
            count(self.losses, "xml:broken-markup");
            start += at + self.repair(rest.get(at..).unwrap_or_default());
        }
        Ok(())
    }

    /// Reads events until the end or until markup that cannot be parsed. Returns the position of that markup.
    fn run_to_error(&mut self, rest: &str, start: usize) -> Result<Option<usize>, ParseError> {
        let mut reader = Reader::from_str(rest);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(rest.len());
            match reader.read_event() {
                Ok(Event::Eof) => return Ok(None),
                Ok(Event::Start(tag) | Event::Empty(tag)) if !is_tag(&tag) => return Ok(Some(at)),
                Ok(event) => self.event(event).map_err(|message| self.error(start + at, message))?,
                Err(_) => {
                    let at = usize::try_from(reader.error_position()).unwrap_or(at).max(at);
                    // Every iteration must make progress.
                    return Ok(Some(
                        rest.get(at..).and_then(|tail| tail.find('<')).map_or(rest.len(), |step| at + step),
                    ));
                }
            }
        }
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Start(tag) => {
                let element = self.element(&tag)?;
                self.start(element)
            }
            Event::Empty(tag) => {
                let element = self.element(&tag)?;
                self.close_implied(&element.name);
                self.push_element(element)
            }
            Event::End(tag) => {
                self.end(tag.name().as_ref());
                Ok(())
            }
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => {
                let text = clean(&text.xml10_content(), self.losses).into_owned();
                self.push(Node::CData(text))
            }
            Event::GeneralRef(reference) => {
                let text = self.reference(&reference);
                self.text(&text)
            }
            Event::DocType(_) => {
                count(self.losses, "xml:doctype");
                Ok(())
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn element(&mut self, tag: &BytesStart<'_>) -> Result<Element, String> {
        let mut name = tag.name().as_ref().to_owned();
        if !name.contains(':') {
            name.make_ascii_lowercase();
        }
        let mut attributes = Vec::new();
        for attribute in tag.html_attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                count(self.losses, "xml:broken-attribute");
                continue;
            };
            if attributes.len() == MAX_ATTRIBUTES {
                return Err(format!("the element {name} has more than {MAX_ATTRIBUTES} attributes"));
            }
            if attributes.is_empty() {
                attributes.reserve_exact(1);
            }
            let raw = attribute.value.as_ref();
            let value = unescape_with(raw, resolve_html5_entity).unwrap_or(Cow::Borrowed(raw));
            let value = clean(&value, self.losses).into_owned();
            attributes.push((attribute.key.as_ref().to_owned(), value));
        }
        Ok(Element { name, attributes, children: Vec::new() })
    }

    fn start(&mut self, element: Element) -> Result<(), String> {
        self.close_implied(&element.name);
        if is_void(&element.name) {
            return self.push_element(element);
        }
        if self.open.len() > MAX_DEPTH {
            return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
        }
        let is_frame = self.open.len() == self.passing && FRAMES.contains(&element.name.as_str());
        if is_frame && !is_hidden(&element) {
            self.pass_on(0);
            self.edge();
            self.passing += 1;
        }
        self.open.push(element);
        Ok(())
    }

    /// Ends open elements in which `name` is not allowed.
    fn close_implied(&mut self, name: &str) {
        while self.open.last().is_some_and(|open| ends(&open.name, name)) {
            count(self.losses, "xml:unclosed-element");
            self.pop();
        }
    }

    fn end(&mut self, name: &str) {
        if is_void(name) {
            return;
        }
        let matches = |open: &Element| open.name.eq_ignore_ascii_case(name);
        let Some(depth) = self.open.iter().skip(1).rev().position(matches) else {
            count(self.losses, "xml:stray-end-tag");
            return;
        };
        for _ in 0..depth {
            count(self.losses, "xml:unclosed-element");
            self.pop();
        }
        self.pop();
    }

    /// Moves the innermost open element into its parent.
    fn pop(&mut self) {
        if self.open.len() < 2 {
            return;
        }
        if self.open.len() == self.passing {
            self.pass_on(0);
            self.edge();
            self.passing -= 1;
            self.open.pop();
            return;
        }
        if let Some(mut element) = self.open.pop() {
            element.children.shrink_to_fit();
            if is_hidden(&element) {
                count(self.losses, "element:hidden");
            } else if let Some(parent) = self.open.last_mut() {
                adopt(parent, Node::Element(element));
                self.pass_on(1);
            }
        }
    }

    /// Adds an element without content, unless it is hidden.
    fn push_element(&mut self, element: Element) -> Result<(), String> {
        if is_hidden(&element) {
            count(self.losses, "element:hidden");
            return Ok(());
        }
        self.push(Node::Element(element))
    }

    fn push(&mut self, node: Node) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(format!("the body has more than {MAX_NODES} elements and text nodes"));
        }
        if let Some(parent) = self.open.last_mut() {
            adopt(parent, node);
            self.pass_on(1);
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        let text = clean(text, self.losses);
        if let Some(Node::Text(last)) = self.open.last_mut().and_then(|parent| parent.children.last_mut()) {
            last.push_str(&text);
            return Ok(());
        }
        self.push(Node::Text(text.into_owned()))
    }

    /// Returns the text of a character or entity reference. An unknown entity stays as it is written.
    fn reference(&mut self, reference: &BytesRef<'_>) -> String {
        if let Ok(Some(c)) = reference.resolve_char_ref() {
            return c.to_string();
        }
        let name: &str = reference;
        if let Some(text) = resolve_html5_entity(name) {
            text.to_owned()
        } else {
            count(self.losses, "entity:unknown");
            format!("&{name};")
        }
    }

    /// Repairs markup that cannot be parsed. Returns the number of bytes that were processed.
    fn repair(&mut self, rest: &str) -> usize {
        const CDATA: &str = "<![CDATA[";
        if let Some(body) = rest.strip_prefix(CDATA) {
            let end = body.find("</ac:").unwrap_or(body.len());
            let text = body.get(..end).unwrap_or_default();
            let text = clean(text, self.losses).into_owned();
            // The maximum number of nodes is checked with the next event.
            let _ = self.push(Node::CData(text));
            return CDATA.len() + end;
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let _ = self.text(rest.get(..first).unwrap_or_default());
        first
    }

    fn finish(mut self) -> Vec<Node> {
        while self.open.len() > 1 {
            count(self.losses, "xml:unclosed-element");
            self.pop();
        }
        self.pass_on(0);
        self.open.pop().map(|root| root.children).unwrap_or_default()
    }

    fn error(&self, at: usize, message: String) -> ParseError {
        let before = self.source.get(..at).unwrap_or(self.source);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count() as u64;
        ParseError { line, message }
    }
}

/// Returns whether this is a tag. The XML reader also reports a `<` in text as a tag.
fn is_tag(tag: &str) -> bool {
    let mut quote = None;
    for byte in tag.bytes() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'<') => return false,
            (Some(open), byte) if byte == open => quote = None,
            _ => {}
        }
    }
    tag.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Restores the end of CDATA sections, which space exports write as `]] >`.
///
/// The end is restored only if the text after it shows that the section ends there. Therefore, `[[ -n $x ]] > file` stays code.
fn repair_cdata(source: &str) -> Cow<'_, str> {
    const BROKEN: &str = "]] >";
    if !source.contains(BROKEN) {
        return Cow::Borrowed(source);
    }
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once(BROKEN) {
        out.push_str(before);
        let ends_here = after.starts_with("</ac:") || after.starts_with("<![CDATA[");
        out.push_str(if ends_here { "]]>" } else { BROKEN });
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(nodes: &[Node]) -> String {
        let part = |node: &Node| match node {
            Node::Text(text) => text.clone(),
            Node::CData(text) => format!("[{text}]"),
            Node::Element(element) => format!("<{0}>{1}</{0}>", element.name, shape(&element.children)),
        };
        nodes.iter().map(part).collect()
    }

    fn read(source: &str) -> (String, Losses) {
        let mut losses = Losses::new();
        let nodes = fragment(source, &mut losses).expect("readable");
        (shape(&nodes), losses)
    }

    #[test]
    fn entities_of_html_are_known_and_others_stay() {
        let (shape, losses) = read("<p>a&rarr;b &nope; &amp; &#228; R&D</p>");
        assert_eq!(shape, "<p>a→b &nope; & ä R&D</p>");
        assert_eq!(losses["entity:unknown"], 1);
    }

    #[test]
    fn cdata_keeps_markup_and_its_own_end_mark() {
        assert_eq!(read("<c><![CDATA[a > b && </p> ]]]]><![CDATA[> c]]></c>").0, "<c>[a > b && </p> ]]][> c]</c>");
    }

    #[test]
    fn the_end_mark_of_exports_is_restored_and_shell_tests_are_not() {
        let source = "<ac:b><![CDATA[[[ -n $x ]] > y]] ></ac:b><p>z</p>";
        assert_eq!(read(source).0, "<ac:b>[[[ -n $x ]] > y]</ac:b><p>z</p>");
    }

    #[test]
    fn broken_markup_is_repaired_and_counted() {
        let (shape, losses) = read("<p>a <b>c</p><p>1 < 2 <br> x</i>");
        assert_eq!(shape, "<p>a <b>c</b></p><p>1 < 2 <br></br> x</p>");
        assert_eq!(losses["xml:unclosed-element"], 2);
        assert_eq!(losses["xml:stray-end-tag"], 1);
        assert_eq!(read("<p>a").0, "<p>a</p>");
        assert_eq!(read("<head><title>T</title><p>a</p>").0, "<head><title>T</title></head><p>a</p>");
        assert_eq!(read("<ac:b><![CDATA[code</ac:b>").0, "<ac:b>[code]</ac:b>");
    }

    #[test]
    fn deep_nesting_is_refused_with_its_line() {
        let source = format!("\n{}", "<b>".repeat(MAX_DEPTH + 2));
        let error = fragment(&source, &mut Losses::new()).expect_err("too deep");
        assert_eq!(error.line, 2);
        assert!(error.message.contains("nested"));
    }
}

//! Reads Lightweight DITA: topics in Markdown (MDITA) and in HTML (HDITA). They are converted to DITA elements.
//! Therefore keys, references, conditions and links work as in other topics.

mod attributes;
mod elements;
mod front_matter;
mod html;
mod map;
mod markdown;

use super::dom::{Element, FileId, Node};
use super::parse::{Parsed, XmlError};

/// Marks a topic with an explicit id, which was not generated from its title.
const OWN_ID: &str = "trailblazer:own-id";
/// Marks an element that a browser does not show. Other topics may still reuse it.
pub(super) const HIDDEN: &str = "trailblazer:hidden";
/// The values of `format` for references from a map to Markdown or HTML topics.
const FORMATS: [&str; 4] = ["md", "markdown", "mdita", "hdita"];
/// The values of `format`, and the extensions, of maps in Markdown or HTML.
const MAP_FORMATS: [&str; 2] = ["mditamap", "hditamap"];

/// Returns whether a `format` identifies Lightweight DITA.
pub(super) fn is_format(format: &str) -> bool {
    FORMATS.iter().any(|known| known.eq_ignore_ascii_case(format)) || is_map_format(format)
}

/// Returns whether a `format` or a file extension identifies a map in Markdown or HTML.
pub(super) fn is_map_format(format: &str) -> bool {
    MAP_FORMATS.iter().any(|known| known.eq_ignore_ascii_case(format))
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Markdown,
    Html,
}

impl Notation {
    /// Returns the format for the extension of a path, or `None` for XML.
    pub fn of(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mdita" | "mditamap" => Some(Self::Markdown),
            "html" | "htm" | "xhtml" | "hdita" | "hditamap" => Some(Self::Html),
            _ => None,
        }
    }

    /// Returns the name of the format in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// Returns whether the content of a file is a map, or `None` if the file must be parsed to know it.
    pub fn is_map(self, bytes: &[u8]) -> Option<bool> {
        match self {
            Self::Markdown => markdown::is_map(bytes),
            Self::Html => None,
        }
    }

    /// Returns the title of a topic if it can be read without parsing the file.
    pub fn leading_title(self, bytes: &[u8], file: FileId) -> Option<Element> {
        match self {
            Self::Markdown => markdown::leading_title(bytes, file),
            Self::Html => None,
        }
    }

    /// Parses a topic or a map. With `is_map`, the file is a map even if its content does not say so.
    pub fn parse(self, bytes: &[u8], file: FileId, is_map: bool) -> Result<Parsed, XmlError> {
        match self {
            Self::Markdown => markdown::parse(bytes, file, is_map),
            Self::Html => html::parse(bytes, file, is_map),
        }
    }
}

/// Generates an id from the visible words of a title.
fn id_of(title: &Element) -> String {
    fn push(element: &Element, text: &mut String) {
        for child in &element.children {
            match child {
                Node::Text(words) => text.push_str(words),
                Node::Element(child) if child.attr(HIDDEN).is_some() => {}
                Node::Element(child) => push(child, text),
            }
        }
    }
    let mut text = String::new();
    push(title, &mut text);
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

//! Reads Lightweight DITA: topics in Markdown (MDITA) and in HTML (HDITA). They are converted to DITA elements.
//! Therefore keys, references, conditions and links work as in other topics.

mod attributes;
mod elements;
mod front_matter;
mod html;
mod markdown;

use super::dom::{Element, FileId};
use super::parse::{Parsed, XmlError};

/// Marks a topic with an explicit id, which was not generated from its title.
const OWN_ID: &str = "trailblazer:own-id";
/// The values of `format` for references from a map to Markdown or HTML topics.
const FORMATS: [&str; 4] = ["md", "markdown", "mdita", "hdita"];

/// Returns whether a `format` stands for Lightweight DITA.
pub(super) fn is_format(format: &str) -> bool {
    FORMATS.iter().any(|known| known.eq_ignore_ascii_case(format))
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
            "md" | "markdown" | "mdita" => Some(Self::Markdown),
            "html" | "htm" | "xhtml" | "hdita" => Some(Self::Html),
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

    /// Parses a topic.
    pub fn parse(self, bytes: &[u8], file: FileId) -> Result<Parsed, XmlError> {
        match self {
            Self::Markdown => markdown::parse(bytes, file),
            Self::Html => html::parse(bytes, file),
        }
    }
}

/// Generates an id from the words of a title.
fn id_of(title: &Element) -> String {
    let text = title.text().to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

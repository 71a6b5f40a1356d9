//! Lightweight DITA: topics in Markdown (MDITA) and in HTML (HDITA), read as the DITA elements that they stand for. So
//! keys, references, conditions and links work in them as in every other topic.

mod front_matter;
mod html;
mod markdown;

use super::dom::{Element, FileId};
use super::parse::{Parsed, XmlError};

/// Marks a topic whose id is its own, not made of its title.
const OWN_ID: &str = "trailblazer:own-id";
/// Formats under which maps refer to topics in Markdown and in HTML.
const FORMATS: [&str; 4] = ["md", "markdown", "mdita", "hdita"];

/// Whether a reference is to a topic of Lightweight DITA.
pub(super) fn is_format(format: &str) -> bool {
    FORMATS.contains(&format)
}

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Markdown,
    Html,
}

impl Notation {
    /// By the extension of a path; none for XML.
    pub fn of(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mdita" => Some(Self::Markdown),
            "html" | "htm" | "xhtml" | "hdita" => Some(Self::Html),
            _ => None,
        }
    }

    /// How documents name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// Reads a topic.
    pub fn parse(self, bytes: &[u8], file: FileId) -> Result<Parsed, XmlError> {
        match self {
            Self::Markdown => markdown::parse(bytes, file),
            Self::Html => html::parse(bytes, file),
        }
    }
}

/// An id out of the words of a title.
fn id_of(title: &Element) -> String {
    let text = title.text().to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

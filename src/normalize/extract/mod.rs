//! Extracts the text of files that are not pages: PDF, office documents and plain text.
//!
//! [`extract`] reads one file in this process. An untrusted file may be nested without limit, unpack to terabytes or cause a
//! panic in a library. Therefore `normalize` reads it in a separate process with limited memory and time ([`process`]).

mod body;
mod docx;
mod merge;
mod office;
mod pdf;
mod pptx;
pub mod process;
mod sheet;

use std::str::FromStr;

use super::markdown;
use super::text::{Losses, clean};
use super::tree::{Block, Inline};

/// Maximum size of a file in bytes.
pub const MAX_FILE: u64 = 32 * 1024 * 1024;
/// Maximum size of the Markdown for one file in bytes.
pub const MAX_TEXT: u64 = 8 * 1024 * 1024;

/// The kinds of files whose text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    Text,
    Markdown,
    Html,
    /// The file is not plain text.
    Binary(Format),
}

impl Kind {
    /// Returns the kind of a file by its extension, or `None` if the text of such files is not read.
    #[must_use]
    pub fn of(filename: &str) -> Option<Self> {
        let extension = filename.rsplit_once('.')?.1.to_ascii_lowercase();
        match extension.as_str() {
            "txt" | "text" | "log" => Some(Self::Text),
            "md" | "markdown" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            extension => extension.parse().ok().map(Self::Binary),
        }
    }
}

/// The formats that [`extract`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Format {
    Pdf,
    Docx,
    Pptx,
    Xlsx,
}

impl Format {
    /// Returns the name that [`Format::from_str`] reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Pptx => "pptx",
            Self::Xlsx => "xlsx",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(extension: &str) -> Result<Self, Self::Err> {
        match extension {
            "pdf" => Ok(Self::Pdf),
            "docx" | "docm" => Ok(Self::Docx),
            "pptx" | "pptm" => Ok(Self::Pptx),
            "xlsx" | "xlsm" => Ok(Self::Xlsx),
            _ => Err(format!("files that end in .{extension} are not supported")),
        }
    }
}

/// Returns the text of a file as Markdown and the counts of content that was left out, or the reason why it cannot be read. The
/// reason is in lower case without a period.
pub fn extract(format: Format, bytes: Vec<u8>) -> Result<(String, Losses), String> {
    let mut losses = Losses::new();
    let blocks = match format {
        Format::Pdf => paragraphs(&pdf::text(&bytes)?),
        Format::Docx => docx::blocks(bytes, &mut losses)?,
        Format::Pptx => pptx::blocks(bytes, &mut losses)?,
        Format::Xlsx => sheet::blocks(bytes, &mut losses)?,
    };
    let text = markdown::write(&blocks);
    if text.len() as u64 > MAX_TEXT {
        return Err(format!("it has more than {MAX_TEXT} bytes of text"));
    }
    let text = clean(&text, &mut losses).into_owned();
    Ok((text, losses))
}

/// Reads text whose paragraphs are separated by blank lines or page breaks. The lines of a paragraph become one line.
pub(super) fn paragraphs(text: &str) -> Vec<Block> {
    split(text, &Inline::Text(" ".to_owned()))
}

/// Reads plain text. Its lines stay lines.
pub(super) fn lines(text: &str) -> Vec<Block> {
    split(text, &Inline::Break)
}

/// Splits text into paragraphs with `between` between their lines.
fn split(text: &str, between: &Inline) -> Vec<Block> {
    let text = text.replace("\r\n", "\n").replace('\u{c}', "\n\n");
    let mut paragraphs: Vec<Vec<Inline>> = vec![Vec::new()];
    for line in text.lines() {
        match (line.trim(), paragraphs.last_mut()) {
            ("", _) => paragraphs.push(Vec::new()),
            (line, Some(paragraph)) => {
                if !paragraph.is_empty() {
                    paragraph.push(between.clone());
                }
                paragraph.push(Inline::Text(line.to_owned()));
            }
            (_, None) => {}
        }
    }
    paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty()).map(Block::Paragraph).collect()
}

#[cfg(test)]
mod tests;

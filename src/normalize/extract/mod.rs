//! Extracts the text of files that are not pages: PDF, office documents and plain text.
//!
//! [`extract`] reads one file in this process. An untrusted file may be nested without limit, unpack to terabytes or cause a
//! panic in a library. Therefore `normalize` reads it in a separate process with limited memory and time ([`process`]).

mod docx;
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

/// Returns the text of a file as Markdown, or the reason why it cannot be read. The reason is in lower case without a period.
pub fn extract(format: Format, bytes: Vec<u8>) -> Result<String, String> {
    let blocks = match format {
        Format::Pdf => paragraphs(&pdf::text(&bytes)?),
        Format::Docx => docx::blocks(bytes)?,
        Format::Pptx => pptx::blocks(bytes)?,
        Format::Xlsx => sheet::blocks(bytes)?,
    };
    let text = markdown::write(&blocks);
    if text.len() as u64 > MAX_TEXT {
        return Err(format!("it has more than {MAX_TEXT} bytes of text"));
    }
    Ok(clean(&text, &mut Losses::new()).into_owned())
}

/// Reads text whose paragraphs are separated by blank lines or page breaks.
pub(super) fn paragraphs(text: &str) -> Vec<Block> {
    let text = text.replace("\r\n", "\n").replace('\u{c}', "\n\n");
    let mut paragraphs: Vec<String> = vec![String::new()];
    for line in text.lines() {
        match (line.trim(), paragraphs.last_mut()) {
            ("", _) => paragraphs.push(String::new()),
            (line, Some(paragraph)) => {
                if !paragraph.is_empty() {
                    paragraph.push(' ');
                }
                paragraph.push_str(line);
            }
            (_, None) => {}
        }
    }
    let paragraphs = paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| Block::Paragraph(vec![Inline::Text(paragraph)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_decides_the_kind() {
        assert_eq!(Kind::of("Report.2024.PDF"), Some(Kind::Binary(Format::Pdf)));
        assert_eq!(Kind::of("macro.docm"), Some(Kind::Binary(Format::Docx)));
        assert_eq!(Kind::of("a.HTM"), Some(Kind::Html));
        assert_eq!(Kind::of("pdf"), None);
        assert_eq!(Kind::of("a.png"), None);
        for format in [Format::Pdf, Format::Docx, Format::Pptx, Format::Xlsx] {
            assert_eq!(format.name().parse(), Ok(format));
        }
    }

    #[test]
    fn blank_lines_and_page_breaks_separate_paragraphs_of_plain_text() {
        let text = markdown::write(&paragraphs("One\r\nline\r\n \r\nTwo\x0cThree # 3"));
        assert_eq!(text.trim(), "One line\n\nTwo\n\nThree # 3");
    }
}

//! Converts documentation to Markdown documents. This module does not access the database.
//!
//! [`read`] reads an input, and sends all documents and errors to its caller in a stable order. An error in one file
//! does not affect the other files.

pub mod document;
pub mod extract;
pub mod markdown;
pub mod project;
pub mod readers;
pub mod text;
pub mod tree;

mod binary;
mod confluence;
mod decode;
mod dita;
mod files;
mod hidden;
mod ndjson;
mod parallel;

use std::borrow::Cow;
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

pub(crate) use confluence::{ATTACHMENTS, stored_name};
pub use document::{Attachment, Document, Link};
pub use readers::Readers;

use crate::config::{Confluence, Dita};

/// The kind of documentation in an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// DITA topics and maps: a topic file, a map, or a folder.
    Dita,
    /// Confluence: a space export (zip, folder or `entities.xml`), or page files.
    Confluence,
}

/// The options from the command line, without the input itself.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The name of the input in document ids. The default is the file name of the input.
    pub collection: Option<String>,
    /// Ditaval files for DITA. If two files have a rule for the same value, the first has priority.
    pub ditaval: Vec<PathBuf>,
    /// The configuration of the DITA reader.
    pub dita: Dita,
    /// The address of the site. Relative links in Confluence are resolved against it, and DITA pages are published below it.
    pub site_url: Option<String>,
    /// The configuration of the Confluence reader.
    pub confluence: Confluence,
    /// The trailblazer program, which reads attached files that are not plain text. Without it, they are not read.
    pub program: Option<PathBuf>,
    /// Number of threads. `None` means one per core. With one, the calling thread does all the work and needs up to 32 MB of
    /// stack.
    pub threads: Option<NonZeroUsize>,
}

/// The result for one part of the input.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The document.
    Document(Box<Document>),
    /// An error.
    Failure(FileError),
    /// A file that is not documentation of this kind.
    Skipped(FileError),
    /// A notice about the whole input for its owner.
    Notice(Notice),
}

/// A notice about the whole input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whether the owner should act.
    pub is_warning: bool,
    /// One sentence in lower case, without a period.
    pub message: String,
}

/// A part of the input that could not be converted, or only partly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// The path relative to the input, with `/` as separator.
    pub path: String,
    /// The line, counted from 1, if it is known.
    pub line: Option<u64>,
    /// The error, in lower case and without a period.
    pub message: String,
}

/// The whole input cannot be read, or the caller's `emit` failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file system error.
    #[error("cannot read {path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The input does not contain the right kind of files.
    #[error("{message}")]
    Input {
        /// The error, and what to pass instead.
        message: String,
    },
    /// The caller could not process an outcome.
    #[error(transparent)]
    Emit(std::io::Error),
}

/// Maximum length of a document id in bytes, so that it fits into an index.
pub const LONGEST_ID: usize = 1024;

/// Receives each outcome immediately. An error stops the reader.
pub type Emit<'a> = &'a mut dyn FnMut(Outcome) -> std::io::Result<()>;

/// Reads a Confluence page file from memory.
/// `name` is its file name, such as `page.xml` for storage format or `page.adf` for ADF.
pub fn read_page(name: &str, bytes: &[u8], options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    confluence::read_page(name, bytes, options, emit)
}

/// Reads `input`, and emits one outcome for every document or failed file in a stable order. No id is emitted twice.
pub fn read(input: &Path, source: Source, options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    let mut seen = HashSet::new();
    let mut emit_once = |outcome: Outcome| {
        let Outcome::Document(mut document) = outcome else { return emit(outcome) };
        // Compare the ids as they will be stored.
        if let Cow::Owned(cleaned) = text::clean(&document.id, &mut document.losses) {
            document.id = cleaned;
        }
        let fault = if document.id.is_empty() {
            "its id would be empty".to_owned()
        } else if document.id.len() > LONGEST_ID {
            format!("its id would have {} bytes, more than the maximum of {LONGEST_ID}", document.id.len())
        } else if !seen.insert(document.id.clone()) {
            format!("an earlier document has the same id, {}", document.id)
        } else {
            return emit(Outcome::Document(document));
        };
        let path = document.source_path.unwrap_or(document.title);
        emit(Outcome::Failure(FileError { path, line: None, message: format!("left out: {fault}") }))
    };
    match source {
        Source::Dita => dita::read(input, options, &mut emit_once),
        Source::Confluence => confluence::read(input, options, &mut emit_once),
    }
}

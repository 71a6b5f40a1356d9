//! Documentation in, Markdown documents out. Knows no database.
//!
//! [`read`] walks an input and hands every document, and every file that could not become one, to its caller in a
//! stable order. One bad file never stops the rest.

pub mod document;
pub mod markdown;
pub mod project;
pub mod text;
pub mod tree;

mod confluence;
mod decode;
mod dita;
mod ndjson;
mod parallel;

use std::borrow::Cow;
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

pub use document::{Attachment, Document, Link};

use crate::config::{Confluence, Dita};

/// What kind of documentation an input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// DITA topics and maps: a topic file, a map, or a folder.
    Dita,
    /// Confluence: a space export (zip, folder or `entities.xml`), or page files.
    Confluence,
}

/// What the command line says beside the input.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Names the input in document ids; without it the input's own file name does.
    pub collection: Option<String>,
    /// Conditions to filter DITA by; where two files have a rule for the same value, the first holds.
    pub ditaval: Vec<PathBuf>,
    /// How DITA is read.
    pub dita: Dita,
    /// Address of the site: relative Confluence links are resolved against it, DITA pages are published below it.
    pub site_url: Option<String>,
    /// How Confluence pages are read.
    pub confluence: Confluence,
    /// Threads that convert; none is one a core. With one, the calling thread does all the work, and the deepest documents
    /// need 32 MB of its stack.
    pub threads: Option<NonZeroUsize>,
}

/// What became of one part of the input.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It became a document.
    Document(Box<Document>),
    /// It could not.
    Failure(FileError),
    /// It is nothing of the kind that was asked for, and lies beside it.
    Skipped(FileError),
    /// Something about the input as a whole that its owner should know.
    Notice(Notice),
}

/// A remark about the input as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whether the owner should do something about it.
    pub is_warning: bool,
    /// One sentence, lower case, without a full stop.
    pub message: String,
}

/// A part of the input that yielded no document, or one of what could be read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// Relative to the input, `/` between parts.
    pub path: String,
    /// Counted from 1, where known.
    pub line: Option<u64>,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
}

/// The input as a whole cannot be read, or the caller's `emit` failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file system refused.
    #[error("cannot read {path}: {source}", path = path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nothing of the wanted kind is there.
    #[error("{message}")]
    Input {
        /// What is missing and what to give instead.
        message: String,
    },
    /// The caller could not take an outcome.
    #[error(transparent)]
    Emit(std::io::Error),
}

/// Bytes that a document's id may have, so that it fits into an index.
pub const LONGEST_ID: usize = 1024;

/// Receives outcomes as they come; an error ends the reading.
pub type Emit<'a> = &'a mut dyn FnMut(Outcome) -> std::io::Result<()>;

/// Reads a Confluence page file that is in memory: `name` is what the file would be called, such as `page.xml` for
/// storage format or `page.adf` for ADF.
pub fn read_page(name: &str, bytes: &[u8], options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    confluence::read_page(name, bytes, options, emit)
}

/// Reads `input` and emits one outcome for every document or failed file, in a stable order. No id is emitted twice.
pub fn read(input: &Path, source: Source, options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    let mut seen = HashSet::new();
    let mut emit_once = |outcome: Outcome| {
        let Outcome::Document(mut document) = outcome else { return emit(outcome) };
        // As it will be stored.
        if let Cow::Owned(cleaned) = text::clean(&document.id, &mut document.losses) {
            document.id = cleaned;
        }
        let fault = if document.id.is_empty() {
            "its id would be empty".to_owned()
        } else if document.id.len() > LONGEST_ID {
            format!("its id would have {} bytes, {LONGEST_ID} at most", document.id.len())
        } else if !seen.insert(document.id.clone()) {
            format!("an earlier document has its id, {}", document.id)
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

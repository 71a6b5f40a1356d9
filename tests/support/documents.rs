//! Normalizes inputs for tests.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use trailblazer::normalize::{self, Document, FileError, Notice, Options, Outcome, Source};

/// The result of reading an input.
#[derive(Default)]
pub struct Read {
    pub documents: Vec<Document>,
    pub failures: Vec<FileError>,
    pub notices: Vec<Notice>,
}

impl Read {
    /// Returns the document with this title.
    pub fn titled(&self, title: &str) -> &Document {
        self.documents.iter().find(|document| document.title == title).expect("a document of that title")
    }
}

pub fn read(input: &Path, source: Source, options: &Options) -> Read {
    let mut read = Read::default();
    let result = normalize::read(input, source, options, &mut |outcome| {
        match outcome {
            Outcome::Document(document) => read.documents.push(*document),
            Outcome::Failure(failure) | Outcome::Skipped(failure) => read.failures.push(failure),
            Outcome::Notice(notice) => read.notices.push(notice),
        }
        Ok(())
    });
    result.expect("the input is readable as a whole");
    read
}

/// Reads Confluence files, which may be in folders.
pub fn read_files(files: &[(&str, &str)], options: &Options) -> Read {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, content) in files {
        let path = folder.path().join("input").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a written file");
    }
    read(&folder.path().join("input"), Source::Confluence, options)
}

//! Loads an artifact into the database. One transaction stores the documents and the backlog row, with limited memory.

use std::path::Path;

use chrono::{DateTime, Utc};
use postgres::{Client, Transaction};

use crate::artifact::{BrokenLine, Reader};
use crate::db::fingerprint::Row;
use crate::db::stage::{self, Loaded};
use crate::error::{Error, Result};
use crate::ids::RunId;
use crate::normalize::Document;

/// Maximum number of documents in a page.
const PAGE: usize = 128;
/// Maximum size of the texts in a page in bytes. Both limits together bound the memory usage.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Whether to commit a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Commit the load.
    Commit,
    /// Roll back after a dry run.
    RollBack,
}

/// How the run of an artifact is registered.
#[derive(Debug, Clone, Copy)]
pub struct Registration<'a> {
    /// The run.
    pub run_id: &'a RunId,
    /// The source of the run. `None` means the source of the documents, or `mixed` if they have different sources.
    pub source: Option<&'a str>,
    /// When the run was normalized. `None` means the current time of the database.
    pub normalized_at: Option<DateTime<Utc>>,
    /// The input of the documents.
    pub input: Option<&'a str>,
}

/// Loads the artifact at `path` into the run. Broken lines are skipped and passed to `on_broken`.
/// An artifact without documents is rejected, and the run keeps its documents.
///
/// `accept` receives the result before the commit. If it returns an error, the load is rolled back.
pub fn load_artifact(
    client: &mut Client,
    run: &Registration<'_>,
    path: &Path,
    on_broken: &mut dyn FnMut(&BrokenLine),
    accept: &mut dyn FnMut(&Loaded, &mut Transaction<'_>) -> Result<Verdict>,
) -> Result<Loaded> {
    stage::create(client)?;
    let mut tx = client.transaction()?;
    let staged = stage_artifact(&mut tx, run, path, on_broken, true);
    let loaded = match staged.and_then(|source| load(&mut tx, run, &source)) {
        // Another session changed the run while its unchanged documents were staged by their hash.
        Err(error) if error.is_serialization_failure() => {
            tx.rollback()?;
            tx = client.transaction()?;
            let source = stage_artifact(&mut tx, run, path, &mut |_| {}, false)?;
            load(&mut tx, run, &source)?
        }
        loaded => loaded?,
    };
    match accept(&loaded, &mut tx)? {
        Verdict::Commit => {
            stage::clear_documents(&mut tx)?;
            tx.commit()?;
        }
        Verdict::RollBack => tx.rollback()?,
    }
    Ok(loaded)
}

fn load(tx: &mut Transaction<'_>, run: &Registration<'_>, source: &str) -> Result<Loaded> {
    stage::load_documents(tx, run.run_id, source, run.normalized_at, run.input)
}

/// Stages all documents of the artifact, and returns the source of the run. With `keeps`, documents that the run already contains
/// are staged only by their hash.
fn stage_artifact(
    tx: &mut Transaction<'_>,
    run: &Registration<'_>,
    path: &Path,
    on_broken: &mut dyn FnMut(&BrokenLine),
    keeps: bool,
) -> Result<String> {
    let mut reader = Reader::open(path)?;
    stage::clear_documents(tx)?;
    let mut found_source: Option<String> = None;
    let mut page = Page::default();
    loop {
        let read = reader.read()?;
        let is_last = read.is_none();
        match read {
            None => {}
            Some(Err(broken)) => on_broken(&broken),
            Some(Ok(document)) => {
                found_source = Some(match found_source {
                    Some(known) if known != document.source_system => "mixed".into(),
                    _ => document.source_system.clone(),
                });
                page.push(document);
            }
        }
        if is_last || page.is_full() {
            page.stage(tx, run.run_id, keeps)?;
            page = Page::default();
        }
        if is_last {
            break;
        }
    }
    let found_source = found_source.ok_or_else(|| Error::NoDocument { path: path.to_owned() })?;
    let known = run.source.map(str::to_owned).or(Some(found_source).filter(|source| !source.is_empty()));
    Ok(known.unwrap_or_else(|| "mixed".into()))
}

/// Documents that are staged together.
#[derive(Debug, Default)]
struct Page {
    documents: Vec<Document>,
    bytes: usize,
}

impl Page {
    fn push(&mut self, document: Document) {
        self.bytes += document.text_md.len();
        self.documents.push(document);
    }

    fn is_full(&self) -> bool {
        self.documents.len() >= PAGE || self.bytes >= PAGE_BYTES
    }

    fn stage(&self, tx: &mut Transaction<'_>, run_id: &RunId, keeps: bool) -> Result<()> {
        let mut rows: Vec<Row<'_>> = self.documents.iter().map(stage::row).collect();
        if keeps {
            stage::keep_documents(tx, run_id, &mut rows)?;
        }
        stage::documents(tx, &rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many documents with texts of `bytes` bytes fill a page.
    fn documents_of_a_page(bytes: usize) -> usize {
        let mut page = Page::default();
        while !page.is_full() {
            page.push(Document { text_md: "x".repeat(bytes), ..Document::default() });
        }
        page.documents.len()
    }

    #[test]
    fn a_page_ends_with_the_number_of_documents_or_with_their_bytes() {
        assert_eq!(documents_of_a_page(100), PAGE);
        assert_eq!(documents_of_a_page(PAGE_BYTES / 2), 2);
        assert_eq!(documents_of_a_page(3 * PAGE_BYTES), 1);
    }
}

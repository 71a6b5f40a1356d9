//! An artifact into the database: its documents and the backlog row in one transaction, in bounded memory.

use std::path::Path;

use chrono::{DateTime, Utc};
use postgres::Client;

use crate::artifact::{BrokenLine, Reader};
use crate::db::stage::{self, Loaded};
use crate::error::{Error, Result};
use crate::ids::RunId;
use crate::normalize::Document;

/// Documents copied at a time.
const PAGE: usize = 128;

/// Loads the artifact at `path` as the run's documents. Every broken line is handed to `on_broken` and left out; an artifact without a
/// document is refused, and what the run holds stays.
///
/// Without `source`, the documents' own decides: `mixed` when they differ. Without `normalized_at`, the database's clock does.
pub fn load_artifact(
    client: &mut Client,
    run_id: &RunId,
    path: &Path,
    source: Option<&str>,
    normalized_at: Option<DateTime<Utc>>,
    on_broken: &mut dyn FnMut(&BrokenLine),
) -> Result<Loaded> {
    stage::create(client)?;
    let mut reader = Reader::open(path)?;
    let mut tx = client.transaction()?;
    stage::clear_documents(&mut tx)?;
    let mut found_source: Option<String> = None;
    let mut page: Vec<Document> = Vec::with_capacity(PAGE);
    loop {
        match reader.read()? {
            None => break,
            Some(Err(broken)) => on_broken(&broken),
            Some(Ok(document)) => {
                found_source = Some(match found_source {
                    Some(known) if known != document.source_system => "mixed".into(),
                    _ => document.source_system.clone(),
                });
                page.push(document);
            }
        }
        if page.len() == PAGE {
            stage::documents(&mut tx, &page)?;
            page.clear();
        }
    }
    stage::documents(&mut tx, &page)?;
    if found_source.is_none() {
        return Err(Error::NoDocument { path: path.to_owned() });
    }
    let source = source
        .map(str::to_owned)
        .or(found_source.filter(|source| !source.is_empty()))
        .unwrap_or_else(|| "mixed".into());
    let loaded = stage::load_documents(&mut tx, run_id, &source, normalized_at)?;
    stage::clear_documents(&mut tx)?;
    tx.commit()?;
    Ok(loaded)
}

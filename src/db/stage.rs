//! Copies rows into the session's staging tables, and calls the functions that read them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::{ToSql, Type};
use postgres::{Client, GenericClient};
use serde::Deserialize;
use serde_json::Value;

use crate::chunk::{Chunk, Kind};
use crate::db::fingerprint::Row;
use crate::db::install::CODE_VERSION;
use crate::error::Result;
use crate::ids::{ClaimToken, RunId};
use crate::language;
use crate::normalize::Document;

/// Maximum length of a label that `graphdb.load_documents` accepts, in bytes.
const LONGEST_LABEL: usize = 1024;

/// Calls `graphdb.create_staging`, which creates the staging tables of the session. A second call changes nothing.
pub fn create(client: &mut Client) -> Result<()> {
    client.batch_execute("select graphdb.create_staging()")?;
    Ok(())
}

/// Empties the staged chunks.
pub fn clear_chunks(client: &mut Client) -> Result<()> {
    client.batch_execute("truncate pg_temp.staged_chunks")?;
    Ok(())
}

/// Empties the staged documents.
pub fn clear_documents(client: &mut impl GenericClient) -> Result<()> {
    client.batch_execute("truncate pg_temp.staged_documents, pg_temp.staged_unchanged")?;
    Ok(())
}

/// Returns the columns of a document.
#[must_use]
pub fn row(document: &Document) -> Row<'_> {
    Row {
        doc_id: &document.id,
        title: &document.title,
        url: document.url.as_deref(),
        path: document.source_path.as_deref(),
        labels: short_labels(document),
        breadcrumbs: &document.breadcrumbs,
        meta: without_nul(document.stored_meta()),
        body: &document.text_md,
    }
}

/// Calls `graphdb.keep_documents`, which stages the documents of the run that did not change. Removes them from `rows`.
pub fn keep_documents(client: &mut impl GenericClient, run_id: &RunId, rows: &mut Vec<Row<'_>>) -> Result<()> {
    let known = rows.iter().filter_map(|row| Some((row.doc_id, row.sha256()?)));
    let (ids, digests): (Vec<&str>, Vec<[u8; 32]>) = known.unzip();
    let digests: Vec<&[u8]> = digests.iter().map(|digest| &digest[..]).collect();
    let changed = client.query(
        "select * from graphdb.keep_documents($1, $2, $3, $4)",
        &[&run_id.as_str(), &CODE_VERSION, &ids, &digests],
    )?;
    let changed: HashSet<&str> = changed.iter().map(|row| row.get(0)).collect();
    let hashed: HashSet<&str> = ids.into_iter().collect();
    rows.retain(|row| changed.contains(row.doc_id) || !hashed.contains(row.doc_id));
    Ok(())
}

/// Copies documents into the staging table.
pub fn documents(client: &mut impl GenericClient, rows: &[Row<'_>]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let types = [
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT_ARRAY,
        Type::TEXT_ARRAY,
        Type::JSONB,
        Type::TEXT,
        Type::TEXT,
    ];
    let sink = client.copy_in(
        "copy pg_temp.staged_documents (doc_id, title, url, path, labels, breadcrumbs, meta, body, language) from stdin (format binary)",
    )?;
    let mut writer = BinaryCopyInWriter::new(sink, &types);
    for row in rows {
        writer.write(&[
            &row.doc_id,
            &row.title,
            &row.url,
            &row.path,
            &row.labels,
            &row.breadcrumbs,
            &row.meta,
            &row.body,
            &language::detected(row.body),
        ])?;
    }
    writer.finish()?;
    Ok(())
}

/// Returns the labels that the database accepts. A longer label cannot be indexed.
fn short_labels(document: &Document) -> Vec<&str> {
    let (short, long): (Vec<&str>, Vec<&str>) =
        document.labels.iter().map(String::as_str).partition(|label| label.len() <= LONGEST_LABEL);
    if !long.is_empty() {
        log::warn!("document {}: omitted labels of more than {LONGEST_LABEL} bytes", document.id);
    }
    short
}

/// Removes NUL from `value`, because older artifacts may contain it and jsonb cannot store it.
fn without_nul(value: Value) -> Value {
    let clean = |text: String| if text.contains('\0') { text.replace('\0', "") } else { text };
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(entries) => entries.into_iter().map(|(key, value)| (clean(key), without_nul(value))).collect(),
        other => other,
    }
}

/// The result of loading a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// `registered`, `changed` or `unchanged`.
    pub outcome: String,
    /// The number of documents that the run has now.
    pub total_docs: i32,
    /// The number of new documents.
    pub added: i32,
    /// The number of changed documents.
    pub changed: i32,
    /// The number of removed documents.
    pub removed: i32,
    /// The number of unchanged documents.
    pub unchanged: i32,
    /// The first thousand changes of each kind.
    pub changes: Changes,
}

impl Loaded {
    /// Returns the result of loading `documents` documents into a new run.
    #[must_use]
    pub fn of_new_run(documents: i32) -> Self {
        Self { outcome: "registered".into(), total_docs: documents, added: documents, ..Self::default() }
    }

    /// Returns the number of documents that the run had before.
    #[must_use]
    pub fn earlier(&self) -> i32 {
        self.changed + self.removed + self.unchanged
    }
}

/// Documents that a load added, changed or removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Changes {
    pub added: Vec<NamedDocument>,
    pub changed: Vec<NamedDocument>,
    pub removed: Vec<NamedDocument>,
}

/// A document by its id and title.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct NamedDocument {
    pub doc_id: String,
    pub title: String,
}

/// Calls `graphdb.load_documents`, which replaces the documents of the run with the staged and the kept documents.
pub fn load_documents(
    client: &mut impl GenericClient,
    run_id: &RunId,
    source: &str,
    normalized_at: Option<DateTime<Utc>>,
    input: Option<&str>,
) -> Result<Loaded> {
    let row = client.query_one(
        "select * from graphdb.load_documents($1, $2, $3, $4, $5)",
        &[&run_id.as_str(), &source, &normalized_at, &CODE_VERSION, &input],
    )?;
    Ok(Loaded {
        outcome: row.get("outcome"),
        total_docs: row.get("total_docs"),
        added: row.get("added"),
        changed: row.get("changed"),
        removed: row.get("removed"),
        unchanged: row.get("unchanged"),
        changes: serde_json::from_value(row.get("changes")).unwrap_or_default(),
    })
}

/// Copies the chunks of documents into the staging table.
pub fn chunks(client: &mut Client, chunks: &[(&str, Vec<Chunk>)]) -> Result<()> {
    let types = [Type::TEXT, Type::INT4, Type::INT4, Type::INT4, Type::TEXT_ARRAY, Type::TEXT, Type::INT4, Type::TEXT];
    let sink = client.copy_in(
        "copy pg_temp.staged_chunks (doc_id, ord, byte_start, byte_end, heading_path, kind, token_count, text) \
         from stdin (format binary)",
    )?;
    let mut writer = BinaryCopyInWriter::new(sink, &types);
    for (doc_id, chunks) in chunks {
        for (ord, chunk) in chunks.iter().enumerate() {
            let row: [&(dyn ToSql + Sync); 8] = [
                doc_id,
                &int(ord),
                &int(chunk.range.start),
                &int(chunk.range.end),
                &chunk.heading_path,
                &kind(chunk.kind),
                &int(chunk.token_count),
                &chunk.text,
            ];
            writer.write(&row)?;
        }
    }
    writer.finish()?;
    Ok(())
}

/// Calls `graphdb.replace_chunks`, which stores the staged chunks for the documents that `run_documents` returned.
pub fn replace_chunks(
    client: &mut impl GenericClient,
    run_id: &RunId,
    token: ClaimToken,
    chunking: &str,
) -> Result<()> {
    client.execute("select graphdb.replace_chunks($1, $2, $3)", &[&run_id.as_str(), &token.0, &chunking])?;
    Ok(())
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Code => "code",
        Kind::Table => "table",
    }
}

/// Converts a position in a body. The number always fits, because PostgreSQL cannot store a text of more than 1 GiB.
fn int(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

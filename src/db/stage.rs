//! Binary COPY into the session's staging tables, and the functions that take what was copied.

use chrono::{DateTime, Utc};
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::{ToSql, Type};
use postgres::{Client, GenericClient};
use serde_json::Value;

use crate::chunk::{Chunk, Kind};
use crate::db::install::CODE_VERSION;
use crate::error::Result;
use crate::ids::{ClaimToken, RunId};
use crate::normalize::Document;

/// `graphdb.create_staging`: makes the session's staging tables, once; a second call changes nothing.
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
    client.batch_execute("truncate pg_temp.staged_documents")?;
    Ok(())
}

/// Copies documents into the staging table.
pub fn documents(client: &mut impl GenericClient, documents: &[Document]) -> Result<()> {
    let types =
        [Type::TEXT, Type::TEXT, Type::TEXT, Type::TEXT, Type::TEXT_ARRAY, Type::TEXT_ARRAY, Type::JSONB, Type::TEXT];
    let sink = client.copy_in(
        "copy pg_temp.staged_documents (doc_id, title, url, path, labels, breadcrumbs, meta, body) from stdin (format binary)",
    )?;
    let mut writer = BinaryCopyInWriter::new(sink, &types);
    for document in documents {
        let meta = without_nul(document.stored_meta());
        writer.write(&[
            &document.id,
            &document.title,
            &document.url,
            &document.source_path,
            &document.labels,
            &document.breadcrumbs,
            &meta,
            &document.text_md,
        ])?;
    }
    writer.finish()?;
    Ok(())
}

/// Returns `value` without the one character that jsonb cannot hold: older artifacts carry whatever their source said.
fn without_nul(value: Value) -> Value {
    let clean = |text: String| if text.contains('\0') { text.replace('\0', "") } else { text };
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(entries) => entries.into_iter().map(|(key, value)| (clean(key), without_nul(value))).collect(),
        other => other,
    }
}

/// What loading a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// `registered`, `changed` or `unchanged`.
    pub outcome: String,
    /// Documents of the run now.
    pub total_docs: i32,
}

/// `graphdb.load_documents`: the staged documents become the run's.
pub fn load_documents(
    client: &mut impl GenericClient,
    run_id: &RunId,
    source: &str,
    normalized_at: Option<DateTime<Utc>>,
) -> Result<Loaded> {
    let row = client.query_one(
        "select * from graphdb.load_documents($1, $2, $3, $4)",
        &[&run_id.as_str(), &source, &normalized_at, &CODE_VERSION],
    )?;
    Ok(Loaded { outcome: row.get("outcome"), total_docs: row.get("total_docs") })
}

/// Copies the chunks of a document into the staging table.
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

/// `graphdb.replace_chunks`: the staged chunks become the run's.
pub fn replace_chunks(client: &mut impl GenericClient, run_id: &RunId, token: ClaimToken) -> Result<()> {
    client.execute("select graphdb.replace_chunks($1, $2)", &[&run_id.as_str(), &token.0])?;
    Ok(())
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Code => "code",
        Kind::Table => "table",
    }
}

/// A body is below 1 GiB, the most that Postgres stores in a text.
fn int(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

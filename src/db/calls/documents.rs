//! Documents, for workers and for messages.

use postgres::{Client, GenericClient};

use crate::error::Result;
use crate::ids::RunId;

/// A document for the chunk phase.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.run_documents")]
pub struct StoredDocument {
    pub doc_id: String,
    pub title: String,
    pub body: String,
}

/// Calls `graphdb.run_documents`. Returns at most `limit` documents after `after`.
/// Returns fewer if their bodies reach `max_bytes`. `chunking` describes how the worker makes chunks. If it is set, the
/// result contains only documents that this worker must chunk.
pub fn run_documents(
    client: &mut impl GenericClient,
    run_id: &RunId,
    after: &str,
    limit: i32,
    max_bytes: i64,
    chunking: Option<&str>,
) -> Result<Vec<StoredDocument>> {
    let rows = client.query(
        "select d.doc_id, d.title, d.body from graphdb.run_documents($1, $2, $3, $4, $5) as d",
        &[&run_id.as_str(), &after, &limit, &max_bytes, &chunking],
    )?;
    Ok(rows.iter().map(|row| StoredDocument { doc_id: row.get(0), title: row.get(1), body: row.get(2) }).collect())
}

/// Calls `graphdb.overlapping_runs`.
/// Returns the runs that contain documents of `run_id` and the number of these documents, highest number first.
pub fn overlapping_runs(client: &mut impl GenericClient, run_id: &RunId) -> Result<Vec<(RunId, i64)>> {
    let rows = client.query("select * from graphdb.overlapping_runs($1)", &[&run_id.as_str()])?;
    Ok(rows.iter().map(|row| (super::run_id(row, "run_id"), row.get("documents"))).collect())
}

/// Returns a run other than `run_id` that has the same description of its input, if there is one.
pub fn run_of_input(client: &mut impl GenericClient, input: &str, run_id: &RunId) -> Result<Option<RunId>> {
    let one =
        "select l.run_id from graphdb.list_runs() as l where l.input = $1 and l.run_id <> $2 order by l.run_id limit 1";
    Ok(client.query_opt(one, &[&input, &run_id.as_str()])?.map(|row| super::run_id(&row, "run_id")))
}

/// Returns another run that a search finds documents of, although this run has documents with the same addresses, and their
/// number.
pub fn run_with_same_urls(client: &mut impl GenericClient, run_id: &RunId) -> Result<Option<(RunId, i64)>> {
    let most = "select o.run_id, count(*) as documents \
                from graphdb.documents as d \
                join graphdb.documents as o on o.url = d.url and o.run_id <> d.run_id and o.doc_id <> d.doc_id and o.is_searched \
                where d.run_id = $1 and d.is_current \
                group by o.run_id order by documents desc, o.run_id limit 1";
    let found = client.query_opt(most, &[&run_id.as_str()])?;
    Ok(found.map(|row| (super::run_id(&row, "run_id"), row.get("documents"))))
}

/// Calls `graphdb.list_sources`. Returns the sources of all runs, most frequent first.
pub fn list_sources(client: &mut Client) -> Result<Vec<String>> {
    Ok(client.query("select l.source from graphdb.list_sources() as l", &[])?.iter().map(|row| row.get(0)).collect())
}

/// Calls `graphdb.list_meta_keys`. Returns the keys in the metadata of the documents that searches can find, most frequent first.
pub fn list_meta_keys(client: &mut Client) -> Result<Vec<String>> {
    let rows = client.query("select k.name from graphdb.list_meta_keys() as k", &[])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Calls `graphdb.list_labels`. Returns the labels of the documents that searches can find, most frequent first.
pub fn list_labels(client: &mut Client) -> Result<Vec<String>> {
    Ok(client.query("select l.label from graphdb.list_labels() as l", &[])?.iter().map(|row| row.get(0)).collect())
}

//! Documents for people and programs: a document by name, lists, and the contents of searches and runs.

use std::collections::HashMap;

use postgres::{GenericClient, Row};
use serde_json::Value;

use super::search::SearchFilter;
use crate::error::Result;
use crate::ids::RunId;

/// A whole document.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of graphdb.find_document")]
pub struct FoundDocument {
    pub run_id: String,
    pub doc_id: String,
    pub title: String,
    pub url: Option<String>,
    pub path: Option<String>,
    pub source: String,
    pub labels: Vec<String>,
    pub breadcrumbs: Vec<String>,
    pub meta: Value,
    pub body: String,
    pub is_searched: bool,
}

/// The principals of the reader. `None` means the principals that were granted to the database role.
pub type Principals<'a> = Option<&'a [String]>;

/// Calls `graphdb.find_document`. Returns the document `name` from `run_id` or, without a run, the version that searches can find.
pub fn find_document(
    client: &mut impl GenericClient,
    name: &str,
    run_id: Option<&RunId>,
    principals: Principals<'_>,
) -> Result<Option<FoundDocument>> {
    // The database cannot store this character.
    if name.contains('\0') {
        return Ok(None);
    }
    let row = client.query_opt(
        "select * from graphdb.find_document($1, $2, $3)",
        &[&name, &run_id.map(RunId::as_str), &principals],
    )?;
    Ok(row.map(|row| FoundDocument {
        run_id: row.get("run_id"),
        doc_id: row.get("doc_id"),
        title: row.get("title"),
        url: row.get("url"),
        path: row.get("path"),
        source: row.get("source"),
        labels: row.get("labels"),
        breadcrumbs: row.get("breadcrumbs"),
        meta: row.get("meta"),
        body: row.get("body"),
        is_searched: row.get("is_searched"),
    }))
}

/// A document in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.list_documents")]
pub struct ListedDocument {
    pub run_id: String,
    pub doc_id: String,
    pub title: String,
    pub url: Option<String>,
    pub bytes: i32,
}

/// Calls `graphdb.list_documents`. Returns at most `limit` documents after `after`.
pub fn list_documents(
    client: &mut impl GenericClient,
    after: &str,
    limit: i32,
    filter: &SearchFilter,
) -> Result<Vec<ListedDocument>> {
    let rows =
        client.query("select * from graphdb.list_documents($1, $2, $3)", &[&after, &limit, &filter.to_json()])?;
    let listed = |row: &Row| ListedDocument {
        run_id: row.get("run_id"),
        doc_id: row.get("doc_id"),
        title: row.get("title"),
        url: row.get("url"),
        bytes: row.get("bytes"),
    };
    Ok(rows.iter().map(listed).collect())
}

/// A value by which a search can be filtered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.search_facets")]
pub struct Facet {
    pub facet: String,
    pub value: String,
    pub documents: i64,
}

/// Calls `graphdb.search_facets`. Returns the `limit` most frequent values of each kind.
pub fn search_facets(client: &mut impl GenericClient, filter: &SearchFilter, limit: i32) -> Result<Vec<Facet>> {
    let rows = client.query("select * from graphdb.search_facets($1, $2)", &[&filter.to_json(), &limit])?;
    let facet = |row: &Row| Facet { facet: row.get("facet"), value: row.get("value"), documents: row.get("documents") };
    Ok(rows.iter().map(facet).collect())
}

/// A document of a run, with its state.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of graphdb.run_contents")]
pub struct RunDocument {
    pub doc_id: String,
    pub title: String,
    pub path: Option<String>,
    pub is_searched: bool,
    pub bytes: i32,
    pub chunks: i64,
    pub tokens: i64,
    pub losses: Value,
}

/// Calls `graphdb.run_contents`. Returns at most `limit` documents after `after`.
pub fn run_contents(
    client: &mut impl GenericClient,
    run_id: &RunId,
    after: &str,
    limit: i32,
    principals: Principals<'_>,
) -> Result<Vec<RunDocument>> {
    let rows = client.query(
        "select * from graphdb.run_contents($1, $2, $3, $4)",
        &[&run_id.as_str(), &after, &limit, &principals],
    )?;
    let document = |row: &Row| RunDocument {
        doc_id: row.get("doc_id"),
        title: row.get("title"),
        path: row.get("path"),
        is_searched: row.get("is_searched"),
        bytes: row.get("bytes"),
        chunks: row.get("chunks"),
        tokens: row.get("tokens"),
        losses: row.get("losses"),
    };
    Ok(rows.iter().map(document).collect())
}

/// Calls `graphdb.run_visibility`. Returns the number of documents in the run that searches return, and how many of
/// them have readers.
pub fn run_visibility(client: &mut impl GenericClient, run_id: &RunId) -> Result<(i64, i64)> {
    let row = client.query_one("select * from graphdb.run_visibility($1)", &[&run_id.as_str()])?;
    Ok((row.get("searched"), row.get("restricted")))
}

/// Content of a run that was lost during normalization.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.run_losses")]
pub struct Loss {
    pub loss: String,
    pub documents: i64,
    pub occurrences: i64,
}

/// Calls `graphdb.run_losses`. The most frequent loss comes first.
pub fn run_losses(client: &mut impl GenericClient, run_id: &RunId, principals: Principals<'_>) -> Result<Vec<Loss>> {
    let rows = client.query("select * from graphdb.run_losses($1, $2)", &[&run_id.as_str(), &principals])?;
    let loss = |row: &Row| Loss {
        loss: row.get("loss"),
        documents: row.get("documents"),
        occurrences: row.get("occurrences"),
    };
    Ok(rows.iter().map(loss).collect())
}

/// Calls `graphdb.chunk_sizes`. Returns the lower bound of each range of `step` tokens, and the number of chunks in the
/// range.
pub fn chunk_sizes(
    client: &mut impl GenericClient,
    run_id: &RunId,
    step: i32,
    principals: Principals<'_>,
) -> Result<Vec<(i32, i64)>> {
    let rows =
        client.query("select * from graphdb.chunk_sizes($1, $2, $3)", &[&run_id.as_str(), &step, &principals])?;
    Ok(rows.iter().map(|row| (row.get("from_tokens"), row.get("chunks"))).collect())
}

/// The data of a document that a list of hits shows, and that a search does not return.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "columns of graphdb.describe_documents")]
pub struct Description {
    pub source: String,
    pub breadcrumbs: Vec<String>,
    pub language: Option<String>,
}

/// Calls `graphdb.describe_documents`. Documents are identified by run and id.
pub fn describe_documents(
    client: &mut impl GenericClient,
    run_ids: &[&str],
    doc_ids: &[&str],
    principals: Principals<'_>,
) -> Result<HashMap<(String, String), Description>> {
    let rows =
        client.query("select * from graphdb.describe_documents($1, $2, $3)", &[&run_ids, &doc_ids, &principals])?;
    let described = |row: &Row| {
        let description = Description {
            source: row.get("source"),
            breadcrumbs: row.get("breadcrumbs"),
            language: row.get("language"),
        };
        ((row.get("run_id"), row.get("doc_id")), description)
    };
    Ok(rows.iter().map(described).collect())
}

/// Calls `graphdb.chunk_start`. Returns the byte position in the document's body at which a chunk begins.
pub fn chunk_start(
    client: &mut impl GenericClient,
    run_id: &str,
    doc_id: &str,
    ord: i32,
    principals: Principals<'_>,
) -> Result<Option<usize>> {
    let start: Option<i32> =
        client.query_one("select graphdb.chunk_start($1, $2, $3, $4)", &[&run_id, &doc_id, &ord, &principals])?.get(0);
    Ok(start.and_then(|start| usize::try_from(start).ok()))
}

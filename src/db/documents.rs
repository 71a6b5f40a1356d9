//! Documents as people and programs read them: one by name, a list, and what searches and runs hold.

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

/// `graphdb.find_document`: the document that `name` means, in `run_id` or in the version that a search sees.
pub fn find_document(
    client: &mut impl GenericClient,
    name: &str,
    run_id: Option<&RunId>,
) -> Result<Option<FoundDocument>> {
    // No text in the database has the character.
    if name.contains('\0') {
        return Ok(None);
    }
    let row = client.query_opt("select * from graphdb.find_document($1, $2)", &[&name, &run_id.map(RunId::as_str)])?;
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

/// `graphdb.list_documents`: a page of at most `limit` documents after `after`.
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

/// Something that a search can be narrowed by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.search_facets")]
pub struct Facet {
    pub facet: String,
    pub value: String,
    pub documents: i64,
}

/// `graphdb.search_facets`: of each kind the `limit` most frequent values.
pub fn search_facets(client: &mut impl GenericClient, filter: &SearchFilter, limit: i32) -> Result<Vec<Facet>> {
    let rows = client.query("select * from graphdb.search_facets($1, $2)", &[&filter.to_json(), &limit])?;
    let facet = |row: &Row| Facet { facet: row.get("facet"), value: row.get("value"), documents: row.get("documents") };
    Ok(rows.iter().map(facet).collect())
}

/// A document of a run, with what became of it.
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

/// `graphdb.run_contents`: a page of at most `limit` documents after `after`.
pub fn run_contents(
    client: &mut impl GenericClient,
    run_id: &RunId,
    after: &str,
    limit: i32,
) -> Result<Vec<RunDocument>> {
    let rows = client.query("select * from graphdb.run_contents($1, $2, $3)", &[&run_id.as_str(), &after, &limit])?;
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

/// Something that normalizing lost in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.run_losses")]
pub struct Loss {
    pub loss: String,
    pub documents: i64,
    pub occurrences: i64,
}

/// `graphdb.run_losses`: the most frequent first.
pub fn run_losses(client: &mut impl GenericClient, run_id: &RunId) -> Result<Vec<Loss>> {
    let rows = client.query("select * from graphdb.run_losses($1)", &[&run_id.as_str()])?;
    let loss = |row: &Row| Loss {
        loss: row.get("loss"),
        documents: row.get("documents"),
        occurrences: row.get("occurrences"),
    };
    Ok(rows.iter().map(loss).collect())
}

/// `graphdb.chunk_sizes`: the lower end of each range of `step` tokens, and the chunks in it.
pub fn chunk_sizes(client: &mut impl GenericClient, run_id: &RunId, step: i32) -> Result<Vec<(i32, i64)>> {
    let rows = client.query("select * from graphdb.chunk_sizes($1, $2)", &[&run_id.as_str(), &step])?;
    Ok(rows.iter().map(|row| (row.get("from_tokens"), row.get("chunks"))).collect())
}

/// What a list of hits shows of a document besides its title.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.describe_documents")]
pub struct Description {
    pub path: Option<String>,
    pub source: String,
    pub labels: Vec<String>,
    pub breadcrumbs: Vec<String>,
    pub language: Option<String>,
    pub updated_at: Option<String>,
}

/// `graphdb.describe_documents`, by run and document.
pub fn describe_documents(
    client: &mut impl GenericClient,
    run_ids: &[&str],
    doc_ids: &[&str],
) -> Result<HashMap<(String, String), Description>> {
    let rows = client.query("select * from graphdb.describe_documents($1, $2)", &[&run_ids, &doc_ids])?;
    let described = |row: &Row| {
        let description = Description {
            path: row.get("path"),
            source: row.get("source"),
            labels: row.get("labels"),
            breadcrumbs: row.get("breadcrumbs"),
            language: row.get("language"),
            updated_at: row.get("updated_at"),
        };
        ((row.get("run_id"), row.get("doc_id")), description)
    };
    Ok(rows.iter().map(described).collect())
}

/// `graphdb.chunk_start`: the byte of the document's body at which a chunk begins.
pub fn chunk_start(client: &mut impl GenericClient, run_id: &str, doc_id: &str, ord: i32) -> Result<Option<usize>> {
    let start: Option<i32> =
        client.query_one("select graphdb.chunk_start($1, $2, $3)", &[&run_id, &doc_id, &ord])?.get(0);
    Ok(start.and_then(|start| usize::try_from(start).ok()))
}

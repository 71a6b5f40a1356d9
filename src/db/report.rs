//! What the report says of documents: counts, each with the pages behind it.

use postgres::types::Json;
use postgres::{GenericClient, Row};
use serde::Deserialize;

use crate::error::Result;
use crate::ids::RunId;

/// Documents that have a value in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What the value is about: `source`, `language`, `loss` …
    pub kind: String,
    /// The value that the documents share.
    pub value: String,
    /// How many they are.
    pub documents: i64,
    /// Sum of the weights of all pages: bytes, days, losses, links or chunks.
    pub occurrences: i64,
    /// Values of the kind that are not returned because they are rare.
    pub further_values: i64,
    /// Those with the largest weight.
    pub pages: Vec<Page>,
}

/// A document in a list of the report.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the keys of pages in graphdb.report_documents")]
pub struct Page {
    pub run_id: String,
    pub doc_id: String,
    pub title: String,
    pub url: Option<String>,
    pub path: Option<String>,
    #[serde(default)]
    pub weight: i64,
}

/// `graphdb.report_documents`: with at most `limit` pages in each group.
pub fn documents(client: &mut impl GenericClient, run_id: Option<&RunId>, limit: i32) -> Result<Vec<Group>> {
    let rows = client.query("select * from graphdb.report_documents($1, $2)", &[&run_id.map(RunId::as_str), &limit])?;
    Ok(rows.iter().map(group).collect())
}

/// `graphdb.report_chunks`: with at most `limit` pages in each group.
pub fn chunks(client: &mut impl GenericClient, run_id: Option<&RunId>, limit: i32) -> Result<Vec<Group>> {
    let rows = client.query("select * from graphdb.report_chunks($1, $2)", &[&run_id.map(RunId::as_str), &limit])?;
    Ok(rows.iter().map(group).collect())
}

fn group(row: &Row) -> Group {
    Group {
        kind: row.get("kind"),
        value: row.get("value"),
        documents: row.get("documents"),
        occurrences: row.get("occurrences"),
        further_values: row.get("further_values"),
        pages: row.get::<_, Json<Vec<Page>>>("pages").0,
    }
}

/// Documents that say the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicates {
    /// Their bodies are the same. Otherwise their vectors are alike.
    pub is_identical: bool,
    /// Cosine of the vectors, 1 for identical bodies.
    pub similarity: f64,
    /// How many they are.
    pub documents: i64,
    /// At most twenty of them.
    pub pages: Vec<Page>,
}

/// `graphdb.report_duplicates`: at most `limit` of each kind.
pub fn duplicates(client: &mut impl GenericClient, run_id: Option<&RunId>, limit: i32) -> Result<Vec<Duplicates>> {
    let rows =
        client.query("select * from graphdb.report_duplicates($1, $2)", &[&run_id.map(RunId::as_str), &limit])?;
    let duplicates = |row: &Row| Duplicates {
        is_identical: row.get::<_, &str>("kind") == "identical",
        similarity: row.get("similarity"),
        documents: row.get("documents"),
        pages: row.get::<_, Json<Vec<Page>>>("pages").0,
    };
    Ok(rows.iter().map(duplicates).collect())
}

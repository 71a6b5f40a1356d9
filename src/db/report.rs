//! Queries the data of the report: counts of documents, each with a list of pages.

use chrono::{DateTime, NaiveDate, Utc};
use postgres::types::Json;
use postgres::{GenericClient, Row};
use serde::Deserialize;

use crate::error::Result;
use crate::ids::RunId;

/// Documents with the same value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The kind of the value: `source`, `language`, `loss` …
    pub kind: String,
    /// The value that the documents share.
    pub value: String,
    /// Number of these documents.
    pub documents: i64,
    /// Sum of the weights of all pages: bytes, days, losses, links or chunks.
    pub occurrences: i64,
    /// Number of rarer values of this kind that are not returned.
    pub further_values: i64,
    /// The pages with the largest weight.
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

/// Calls `graphdb.report_documents` with at most `limit` pages in each group.
pub fn documents(client: &mut impl GenericClient, run_id: Option<&RunId>, limit: i32) -> Result<Vec<Group>> {
    let rows = client.query("select * from graphdb.report_documents($1, $2)", &[&run_id.map(RunId::as_str), &limit])?;
    Ok(rows.iter().map(group).collect())
}

/// Calls `graphdb.report_chunks` with at most `limit` pages in each group.
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

/// Identical or similar documents.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicates {
    /// Whether the bodies are identical. If not, the vectors are similar.
    pub is_identical: bool,
    /// Cosine similarity of the vectors; 1 for identical bodies.
    pub similarity: f64,
    /// Number of these documents.
    pub documents: i64,
    /// These documents.
    pub pages: Vec<Page>,
}

/// Calls `graphdb.report_duplicates`. Returns at most `limit` groups of each kind.
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

/// The claims that ended on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day in UTC.
    pub day: NaiveDate,
    /// Whether the claims failed. If not, their runs were embedded.
    pub is_failure: bool,
    /// Number of these claims.
    pub attempts: i64,
    /// The last of these claims.
    pub runs: Vec<Ended>,
}

/// A claim that ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the keys of runs in graphdb.report_attempts")]
pub struct Ended {
    pub run_id: String,
    pub phase: String,
    pub outcome: String,
    pub ended_at: DateTime<Utc>,
    pub error: Option<String>,
}

/// Calls `graphdb.report_attempts` for the last `days` days with at most `limit` claims in each list.
pub fn attempts(client: &mut impl GenericClient, run_id: Option<&RunId>, days: i32, limit: i32) -> Result<Vec<Day>> {
    let rows = client
        .query("select * from graphdb.report_attempts($1, $2, $3)", &[&run_id.map(RunId::as_str), &days, &limit])?;
    let day = |row: &Row| Day {
        day: row.get("day"),
        is_failure: row.get::<_, &str>("kind") == "failed",
        attempts: row.get("attempts"),
        runs: row.get::<_, Json<Vec<Ended>>>("runs").0,
    };
    Ok(rows.iter().map(day).collect())
}

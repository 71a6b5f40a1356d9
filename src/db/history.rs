//! Statistics about the past work of the backlog.

use std::time::Duration;

use chrono::{DateTime, Utc};
use postgres::{GenericClient, Row};

use super::calls::Run;
use crate::error::Result;
use crate::ids::RunId;

/// The work that ended in one interval.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.backlog_history")]
pub struct Interval {
    pub since: DateTime<Utc>,
    pub chunked: i64,
    pub embedded: i64,
    pub failed: i64,
    pub chunks: i64,
}

/// Calls `graphdb.backlog_history` for a caller with these principals. Returns the last `count` intervals of `length`, oldest first.
pub fn backlog_history(
    client: &mut impl GenericClient,
    length: Duration,
    count: i32,
    principals: Option<&[String]>,
) -> Result<Vec<Interval>> {
    let rows = client.query(
        "select * from graphdb.backlog_history(make_interval(secs => $1), $2, $3)",
        &[&length.as_secs_f64(), &count, &principals],
    )?;
    let interval = |row: &Row| Interval {
        since: row.get("since"),
        chunked: row.get("chunked"),
        embedded: row.get("embedded"),
        failed: row.get("failed"),
        chunks: row.get("chunks"),
    };
    Ok(rows.iter().map(interval).collect())
}

/// The number of claims with the same outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.attempt_totals")]
pub struct AttemptTotal {
    pub phase: String,
    pub outcome: String,
    pub attempts: i64,
}

/// `graphdb.attempt_totals`
pub fn attempt_totals(client: &mut impl GenericClient) -> Result<Vec<AttemptTotal>> {
    let rows = client.query("select * from graphdb.attempt_totals()", &[])?;
    let total = |row: &Row| AttemptTotal {
        phase: row.get("phase"),
        outcome: row.get("outcome"),
        attempts: row.get("attempts"),
    };
    Ok(rows.iter().map(total).collect())
}

/// The contents of all runs together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.content_totals")]
pub struct ContentTotals {
    pub documents: i64,
    pub chunks: i64,
    pub embedded_chunks: i64,
}

/// Calls `graphdb.content_totals` for a caller with these principals. `None` means the principals of the database role.
pub fn content_totals(client: &mut impl GenericClient, principals: Option<&[String]>) -> Result<ContentTotals> {
    let row = client.query_one("select * from graphdb.content_totals($1)", &[&principals])?;
    Ok(ContentTotals {
        documents: row.get("documents"),
        chunks: row.get("chunks"),
        embedded_chunks: row.get("embedded_chunks"),
    })
}

/// Calls `graphdb.set_priority`. Returns the run after the change, or as it would be after it.
pub fn set_priority(client: &mut impl GenericClient, run_id: &RunId, priority: i16, dry_run: bool) -> Result<Run> {
    let row = client.query_one(
        "select * from graphdb.set_priority($1, $2, $3)",
        &[&run_id.as_str(), &i32::from(priority), &dry_run],
    )?;
    Ok(Run::from_row(&row))
}

/// Calls `graphdb.clock`. Returns the current time of the backlog.
pub fn clock(client: &mut impl GenericClient) -> Result<DateTime<Utc>> {
    Ok(client.query_one("select graphdb.clock()", &[])?.get(0))
}

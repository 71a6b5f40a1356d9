//! Workers, queues and progress: one typed call for each SQL function.

use std::time::Duration;

use chrono::{DateTime, Utc};
use postgres::{GenericClient, Row};

use super::calls::{Filter, Run};
use crate::error::Result;
use crate::ids::{ClaimToken, RunId};

/// A claim, and the worker that holds it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of graphdb.list_workers")]
pub struct Worker {
    pub worker: String,
    pub host: String,
    pub run_id: String,
    pub phase: String,
    pub state: WorkerState,
    pub done: Option<i64>,
    pub total: Option<i64>,
    pub rate: Option<f64>,
    pub claimed_at: DateTime<Utc>,
    pub claim_expires_at: DateTime<Utc>,
    pub last_heard_from: DateTime<Utc>,
    pub silent_seconds: i64,
    pub heartbeat_seconds: i64,
    /// Whether the process of the worker has certainly ended, because it was a process of this machine.
    pub has_ended: bool,
}

/// The state of a worker, based on its heartbeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "graphdb.list_workers describes them")]
pub enum WorkerState {
    Alive,
    Dead,
    Expired,
}

impl WorkerState {
    /// Returns the name that the SQL functions use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Dead => "dead",
            Self::Expired => "expired",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "dead" => Self::Dead,
            "expired" => Self::Expired,
            _ => Self::Alive,
        }
    }
}

/// Calls `graphdb.list_workers`. Returns the claims on the runs that a filter selects, oldest first. With `count`, also counts the finished texts.
pub fn list_workers(client: &mut impl GenericClient, filter: &Filter, count: bool) -> Result<Vec<Worker>> {
    let rows = client.query(
        "select w.*, extract(epoch from w.silent_for)::bigint as silent_seconds, \
                extract(epoch from w.heartbeat_interval)::bigint as heartbeat_seconds \
         from graphdb.list_workers($1, $2) as w",
        &[&filter.to_json(), &count],
    )?;
    let worker = |row: &Row| Worker {
        worker: row.get("worker"),
        host: row.get("host"),
        run_id: row.get("run_id"),
        phase: row.get("phase"),
        state: WorkerState::named(row.get("state")),
        done: row.get("done"),
        total: row.get("total"),
        rate: row.get("rate"),
        claimed_at: row.get("claimed_at"),
        claim_expires_at: row.get("claim_expires_at"),
        last_heard_from: row.get("last_heard_from"),
        silent_seconds: row.get("silent_seconds"),
        heartbeat_seconds: row.get("heartbeat_seconds"),
        has_ended: false,
    };
    Ok(rows.iter().map(worker).collect())
}

/// Calls `graphdb.expire_claim`. Ends the claim, charges the attempt, and returns the run after the change.
pub fn expire_claim(client: &mut impl GenericClient, run_id: &RunId, token: ClaimToken, reason: &str) -> Result<Run> {
    let row =
        client.query_one("select * from graphdb.expire_claim($1, $2, $3)", &[&run_id.as_str(), &token.0, &reason])?;
    Ok(Run::from_row(&row))
}

/// Calls `graphdb.due_in`. Returns the time until a back-off ends or a lease expires, or `None` if there is neither.
pub fn due_in(client: &mut impl GenericClient) -> Result<Option<Duration>> {
    let row = client.query_one("select extract(epoch from graphdb.due_in())::float8", &[])?;
    let seconds: Option<f64> = row.get(0);
    Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()))
}

/// The options for releasing claims.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the parameters of graphdb.release_claims")]
pub struct ReleaseClaims {
    pub filter: Filter,
    pub charge: bool,
    pub dry_run: bool,
    pub force: bool,
}

/// The counts of one step of `graphdb.release_claims`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.release_claims")]
pub struct ReleaseStep {
    pub matched: i64,
    pub released: i64,
    pub unclaimed: i64,
    pub skipped: i64,
    /// The run after which the next step begins, or `None` after the last step.
    pub last_run_id: Option<String>,
}

/// Calls `graphdb.release_claims` for at most `max_runs` runs after `after`.
pub fn release_claims(
    client: &mut impl GenericClient,
    release: &ReleaseClaims,
    max_runs: Option<i32>,
    after: &str,
) -> Result<ReleaseStep> {
    let row = client.query_one(
        "select * from graphdb.release_claims($1, $2, $3, $4, $5, $6)",
        &[&release.filter.to_json(), &release.charge, &release.dry_run, &release.force, &max_runs, &after],
    )?;
    Ok(ReleaseStep {
        matched: row.get("matched"),
        released: row.get("released"),
        unclaimed: row.get("unclaimed"),
        skipped: row.get("skipped"),
        last_run_id: row.get("last_run_id"),
    })
}

/// The counts of one step of `graphdb.pause_runs` or `graphdb.resume_runs`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the two functions")]
pub struct PauseStep {
    pub matched: i64,
    /// Number of runs that were paused or resumed.
    pub changed: i64,
    pub unchanged: i64,
    /// The run after which the next step begins, or `None` after the last step.
    pub last_run_id: Option<String>,
}

impl PauseStep {
    fn from_row(row: &Row, changed: &str) -> Self {
        Self {
            matched: row.get("matched"),
            changed: row.get(changed),
            unchanged: row.get("unchanged"),
            last_run_id: row.get("last_run_id"),
        }
    }
}

/// Calls `graphdb.pause_runs` for at most `max_runs` runs after `after`.
pub fn pause_runs(
    client: &mut impl GenericClient,
    filter: &Filter,
    reason: Option<&str>,
    dry_run: bool,
    max_runs: Option<i32>,
    after: &str,
) -> Result<PauseStep> {
    let row = client.query_one(
        "select * from graphdb.pause_runs($1, $2, $3, $4, $5)",
        &[&filter.to_json(), &reason, &dry_run, &max_runs, &after],
    )?;
    Ok(PauseStep::from_row(&row, "paused"))
}

/// Calls `graphdb.resume_runs` for at most `max_runs` runs after `after`.
pub fn resume_runs(
    client: &mut impl GenericClient,
    filter: &Filter,
    dry_run: bool,
    max_runs: Option<i32>,
    after: &str,
) -> Result<PauseStep> {
    let row = client.query_one(
        "select * from graphdb.resume_runs($1, $2, $3, $4)",
        &[&filter.to_json(), &dry_run, &max_runs, &after],
    )?;
    Ok(PauseStep::from_row(&row, "resumed"))
}

/// Runs that are paused for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.list_pauses")]
pub struct Pause {
    pub reason: Option<String>,
    pub runs: i64,
    pub since: DateTime<Utc>,
    pub sample_run_id: String,
}

/// Calls `graphdb.list_pauses`. Returns the reasons why selected runs are paused, oldest pause first.
pub fn list_pauses(client: &mut impl GenericClient, filter: &Filter) -> Result<Vec<Pause>> {
    let rows = client.query("select * from graphdb.list_pauses($1)", &[&filter.to_json()])?;
    let pause = |row: &Row| Pause {
        reason: row.get("reason"),
        runs: row.get("runs"),
        since: row.get("since"),
        sample_run_id: row.get("sample_run_id"),
    };
    Ok(rows.iter().map(pause).collect())
}

/// The progress of an unfinished run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.work_progress")]
pub struct RunProgress {
    pub run_id: String,
    pub is_due: bool,
    pub documents: i64,
    pub texts: i64,
    pub embedded: i64,
}

/// Calls `graphdb.work_progress`. Returns the unfinished runs that a filter selects, in the order of claims.
/// Without a model, it counts vectors of the served model.
pub fn work_progress(
    client: &mut impl GenericClient,
    filter: &Filter,
    model: Option<&str>,
) -> Result<Vec<RunProgress>> {
    let rows = client.query("select * from graphdb.work_progress($1, $2)", &[&filter.to_json(), &model])?;
    let progress = |row: &Row| RunProgress {
        run_id: row.get("run_id"),
        is_due: row.get("is_due"),
        documents: row.get("documents"),
        texts: row.get("texts"),
        embedded: row.get("embedded"),
    };
    Ok(rows.iter().map(progress).collect())
}

/// Limits the duration of statements in this session to `limit`.
pub fn limit_statements(client: &mut impl GenericClient, limit: Duration) -> Result<()> {
    Ok(client.batch_execute(&format!("set statement_timeout = {}", limit.as_millis()))?)
}

/// Calls `graphdb.storage_size`. Returns the size of all tables and indexes on disk, in bytes.
pub fn storage_size(client: &mut impl GenericClient) -> Result<i64> {
    Ok(client.query_one("select graphdb.storage_size()", &[])?.get(0))
}

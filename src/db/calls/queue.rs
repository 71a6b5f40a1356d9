//! The queue: claims, and what the backlog contains.

use std::time::Duration;

use chrono::{DateTime, Utc};
use postgres::GenericClient;
use serde_json::Value;

use super::{Filter, Run};
use crate::error::Result;
use crate::ids::{ClaimToken, Phase, RunId};

/// The runs that wait for a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Number of runs that wait, including runs in back-off.
    pub total: i64,
    /// Number of runs in back-off.
    pub deferred: i64,
    /// Time of the oldest run.
    pub first_normalized_at: Option<DateTime<Utc>>,
    /// Time of the newest run.
    pub last_normalized_at: Option<DateTime<Utc>>,
    /// The first ten run ids in claim order, or as many as the limit of the filter. Runs in back-off come last.
    pub sample_run_ids: Vec<String>,
}

/// `graphdb.backlog`
pub fn backlog(client: &mut impl GenericClient, phase: Phase, filter: &Filter) -> Result<Backlog> {
    let row = client.query_one("select * from graphdb.backlog($1, $2)", &[&phase.as_str(), &filter.to_json()])?;
    Ok(Backlog {
        total: row.get("total"),
        deferred: row.get("deferred"),
        first_normalized_at: row.get("first_normalized_at"),
        last_normalized_at: row.get("last_normalized_at"),
        sample_run_ids: row.get("sample_run_ids"),
    })
}

/// Calls `graphdb.claim_run`, or `graphdb.claim_runs` with a filter. Returns the run leased to `worker`, if any is due.
pub fn claim_run(
    client: &mut impl GenericClient,
    phase: Phase,
    worker: &str,
    ttl: Duration,
    filter: &Filter,
) -> Result<Option<Run>> {
    let ttl = ttl.as_secs_f64();
    let row = if *filter == Filter::default() {
        client.query_opt(
            "select * from graphdb.claim_run($1, $2, make_interval(secs => $3))",
            &[&phase.as_str(), &worker, &ttl],
        )?
    } else {
        client.query_opt(
            "select * from graphdb.claim_runs($1, $2, make_interval(secs => $3), 1, $4)",
            &[&phase.as_str(), &worker, &ttl, &filter.to_json()],
        )?
    };
    Ok(row.as_ref().map(Run::from_row))
}

/// A lease after its renewal. `expires_at` is `None` when the lease was not renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.renew_claims")]
pub struct Renewal {
    pub token: ClaimToken,
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether the claim is lost. If not, but the lease was not renewed, another transaction has locked the run.
    pub is_lost: bool,
}

/// Calls `graphdb.renew_claims` with the progress of each claim.
pub fn renew_claims(
    client: &mut impl GenericClient,
    claims: &[(ClaimToken, i32)],
    ttl: Duration,
) -> Result<Vec<Renewal>> {
    let (tokens, progress): (Vec<i64>, Vec<i32>) = claims.iter().map(|(token, done)| (token.0, *done)).unzip();
    let rows = client.query(
        "select * from graphdb.renew_claims($1, make_interval(secs => $2), $3)",
        &[&tokens, &ttl.as_secs_f64(), &progress],
    )?;
    Ok(rows
        .iter()
        .map(|row| Renewal {
            token: ClaimToken(row.get("claim_token")),
            expires_at: row.get("claim_expires_at"),
            is_lost: row.get::<_, Option<String>>("run_id").is_none(),
        })
        .collect())
}

/// `graphdb.complete_run`
pub fn complete_run(
    client: &mut impl GenericClient,
    run_id: &RunId,
    phase: Phase,
    token: ClaimToken,
    model: Option<&str>,
) -> Result<Run> {
    let row = client.query_one(
        "select * from graphdb.complete_run($1, $2, $3, $4)",
        &[&run_id.as_str(), &phase.as_str(), &token.0, &model],
    )?;
    Ok(Run::from_row(&row))
}

/// `graphdb.release_run`
pub fn release_run(client: &mut impl GenericClient, run_id: &RunId, token: ClaimToken) -> Result<Run> {
    let row = client.query_one("select * from graphdb.release_run($1, $2)", &[&run_id.as_str(), &token.0])?;
    Ok(Run::from_row(&row))
}

/// `graphdb.fail_run`
pub fn fail_run(
    client: &mut impl GenericClient,
    run_id: &RunId,
    token: ClaimToken,
    error: &str,
    permanent: bool,
) -> Result<Run> {
    let row = client.query_one(
        "select * from graphdb.fail_run($1, $2, $3, p_permanent => $4)",
        // The message of a provider may contain NUL, which PostgreSQL cannot store.
        &[&run_id.as_str(), &token.0, &error.replace('\0', ""), &permanent],
    )?;
    Ok(Run::from_row(&row))
}

/// Calls `graphdb.recover_expired_claims`. Returns the runs whose leases had expired, after the change.
pub fn recover_expired_claims(client: &mut impl GenericClient) -> Result<Vec<Run>> {
    let rows = client.query("select * from graphdb.recover_expired_claims()", &[])?;
    Ok(rows.iter().map(Run::from_row).collect())
}

/// Calls `graphdb.prune_attempts`, which deletes the history of claims that ended more than `days` days ago.
pub fn prune_attempts(client: &mut impl GenericClient, days: u32, dry_run: bool) -> Result<i64> {
    let row = client
        .query_one("select graphdb.prune_attempts(make_interval(days => $1), $2)", &[&days.cast_signed(), &dry_run])?;
    Ok(row.get(0))
}

/// Calls `graphdb.list_runs`. The newest run comes first.
pub fn list_runs(client: &mut impl GenericClient, filter: &Filter) -> Result<Vec<Run>> {
    list_runs_as(client, filter, None)
}

/// Returns the number of runs in `graphdb.list_runs`.
pub fn count_runs(client: &mut impl GenericClient, filter: &Filter) -> Result<i64> {
    Ok(client.query_one("select count(*) from graphdb.list_runs($1)", &[&filter.to_json()])?.get(0))
}

/// Calls `graphdb.list_runs` for a caller with these principals. `None` means the principals of the database role.
pub fn list_runs_as(
    client: &mut impl GenericClient,
    filter: &Filter,
    principals: Option<&[String]>,
) -> Result<Vec<Run>> {
    let rows = client.query("select * from graphdb.list_runs($1, $2)", &[&filter.to_json(), &principals])?;
    Ok(rows.iter().map(Run::from_row).collect())
}

/// A row of `graphdb.run_attempts`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns are described in the database")]
pub struct Attempt {
    pub phase: Phase,
    pub worker: String,
    pub started_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    pub outcome: String,
    pub error: Option<String>,
}

/// Calls `graphdb.run_history` for a caller with these principals. `None` means the principals of the database role.
pub fn run_history(
    client: &mut impl GenericClient,
    run_id: &RunId,
    principals: Option<&[String]>,
) -> Result<Vec<Attempt>> {
    let rows = client.query("select * from graphdb.run_history($1, $2)", &[&run_id.as_str(), &principals])?;
    Ok(rows
        .iter()
        .map(|row| Attempt {
            phase: if row.get::<_, &str>("phase") == "chunk" { Phase::Chunk } else { Phase::Embed },
            worker: row.get("worker"),
            started_at: row.get("started_at"),
            ended_at: row.get("ended_at"),
            outcome: row.get("outcome"),
            error: row.get("error"),
        })
        .collect())
}

/// Returns the row of the view `graphdb.backlog_status`. Intervals are in seconds, so that they do not depend on `intervalstyle`.
pub fn backlog_status(client: &mut impl GenericClient) -> Result<Value> {
    let row = client.query_one(
        "select to_jsonb(s) - 'time_to_go' || jsonb_build_object('time_to_go_seconds', extract(epoch from s.time_to_go)::bigint) \
         from graphdb.backlog_status as s",
        &[],
    )?;
    Ok(row.get(0))
}

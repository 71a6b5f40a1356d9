//! Reads the backlog and its runs for pages, the JSON API and the metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use postgres::Client;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::api::types::{
    Attempt, Backlog, ChunkSize, Claim, Content, Interval, Loss, Pause, Run, RunDetails, RunDocument,
};
use super::caller::Caller;
use super::problem::Problem;
use super::state::State;
use crate::db::calls::{self, Filter};
use crate::db::{documents, history, operations};
use crate::error::Result as DbResult;
use crate::ids::{RunId, Status};

/// Maximum age of the cached backlog, so that the number of open pages does not affect the number of queries.
const FRESH: Duration = Duration::from_secs(2);
/// If the query takes long, the result is cached for this many times the duration of the query. Otherwise, counting the texts of a
/// large backlog would keep the server busy.
const SHARE: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60);
const HALF_HOUR: Duration = Duration::from_secs(1800);
/// Maximum number of listed failed runs.
const FAILED: u32 = 50;
/// Number of documents of a run on one page.
const DOCUMENTS: i32 = 100;
/// Width of a range of chunk sizes, in tokens.
const SIZE_STEP: i32 = 32;

/// The principals for data that all callers share. This data includes only documents that everybody may read.
const EVERYBODY: Option<&[String]> = Some(&[]);

/// A recent copy of the backlog.
#[derive(Default)]
pub(super) struct BacklogCache(Mutex<Option<Cached>>);

struct Cached {
    backlog: Arc<Backlog>,
    fresh_until: Instant,
}

/// Returns the current backlog, or a recent copy.
pub async fn read(state: &Arc<State>) -> Result<Arc<Backlog>, Problem> {
    // Requests that arrive during the query wait for its result.
    let mut cached = state.backlog.0.lock().await;
    if let Some(Cached { backlog, fresh_until }) = cached.as_ref()
        && Instant::now() < *fresh_until
    {
        return Ok(Arc::clone(backlog));
    }
    let begun = Instant::now();
    let backlog = Arc::new(state.pool.with(from_database).await?);
    let fresh_until = Instant::now() + FRESH.max(begun.elapsed() * SHARE);
    *cached = Some(Cached { backlog: Arc::clone(&backlog), fresh_until });
    Ok(backlog)
}

/// Clears the cached backlog after a change.
pub async fn forget(state: &State) {
    *state.backlog.0.lock().await = None;
}

/// The columns of `graphdb.backlog_status` that are displayed.
#[derive(Deserialize)]
struct StatusRow {
    total: i64,
    by_status: BTreeMap<String, i64>,
    due: i64,
    deferred: i64,
    next_available_at: Option<DateTime<Utc>>,
    oldest_normalized_at: Option<DateTime<Utc>>,
    paused: i64,
    live_claims: i64,
    dead_claims: i64,
    expired_claims: i64,
    claims: Vec<Claim>,
    embedded_last_10_minutes: i64,
    documents_to_chunk: i64,
    texts: i64,
    embedded_texts: i64,
    texts_a_second: Option<f64>,
    time_to_go_seconds: Option<i64>,
}

fn from_database(client: &mut Client) -> DbResult<Backlog> {
    let row = calls::backlog_status(client)?;
    let row: StatusRow = serde_json::from_value(row)
        .map_err(|error| crate::error::Error::usage(format!("backlog_status cannot be read: {error}")))?;
    let pauses = operations::list_pauses(client, &Filter::default())?;
    let pause = |pause: operations::Pause| Pause { reason: pause.reason, runs: pause.runs, since: pause.since };
    let now = history::clock(client)?;
    let failed = Filter { status: vec![Status::Failed], limit: Some(FAILED), ..Filter::default() };
    let failed = calls::list_runs_as(client, &failed, EVERYBODY)?.into_iter().map(Run::from).collect();
    let content = history::content_totals(client, EVERYBODY)?;
    let last_hour = intervals(client, MINUTE, 60)?;
    let last_day = intervals(client, HALF_HOUR, 48)?;
    Ok(Backlog {
        at: now,
        total: row.total,
        by_status: row.by_status,
        due: row.due,
        deferred: row.deferred,
        next_available_at: row.next_available_at,
        oldest_normalized_at: row.oldest_normalized_at,
        paused: row.paused,
        pauses: pauses.into_iter().map(pause).collect(),
        live_claims: row.live_claims,
        dead_claims: row.dead_claims,
        expired_claims: row.expired_claims,
        claims: row.claims,
        embedded_last_10_minutes: row.embedded_last_10_minutes,
        documents_to_chunk: row.documents_to_chunk,
        texts: row.texts,
        embedded_texts: row.embedded_texts,
        texts_a_second: row.texts_a_second,
        seconds_left: row.time_to_go_seconds.filter(|_| row.due + row.deferred + row.live_claims > 0),
        content: Content {
            documents: content.documents,
            chunks: content.chunks,
            embedded_chunks: content.embedded_chunks,
        },
        last_hour,
        last_day,
        failed,
    })
}

fn intervals(client: &mut Client, length: Duration, count: i32) -> DbResult<Vec<Interval>> {
    let intervals = history::backlog_history(client, length, count, EVERYBODY)?;
    let shown = |interval: history::Interval| Interval {
        since: interval.since,
        chunked: interval.chunked,
        embedded: interval.embedded,
        failed: interval.failed,
        chunks: interval.chunks,
    };
    Ok(intervals.into_iter().map(shown).collect())
}

/// Returns at most `limit` runs, newest first.
pub async fn runs(state: &Arc<State>, caller: &Caller, limit: u32) -> Result<Vec<Run>, Problem> {
    let filter = Filter { limit: Some(limit), ..Filter::default() };
    let principals = caller.principals.clone();
    let runs = state.pool.with(move |client| calls::list_runs_as(client, &filter, Some(&principals))).await?;
    Ok(runs.into_iter().map(Run::from).collect())
}

/// Returns a run with its history and its documents after `after`.
pub async fn run(state: &Arc<State>, caller: &Caller, run_id: &RunId, after: &str) -> Result<RunDetails, Problem> {
    let (wanted, after, principals) = (run_id.clone(), after.to_owned(), caller.principals.clone());
    let details = state.pool.with(move |client| read_run(client, &wanted, &after, &principals)).await?;
    details.ok_or_else(|| Problem::not_found(format!("no run \"{run_id}\"")))
}

fn read_run(client: &mut Client, run_id: &RunId, after: &str, principals: &[String]) -> DbResult<Option<RunDetails>> {
    let runs = calls::list_runs_as(client, &Filter::for_run(run_id), Some(principals))?;
    let Some(run) = runs.into_iter().next() else { return Ok(None) };
    let attempts = calls::run_history(client, run_id, Some(principals))?.into_iter().map(|attempt| Attempt {
        phase: attempt.phase.to_string(),
        worker: attempt.worker,
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        outcome: attempt.outcome,
        error: attempt.error,
    });
    let attempts = attempts.collect();
    let losses = documents::run_losses(client, run_id, Some(principals))?.into_iter().map(|loss| Loss {
        loss: loss.loss,
        documents: loss.documents,
        occurrences: loss.occurrences,
    });
    let losses = losses.collect();
    let sizes = documents::chunk_sizes(client, run_id, SIZE_STEP, Some(principals))?;
    let chunk_sizes = sizes
        .into_iter()
        .map(|(from_tokens, chunks)| ChunkSize { from_tokens, to_tokens: from_tokens + SIZE_STEP - 1, chunks })
        .collect();
    let mut found = documents::run_contents(client, run_id, after, DOCUMENTS + 1, Some(principals))?;
    let page = usize::try_from(DOCUMENTS).unwrap_or(usize::MAX);
    let has_more = found.len() > page;
    found.truncate(page);
    let next = found.last().filter(|_| has_more).map(|document| document.doc_id.clone());
    let documents = found
        .into_iter()
        .map(|document| RunDocument {
            losses: serde_json::from_value(document.losses).unwrap_or_default(),
            doc_id: document.doc_id,
            title: document.title,
            path: document.path,
            is_searched: document.is_searched,
            bytes: document.bytes,
            chunks: document.chunks,
            tokens: document.tokens,
        })
        .collect();
    Ok(Some(RunDetails { run: run.into(), attempts, losses, chunk_sizes, documents, next }))
}

impl From<calls::Run> for Run {
    fn from(run: calls::Run) -> Self {
        Self {
            run_id: run.run_id.to_string(),
            source: run.source,
            status: run.status.to_string(),
            priority: run.priority,
            normalized_at: run.normalized_at,
            chunk_completed_at: run.chunk_completed_at,
            embed_completed_at: run.embed_completed_at,
            total_docs: run.total_docs,
            total_chunks: run.total_chunks,
            embedded_chunks: run.embedded_chunks,
            embedding_model: run.embedding_model,
            claimed_by: run.claimed_by,
            claim_expires_at: run.claim_expires_at,
            attempts: run.attempts,
            available_at: run.available_at,
            paused_at: run.paused_at,
            pause_reason: run.pause_reason,
            failed_phase: run.failed_phase,
            last_error: run.last_error,
            code_version: run.code_version,
        }
    }
}

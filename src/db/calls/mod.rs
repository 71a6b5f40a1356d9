//! Typed calls for the SQL functions of schema `graphdb`. The functions implement the rules. The calls add names and types.

use std::time::Duration;

use chrono::{DateTime, Utc};
use postgres::{Client, GenericClient, Row};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::embed::Model;
use crate::error::Result;
use crate::ids::{ClaimToken, Phase, RunId, Scope, Status};

/// A row of `graphdb.processed_runs`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns are described in the database")]
pub struct Run {
    pub run_id: RunId,
    pub source: String,
    pub input: Option<String>,
    pub normalized_at: DateTime<Utc>,
    pub total_docs: i32,
    pub priority: i16,
    pub status: Status,
    pub chunk_started_at: Option<DateTime<Utc>>,
    pub chunk_completed_at: Option<DateTime<Utc>>,
    pub embed_started_at: Option<DateTime<Utc>>,
    pub embed_completed_at: Option<DateTime<Utc>>,
    pub total_chunks: Option<i32>,
    pub embedded_chunks: Option<i32>,
    pub embedding_model: Option<String>,
    pub claimed_by: Option<String>,
    pub claimed_at: Option<DateTime<Utc>>,
    pub claim_expires_at: Option<DateTime<Utc>>,
    pub claim_progress: Option<i32>,
    pub claim_token: ClaimToken,
    pub claim_process: Option<String>,
    pub attempts: i32,
    pub available_at: Option<DateTime<Utc>>,
    pub failed_phase: Option<String>,
    pub last_error: Option<String>,
    pub paused_at: Option<DateTime<Utc>>,
    pub pause_reason: Option<String>,
    pub code_version: Option<String>,
    pub updated_at: DateTime<Utc>,
}

impl Run {
    pub(super) fn from_row(row: &Row) -> Self {
        Self {
            run_id: run_id(row, "run_id"),
            source: row.get("source"),
            input: row.get("input"),
            normalized_at: row.get("normalized_at"),
            total_docs: row.get("total_docs"),
            priority: row.get("priority"),
            status: status(row),
            chunk_started_at: row.get("chunk_started_at"),
            chunk_completed_at: row.get("chunk_completed_at"),
            embed_started_at: row.get("embed_started_at"),
            embed_completed_at: row.get("embed_completed_at"),
            total_chunks: row.get("total_chunks"),
            embedded_chunks: row.get("embedded_chunks"),
            embedding_model: row.get("embedding_model"),
            claimed_by: row.get("claimed_by"),
            claimed_at: row.get("claimed_at"),
            claim_expires_at: row.get("claim_expires_at"),
            claim_progress: row.get("claim_progress"),
            claim_token: ClaimToken(row.get("claim_token")),
            claim_process: row.get("claim_process"),
            attempts: row.get("attempts"),
            available_at: row.get("available_at"),
            failed_phase: row.get("failed_phase"),
            last_error: row.get("last_error"),
            paused_at: row.get("paused_at"),
            pause_reason: row.get("pause_reason"),
            code_version: row.get("code_version"),
            updated_at: row.get("updated_at"),
        }
    }
}

/// Parses a stored run id. It is always valid, because the table has a check constraint with the same rule.
fn run_id(row: &Row, column: &str) -> RunId {
    let text: String = row.get(column);
    text.parse().expect("a run id from the database obeys its check constraint")
}

/// Parses a stored status. It is always valid, because the table has a check constraint and a newer schema was rejected before.
fn status(row: &Row) -> Status {
    Status::named(row.get("status")).expect("the status of a run is one of those that its check constraint allows")
}

/// Selects runs. An empty filter selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the keys of a filter, as graphdb._filter_condition reads them")]
pub struct Filter {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub run_ids: Vec<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id_glob: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalized_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalized_to: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub embedding_model: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl Filter {
    /// Returns the filter in the format of the SQL functions.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| Value::Object(Map::new()))
    }

    /// Returns the same filter for one run only.
    #[must_use]
    pub fn for_run(run_id: &RunId) -> Self {
        Self { run_ids: vec![run_id.clone()], ..Self::default() }
    }
}

/// The runs that wait for a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Number of runs that wait, including those in back-off.
    pub total: i64,
    /// Number of runs in back-off.
    pub deferred: i64,
    /// Time of the oldest run.
    pub first_normalized_at: Option<DateTime<Utc>>,
    /// Time of the newest run.
    pub last_normalized_at: Option<DateTime<Utc>>,
    /// The first ten run ids in claim order, or as many as the limit of the filter. Runs in back-off are last.
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

/// The counts of one step of a reset or its dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.reset_runs")]
pub struct ResetStep {
    pub matched: i64,
    pub reset: i64,
    pub unchanged: i64,
    pub skipped: i64,
    pub fenced: i64,
    pub deleted_vectors: i64,
    pub deleted_chunks: i64,
    /// The run after which the next step begins, or `None` after the last step.
    pub last_run_id: Option<String>,
}

/// A reset: the runs, and how they are reset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the parameters of graphdb.reset_runs")]
pub struct Reset {
    pub filter: Filter,
    pub scope: Scope,
    pub dry_run: bool,
    pub force: bool,
    pub delete_chunks: bool,
}

/// Calls `graphdb.reset_runs` for at most `max_runs` runs after `after`.
pub fn reset_runs(
    client: &mut impl GenericClient,
    reset: &Reset,
    max_runs: Option<i32>,
    after: &str,
) -> Result<ResetStep> {
    let row = client.query_one(
        "select * from graphdb.reset_runs($1, $2, $3, $4, $5, $6, $7)",
        &[
            &reset.filter.to_json(),
            &reset.scope.as_str(),
            &reset.dry_run,
            &reset.force,
            &max_runs,
            &reset.delete_chunks,
            &after,
        ],
    )?;
    Ok(ResetStep {
        matched: row.get("matched"),
        reset: row.get("reset"),
        unchanged: row.get("unchanged"),
        skipped: row.get("skipped"),
        fenced: row.get("fenced"),
        deleted_vectors: row.get("deleted_vectors"),
        deleted_chunks: row.get("deleted_chunks"),
        last_run_id: row.get("last_run_id"),
    })
}

/// The counts of one step of a deletion or its dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.delete_runs")]
pub struct DeleteStep {
    pub matched: i64,
    pub deleted: i64,
    pub skipped: i64,
    pub fenced: i64,
    pub deleted_documents: i64,
    pub deleted_chunks: i64,
    pub deleted_vectors: i64,
    /// The run after which the next step begins, or `None` after the last step.
    pub last_run_id: Option<String>,
}

/// A deletion: the runs, and how they are deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the parameters of graphdb.delete_runs")]
pub struct Delete {
    pub filter: Filter,
    pub dry_run: bool,
    pub force: bool,
}

/// Calls `graphdb.delete_runs` for at most `max_runs` runs after `after`.
pub fn delete_runs(
    client: &mut impl GenericClient,
    delete: &Delete,
    max_runs: Option<i32>,
    after: &str,
) -> Result<DeleteStep> {
    let row = client.query_one(
        "select * from graphdb.delete_runs($1, $2, $3, $4, $5)",
        &[&delete.filter.to_json(), &delete.dry_run, &delete.force, &max_runs, &after],
    )?;
    Ok(DeleteStep {
        matched: row.get("matched"),
        deleted: row.get("deleted"),
        skipped: row.get("skipped"),
        fenced: row.get("fenced"),
        deleted_documents: row.get("deleted_documents"),
        deleted_chunks: row.get("deleted_chunks"),
        deleted_vectors: row.get("deleted_vectors"),
        last_run_id: row.get("last_run_id"),
    })
}

/// The counts of one step of `graphdb.prune_embeddings` or its dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneStep {
    /// Number of deleted vectors. No run contained their texts.
    pub deleted: i64,
    /// The vector after which the next step begins, or `None` after the last step.
    pub last: Option<(i32, Vec<u8>)>,
}

/// Calls `graphdb.prune_embeddings`. It checks at most `max_vectors` vectors after the end of the previous step.
pub fn prune_embeddings(
    client: &mut impl GenericClient,
    dry_run: bool,
    max_vectors: Option<i32>,
    after: Option<&(i32, Vec<u8>)>,
) -> Result<PruneStep> {
    let (model_id, input_sha256) = after.map_or((0, [].as_slice()), |(model_id, sha256)| (*model_id, sha256));
    let row = client.query_one(
        "select * from graphdb.prune_embeddings($1, $2, $3, $4)",
        &[&dry_run, &max_vectors, &model_id, &input_sha256],
    )?;
    let last: (Option<i32>, Option<Vec<u8>>) = (row.get("last_model_id"), row.get("last_input_sha256"));
    Ok(PruneStep { deleted: row.get("deleted"), last: last.0.zip(last.1) })
}

/// Calls `graphdb.prune_attempts`, which deletes the history of claims that ended more than `days` days ago.
pub fn prune_attempts(client: &mut impl GenericClient, days: u32, dry_run: bool) -> Result<i64> {
    let row = client
        .query_one("select graphdb.prune_attempts(make_interval(days => $1), $2)", &[&days.cast_signed(), &dry_run])?;
    Ok(row.get(0))
}

/// Calls `graphdb.list_runs`. The newest run is first.
pub fn list_runs(client: &mut impl GenericClient, filter: &Filter) -> Result<Vec<Run>> {
    list_runs_as(client, filter, None)
}

/// Calls `graphdb.list_runs` for a caller with these principals. `None` means those of the database role.
pub fn list_runs_as(
    client: &mut impl GenericClient,
    filter: &Filter,
    principals: Option<&[String]>,
) -> Result<Vec<Run>> {
    let rows = client.query("select * from graphdb.list_runs($1, $2)", &[&filter.to_json(), &principals])?;
    Ok(rows.iter().map(Run::from_row).collect())
}

/// Calls `graphdb.overlapping_runs`.
/// Returns the runs that contain documents of `run_id` and the number of these documents, highest number first.
pub fn overlapping_runs(client: &mut impl GenericClient, run_id: &RunId) -> Result<Vec<(RunId, i64)>> {
    let rows = client.query("select * from graphdb.overlapping_runs($1)", &[&run_id.as_str()])?;
    Ok(rows.iter().map(|row| (self::run_id(row, "run_id"), row.get("documents"))).collect())
}

/// Calls `graphdb.list_sources`. Returns the sources of all runs, most frequent first.
pub fn list_sources(client: &mut Client) -> Result<Vec<String>> {
    Ok(client.query("select l.source from graphdb.list_sources() as l", &[])?.iter().map(|row| row.get(0)).collect())
}

/// Calls `graphdb.list_meta_keys`. Returns the keys in the metadata of the documents that a search can find, most frequent first.
pub fn list_meta_keys(client: &mut Client) -> Result<Vec<String>> {
    let rows = client.query("select k.name from graphdb.list_meta_keys() as k", &[])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Calls `graphdb.list_labels`. Returns the labels of the documents that a search can find, most frequent first.
pub fn list_labels(client: &mut Client) -> Result<Vec<String>> {
    Ok(client.query("select l.label from graphdb.list_labels() as l", &[])?.iter().map(|row| row.get(0)).collect())
}

/// Calls `graphdb.list_models`. Returns the embedding models of all runs and the number of runs for each, most frequent first.
pub fn list_models(client: &mut Client, filter: &Filter) -> Result<Vec<(String, i64)>> {
    let rows = client.query("select l.model, l.runs from graphdb.list_models($1) as l", &[&filter.to_json()])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
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

/// Calls `graphdb.run_history` for a caller with these principals. `None` means those of the database role.
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

/// `graphdb.register_model`
pub fn register_model(client: &mut impl GenericClient, model: &Model) -> Result<()> {
    let dimension = i32::try_from(model.dimension).unwrap_or(i32::MAX);
    client.execute(
        "select graphdb.register_model($1, $2, $3, $4, $5, $6)",
        &[&model.name, &model.provider, &dimension, &model.normalized, &model.query_prefix, &model.document_prefix],
    )?;
    Ok(())
}

/// Calls `graphdb.model_limit`. Returns the maximum number of tokens that the model reads from a text, if this is known.
pub fn model_limit(client: &mut impl GenericClient, model: &str) -> Result<Option<usize>> {
    let row = client.query_one("select graphdb.model_limit($1)", &[&model])?;
    Ok(row.get::<_, Option<i32>>(0).and_then(|tokens| usize::try_from(tokens).ok()))
}

/// `graphdb.set_model_limit`
pub fn set_model_limit(client: &mut impl GenericClient, model: &str, tokens: usize) -> Result<()> {
    let tokens = i32::try_from(tokens).unwrap_or(i32::MAX);
    client.execute("select graphdb.set_model_limit($1, $2)", &[&model, &tokens])?;
    Ok(())
}

/// A chunk with a given text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.input_places")]
pub struct InputPlace {
    pub doc_id: String,
    pub ord: i32,
    pub title: String,
}

/// Calls `graphdb.input_places`. Returns the chunks of a run whose text has this hash.
pub fn input_places(client: &mut impl GenericClient, run_id: &RunId, hash: &[u8]) -> Result<Vec<InputPlace>> {
    let rows = client.query("select * from graphdb.input_places($1, $2)", &[&run_id.as_str(), &hash])?;
    let place =
        |row: &postgres::Row| InputPlace { doc_id: row.get("doc_id"), ord: row.get("ord"), title: row.get("title") };
    Ok(rows.iter().map(place).collect())
}

/// `graphdb.grant_role`
pub fn grant_role(
    client: &mut impl GenericClient,
    role: &str,
    kind: &str,
    principals: &[String],
    reads_all: bool,
) -> Result<()> {
    client.execute("select graphdb.grant_role($1, $2, $3, $4)", &[&role, &kind, &principals, &reads_all])?;
    Ok(())
}

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

/// A text without a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.pending_inputs")]
pub struct PendingInput {
    pub input_sha256: Vec<u8>,
    pub text: String,
    pub token_count: usize,
}

/// Calls `graphdb.pending_inputs`. Returns at most `limit` texts after `after`.
pub fn pending_inputs(
    client: &mut impl GenericClient,
    run_id: &RunId,
    model: &str,
    after: &[u8],
    limit: i32,
) -> Result<Vec<PendingInput>> {
    let rows = client
        .query("select * from graphdb.pending_inputs($1, $2, $3, $4)", &[&run_id.as_str(), &model, &after, &limit])?;
    Ok(rows
        .iter()
        .map(|row| PendingInput {
            input_sha256: row.get("input_sha256"),
            text: row.get("text"),
            token_count: usize::try_from(row.get::<_, i32>("token_count")).unwrap_or(0),
        })
        .collect())
}

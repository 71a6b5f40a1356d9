//! Typed calls for the SQL functions of schema `graphdb`, in a file for each area of `sql/functions/`. The functions
//! implement the rules. The calls add names and types.

mod documents;
mod embeddings;
mod queue;
mod reset;
mod roles;

use chrono::{DateTime, Utc};
use postgres::Row;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::ids::{ClaimToken, RunId, Status};

pub use documents::{
    StoredDocument, list_labels, list_meta_keys, list_sources, overlapping_runs, run_documents, run_of_input,
    run_with_same_urls,
};
pub use embeddings::{
    InputPlace, PendingInput, PruneStep, input_places, list_models, model_limit, pending_inputs, prune_embeddings,
    register_model, set_model_limit,
};
pub use queue::{
    Attempt, Backlog, Renewal, backlog, backlog_status, claim_run, complete_run, count_runs, fail_run, list_runs,
    list_runs_as, prune_attempts, recover_expired_claims, release_run, renew_claims, run_history,
};
pub use reset::{Delete, DeleteStep, Reset, ResetStep, delete_runs, reset_runs};
pub use roles::grant_role;

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
    pub(in super::super) fn from_row(row: &Row) -> Self {
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

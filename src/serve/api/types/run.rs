//! A run, its history and its contents.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A run of the backlog.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of the columns")]
pub struct Run {
    /// Its name.
    pub run_id: String,
    /// Its source.
    pub source: String,
    /// Its status.
    pub status: String,
    /// The priority. Higher priorities are claimed first.
    pub priority: i16,
    /// When it was normalized.
    pub normalized_at: DateTime<Utc>,
    /// When it was chunked.
    pub chunk_completed_at: Option<DateTime<Utc>>,
    /// When it was embedded.
    pub embed_completed_at: Option<DateTime<Utc>>,
    /// Documents.
    pub total_docs: i32,
    /// Chunks.
    pub total_chunks: Option<i32>,
    /// Chunks with a vector.
    pub embedded_chunks: Option<i32>,
    /// The model with which the run was last embedded.
    pub embedding_model: Option<String>,
    /// The worker that has claimed the run.
    pub claimed_by: Option<String>,
    /// When its lease expires.
    pub claim_expires_at: Option<DateTime<Utc>>,
    /// Failures and expired leases in this phase.
    pub attempts: i32,
    /// When it can be claimed again.
    pub available_at: Option<DateTime<Utc>>,
    /// Time at which the run was paused. Null if the run is not paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// Reason for the pause.
    pub pause_reason: Option<String>,
    /// The phase that failed.
    pub failed_phase: Option<String>,
    /// The reason of the failure.
    pub last_error: Option<String>,
    /// The version of trailblazer that normalized the run.
    pub code_version: Option<String>,
}

/// A run with its history and contents.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunDetails {
    /// The run.
    pub run: Run,
    /// The finished claims, oldest first.
    pub attempts: Vec<Attempt>,
    /// Content that was lost during normalization, most frequent first.
    pub losses: Vec<Loss>,
    /// Chunks by size.
    pub chunk_sizes: Vec<ChunkSize>,
    /// The first documents, in the order of their ids.
    pub documents: Vec<RunDocument>,
    /// The value to pass as `after` to get the next documents, or null if there are no more.
    pub next: Option<String>,
}

/// A finished claim.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Attempt {
    /// `chunk` or `embed`.
    pub phase: String,
    /// The worker.
    pub worker: String,
    /// When it claimed the run.
    pub started_at: DateTime<Utc>,
    /// When the claim ended.
    pub ended_at: DateTime<Utc>,
    /// The outcome: completed, released, failed, expired, reset or superseded.
    pub outcome: String,
    /// The reason of the failure.
    pub error: Option<String>,
}

/// Content that was lost during normalization.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the name of the column")]
pub struct Loss {
    /// Its name.
    pub loss: String,
    /// Number of affected documents.
    pub documents: i64,
    /// Number of occurrences.
    pub occurrences: i64,
}

/// The number of chunks in a range of sizes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChunkSize {
    /// Lower end of the range, in tokens.
    pub from_tokens: i32,
    /// Upper end of the range, in tokens.
    pub to_tokens: i32,
    /// Chunks in the range.
    pub chunks: i64,
}

/// A document of a run.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunDocument {
    /// Its id.
    pub doc_id: String,
    /// Its title.
    pub title: String,
    /// Its path in the source.
    pub path: Option<String>,
    /// Whether searches return this version.
    pub is_searched: bool,
    /// Size of its Markdown.
    pub bytes: i32,
    /// Its chunks.
    pub chunks: i64,
    /// Tokens of its chunks.
    pub tokens: i64,
    /// Content that was lost during normalization, by name.
    pub losses: BTreeMap<String, i64>,
}

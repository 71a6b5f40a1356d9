//! The shapes of answers. The `OpenAPI` document and the schemas of the MCP tools are generated from them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The result of a search.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct SearchAnswer {
    /// The question as it was interpreted.
    pub query: String,
    /// The model for the vector search. Null: only full-text search was used.
    pub model: Option<String>,
    /// The best documents, best first.
    pub hits: Vec<Hit>,
    /// A notice for the caller, for example why only full-text search was used.
    pub notice: Option<String>,
}

/// A part of a document that answers a question.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct Hit {
    /// Position in the answer, from 1.
    pub place: u32,
    /// Run to which the document belongs.
    pub run_id: String,
    /// Id of the document. Use it to read the whole document.
    pub doc_id: String,
    /// Title of the document.
    pub title: String,
    /// Titles above the document, from the root.
    pub breadcrumbs: Vec<String>,
    /// Headings above the passage, without the title of the document.
    pub section: Vec<String>,
    /// Address of the original page.
    pub url: Option<String>,
    /// Path of the document in its source.
    pub path: Option<String>,
    /// Source of the document, such as `dita` or `confluence`.
    pub source: String,
    /// Language of the document.
    pub language: Option<String>,
    /// When the source last changed the document.
    pub updated_at: Option<DateTime<Utc>>,
    /// Path of the section on this server.
    pub page: String,
    /// Position of the passage in the document, from 0.
    pub ord: i32,
    /// The passage as Markdown, headings first. With `context`, the passage and its context.
    pub text: String,
    /// The best part of the passage, as plain text.
    pub snippet: String,
    /// Positions of the words of the question in `snippet`: the first character, and the character after the last.
    pub highlights: Vec<[u32; 2]>,
    /// Rank among the passages that contain words of the question. Null: the passage contains none of them.
    pub text_rank: Option<i32>,
    /// Rank among the nearest passages in the vector search. Null: the passage is not among them.
    pub vector_rank: Option<i32>,
    /// The score, from 0 to 1. A higher score is better.
    pub score: f64,
    /// Cosine similarity of question and passage. Null: only full-text search was used.
    pub similarity: Option<f64>,
    /// Words of the question that the passage contains.
    pub matched_words: Vec<String>,
}

/// A document, or one section of it.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct Document {
    /// Run to which the document belongs.
    pub run_id: String,
    /// Id of the document.
    pub doc_id: String,
    /// Title of the document.
    pub title: String,
    /// Address of the original page.
    pub url: Option<String>,
    /// Path of the document in its source.
    pub path: Option<String>,
    /// Source of the document, such as `dita` or `confluence`.
    pub source: String,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// Titles above the document, from the root.
    pub breadcrumbs: Vec<String>,
    /// Whether search finds this version of the document.
    pub is_searched: bool,
    /// All other metadata of the document.
    #[schema(value_type = Object)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub meta: Value,
    /// Sections of the whole document.
    pub sections: Vec<Section>,
    /// Anchor of the section in `markdown`. Null: it is the whole document.
    pub section: Option<String>,
    /// The document or section as Markdown.
    pub markdown: String,
}

/// A section of a document.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct Section {
    /// Level of the heading, 1 to 6.
    pub level: u8,
    /// Plain text of the heading.
    pub title: String,
    /// The name of the section in a link.
    pub anchor: String,
}

/// A value by which a search can be filtered.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct FacetValue {
    /// The value.
    pub value: String,
    /// Number of documents with this value.
    pub documents: i64,
}

/// The number of documents by each value that a search can be filtered by. A list ignores the filter of its own values.
#[derive(Debug, Clone, Default, Serialize, ToSchema, JsonSchema)]
pub struct Facets {
    /// Sources, largest first.
    pub sources: Vec<FacetValue>,
    /// The most frequent labels.
    pub labels: Vec<FacetValue>,
    /// Languages.
    pub languages: Vec<FacetValue>,
    /// Years of the last change in the source, latest first.
    pub updated: Vec<FacetValue>,
    /// Quality flags.
    pub flags: Vec<FacetValue>,
    /// Number of documents that match the filter.
    pub documents: i64,
}

/// The backlog at this moment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Backlog {
    /// The time of the query.
    pub at: DateTime<Utc>,
    /// Number of all runs.
    pub total: i64,
    /// Runs by status.
    pub by_status: BTreeMap<String, i64>,
    /// Runs that a worker can claim now.
    pub due: i64,
    /// Runs that wait after a failure.
    pub deferred: i64,
    /// Time at which the first of them can be claimed again.
    pub next_available_at: Option<DateTime<Utc>>,
    /// Time at which the oldest waiting run was normalized.
    pub oldest_normalized_at: Option<DateTime<Utc>>,
    /// Runs that are paused.
    pub paused: i64,
    /// Reasons why runs are paused, oldest pause first.
    pub pauses: Vec<Pause>,
    /// Number of runs that workers have claimed.
    pub live_claims: i64,
    /// Number of these runs whose worker is probably dead, because it missed six heartbeats.
    pub dead_claims: i64,
    /// Runs whose leases have expired, because their workers did not renew them in time.
    pub expired_claims: i64,
    /// The runs that workers have claimed.
    pub claims: Vec<Claim>,
    /// Runs that were embedded in the last ten minutes.
    pub embedded_last_10_minutes: i64,
    /// Documents of unfinished runs that wait to be chunked.
    pub documents_to_chunk: i64,
    /// Texts of unfinished runs that are chunked.
    pub texts: i64,
    /// Number of these texts that have a vector.
    pub embedded_texts: i64,
    /// Number of texts that all live workers together embed per second.
    pub texts_a_second: Option<f64>,
    /// Estimated time left in seconds.
    pub seconds_left: Option<i64>,
    /// The contents of all runs.
    pub content: Content,
    /// The last hour in intervals of a minute.
    pub last_hour: Vec<Interval>,
    /// The last day in intervals of half an hour.
    pub last_day: Vec<Interval>,
    /// The failed runs, at most 50.
    pub failed: Vec<Run>,
}

/// A run that a worker has claimed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Claim {
    /// The run.
    pub run_id: String,
    /// `chunk` or `embed`.
    pub phase: String,
    /// The worker, as host/process/thread.
    pub worker: String,
    /// The host of the worker.
    pub host: String,
    /// `alive`, `dead` (probably, because the worker missed six heartbeats), or `expired` (the lease has expired).
    pub state: String,
    /// Seconds since the claim.
    pub age_seconds: i64,
    /// Seconds until the lease expires. A negative number means that it has expired.
    pub expires_in_seconds: i64,
    /// Time of the worker's last heartbeat.
    pub last_heard_from: DateTime<Utc>,
    /// Seconds since then.
    pub silent_seconds: i64,
    /// Seconds between two heartbeats.
    pub heartbeat_seconds: i64,
    /// Documents that are chunked, or texts that have a vector.
    pub done: Option<i64>,
    /// Documents or texts in all.
    pub total: Option<i64>,
}

/// Runs that are paused for one reason.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Pause {
    /// The reason, if one was given.
    pub reason: Option<String>,
    /// Number of runs.
    pub runs: i64,
    /// Time at which the first of them was paused.
    pub since: DateTime<Utc>,
}

/// The contents of all runs.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Content {
    /// Documents.
    pub documents: i64,
    /// Chunks.
    pub chunks: i64,
    /// Chunks with a vector.
    pub embedded_chunks: i64,
}

/// The work that ended in one interval.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Interval {
    /// Start of the interval.
    pub since: DateTime<Utc>,
    /// Runs that were chunked.
    pub chunked: i64,
    /// Runs that were embedded.
    pub embedded: i64,
    /// Failures and expired leases.
    pub failed: i64,
    /// Chunks of the runs that were embedded.
    pub chunks: i64,
}

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
    /// The value to pass as `after` to get the next documents. Null: there are no more.
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
    /// Whether search finds this version.
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

/// Texts to embed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbedRequest {
    /// The texts, at most 256.
    #[schema(min_items = 1, max_items = 256)]
    pub texts: Vec<Text>,
    /// The type of the texts. Some models process questions and documents differently.
    #[serde(default)]
    pub kind: EmbedKind,
}

/// A text with a visible character.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(min_length = 1, pattern = r"\S")]
pub struct Text(pub String);

/// The type of texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EmbedKind {
    /// Questions.
    #[default]
    Query,
    /// Parts of documents.
    Document,
}

/// Vectors of texts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EmbedAnswer {
    /// The model. Pass it to `graphdb.search` as `p_model`.
    pub model: String,
    /// The dimension of a vector.
    pub dimension: usize,
    /// One vector for each text, in order.
    pub vectors: Vec<Vec<f32>>,
}

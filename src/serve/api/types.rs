//! The shapes of answers. The `OpenAPI` document and the schemas of the MCP tools are generated from them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What a search found.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct SearchAnswer {
    /// The question as it was understood.
    pub query: String,
    /// The model that compared the meaning; null: full text only.
    pub model: Option<String>,
    /// The best documents, the best first.
    pub hits: Vec<Hit>,
    /// Something the caller should know, such as why only words were compared.
    pub notice: Option<String>,
}

/// A part of a document that answers a question.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct Hit {
    /// Place in the answer, from 1.
    pub place: u32,
    /// Run that the document belongs to.
    pub run_id: String,
    /// Id of the document; pass it on to read the whole document.
    pub doc_id: String,
    /// Title of the document.
    pub title: String,
    /// Titles above the document, from the root down.
    pub breadcrumbs: Vec<String>,
    /// Headings that lead to the passage, without the title of the document.
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
    pub updated_at: Option<String>,
    /// Path of the document on this server, at the section.
    pub page: String,
    /// Place of the passage in the document, from 0.
    pub ord: i32,
    /// The passage as Markdown, headings first.
    pub text: String,
    /// The best part of the passage, as plain text.
    pub snippet: String,
    /// Where words of the question stand in `snippet`: first character and the one after the last.
    pub highlights: Vec<[u32; 2]>,
    /// Place among the passages that contain the words; null: not among them.
    pub text_rank: Option<i32>,
    /// Place among the passages that are nearest in meaning; null: not among them.
    pub vector_rank: Option<i32>,
    /// Higher is better; comparable within one answer only.
    pub score: f64,
}

/// A document, or one section of it.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct Document {
    /// Run that the document belongs to.
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
    /// Titles above the document, from the root down.
    pub breadcrumbs: Vec<String>,
    /// Whether search finds this version of the document.
    pub is_searched: bool,
    /// Everything else that is known about the document.
    #[schema(value_type = Object)]
    #[schemars(with = "BTreeMap<String, Value>")]
    pub meta: Value,
    /// Sections of the whole document.
    pub sections: Vec<Section>,
    /// Anchor of the section in `markdown`; null: the whole document.
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
    /// Names the section in a link.
    pub anchor: String,
}

/// Something that a search can be narrowed by.
#[derive(Debug, Clone, Serialize, ToSchema, JsonSchema)]
pub struct FacetValue {
    /// The value.
    pub value: String,
    /// Documents that have it.
    pub documents: i64,
}

/// What the knowledge base holds, by source, label and language.
#[derive(Debug, Clone, Default, Serialize, ToSchema, JsonSchema)]
pub struct Facets {
    /// Sources, the largest first.
    pub sources: Vec<FacetValue>,
    /// The most frequent labels.
    pub labels: Vec<FacetValue>,
    /// Languages.
    pub languages: Vec<FacetValue>,
    /// Documents in all.
    pub documents: i64,
}

/// The backlog at this moment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Backlog {
    /// When this was read.
    pub at: DateTime<Utc>,
    /// Runs in all.
    pub total: i64,
    /// Runs by status.
    pub by_status: BTreeMap<String, i64>,
    /// Runs that a worker can claim now.
    pub due: i64,
    /// Runs that wait after a failure.
    pub deferred: i64,
    /// When the first of them can be claimed again.
    pub next_available_at: Option<DateTime<Utc>>,
    /// When the oldest waiting run was normalized.
    pub oldest_normalized_at: Option<DateTime<Utc>>,
    /// Runs that workers hold.
    pub live_claims: i64,
    /// Runs whose worker did not renew its lease in time.
    pub expired_claims: i64,
    /// The held runs.
    pub claims: Vec<Claim>,
    /// Runs that were embedded in the last ten minutes.
    pub embedded_last_10_minutes: i64,
    /// Estimated time left in seconds.
    pub seconds_left: Option<i64>,
    /// What the runs hold together.
    pub content: Content,
    /// The last hour in intervals of a minute.
    pub last_hour: Vec<Interval>,
    /// The last day in intervals of half an hour.
    pub last_day: Vec<Interval>,
    /// The failed runs, at most 50.
    pub failed: Vec<Run>,
}

/// A run that a worker holds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Claim {
    /// The run.
    pub run_id: String,
    /// `chunk` or `embed`.
    pub phase: String,
    /// The worker, as host/process/thread.
    pub worker: String,
    /// Seconds since the claim.
    pub age_seconds: i64,
    /// Seconds until the lease expires; negative: it has expired.
    pub expires_in_seconds: i64,
    /// Seconds since the last heartbeat. Workers send one every ten seconds.
    #[serde(default)]
    pub silent_seconds: Option<i64>,
    /// Documents or chunks that are done.
    pub done: Option<i64>,
    /// Documents or chunks in all.
    pub total: Option<i64>,
}

/// What the runs hold together.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Content {
    /// Documents.
    pub documents: i64,
    /// Chunks.
    pub chunks: i64,
    /// Chunks with a vector.
    pub embedded_chunks: i64,
}

/// What ended in one interval.
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
    /// Where it stands.
    pub status: String,
    /// Higher is claimed first.
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
    /// The model that it was last embedded with.
    pub embedding_model: Option<String>,
    /// The worker that holds it.
    pub claimed_by: Option<String>,
    /// When its lease expires.
    pub claim_expires_at: Option<DateTime<Utc>>,
    /// Failures and expired leases in this phase.
    pub attempts: i32,
    /// When it can be claimed again.
    pub available_at: Option<DateTime<Utc>>,
    /// The phase that failed.
    pub failed_phase: Option<String>,
    /// Why it failed.
    pub last_error: Option<String>,
    /// The version of trailblazer that normalized it.
    pub code_version: Option<String>,
}

/// A run with its history and contents.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunDetails {
    /// The run.
    pub run: Run,
    /// The claims that ended, the oldest first.
    pub attempts: Vec<Attempt>,
    /// What normalizing lost, the most frequent first.
    pub losses: Vec<Loss>,
    /// Chunks by size.
    pub chunk_sizes: Vec<ChunkSize>,
    /// The first documents, in the order of their ids.
    pub documents: Vec<RunDocument>,
    /// Pass it as `after` to get the next documents; null: there are no more.
    pub next: Option<String>,
}

/// A claim that ended.
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
    /// How: completed, released, failed, expired, reset or superseded.
    pub outcome: String,
    /// Why it failed.
    pub error: Option<String>,
}

/// Something that normalizing lost.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the name of the column")]
pub struct Loss {
    /// Its name.
    pub loss: String,
    /// Documents that lost it.
    pub documents: i64,
    /// How often.
    pub occurrences: i64,
}

/// Chunks of one range of sizes.
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
    /// What normalizing lost, by name.
    pub losses: BTreeMap<String, i64>,
}

/// Texts to embed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbedRequest {
    /// The texts, at most 256.
    #[schema(min_items = 1, max_items = 256)]
    pub texts: Vec<Text>,
    /// What the texts are; some models read questions and documents differently.
    #[serde(default)]
    pub kind: EmbedKind,
}

/// A text with a visible character.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(min_length = 1, pattern = r"\S")]
pub struct Text(pub String);

/// What texts are.
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
    /// The model; pass it to `graphdb.search` as `p_model`.
    pub model: String,
    /// Numbers in a vector.
    pub dimension: usize,
    /// One vector for each text, in order.
    pub vectors: Vec<Vec<f32>>,
}

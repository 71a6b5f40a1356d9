//! The backlog, and the claims in it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Run;

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
    /// Time at which the first of these runs can be claimed again.
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
    /// Seconds since the last heartbeat.
    pub silent_seconds: i64,
    /// Seconds between two heartbeats.
    pub heartbeat_seconds: i64,
    /// Documents that are chunked, or texts that have a vector.
    pub done: Option<i64>,
    /// Total number of documents or texts.
    pub total: Option<i64>,
}

/// Runs that are paused for one reason.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Pause {
    /// The reason, if one was given.
    pub reason: Option<String>,
    /// Number of runs.
    pub runs: i64,
    /// Time at which the first of these runs was paused.
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
    /// Number of chunks in the embedded runs.
    pub chunks: i64,
}

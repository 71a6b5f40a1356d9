//! Defines and writes the events on standard output. `docs/events.schema.json` is their JSON Schema.

mod writer;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::ids::{Phase, RunId, Scope, Status};

pub use writer::EventWriter;

/// An event. A change in the database is reported after its transaction has been committed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event")]
#[allow(missing_docs, reason = "docs/events.md and the schema describe every field")]
pub enum Event<'a> {
    #[serde(rename = "normalize.start")]
    NormalizeStart { run_id: &'a RunId, input: &'a str, source: &'a str },
    #[serde(rename = "normalize.document.error")]
    DocumentError { run_id: &'a RunId, path: &'a str, line: Option<u64>, message: &'a str },
    #[serde(rename = "normalize.document.skip")]
    DocumentSkip { run_id: &'a RunId, path: &'a str, message: &'a str },
    #[serde(rename = "normalize.notice")]
    NormalizeNotice {
        run_id: &'a RunId,
        #[serde(skip)]
        is_warning: bool,
        message: &'a str,
    },
    #[serde(rename = "normalize.replace")]
    NormalizeReplace {
        run_id: &'a RunId,
        input: &'a str,
        source: &'a str,
        replaced_input: Option<&'a str>,
        replaced_source: &'a str,
    },
    #[serde(rename = "normalize.complete")]
    NormalizeComplete {
        run_id: &'a RunId,
        outcome: &'a str,
        documents: u64,
        added: i32,
        changed: i32,
        removed: i32,
        unchanged: i32,
        added_documents: Vec<String>,
        changed_documents: Vec<String>,
        removed_documents: Vec<String>,
        failed: u64,
        skipped: u64,
        dropped: u64,
        artifact: &'a str,
    },
    #[serde(rename = "setup.package")]
    SetupPackage {
        package: &'a str,
        version: &'a str,
        outcome: &'a str,
        bytes: Option<u64>,
        path: Option<&'a str>,
        reason: Option<&'a str>,
    },
    #[serde(rename = "setup.complete")]
    SetupComplete { folder: &'a str, dry_run: bool, bytes: u64, stopped: bool },
    #[serde(rename = "sync.start")]
    SyncStart { sources: Vec<&'a str>, dry_run: bool },
    #[serde(rename = "sync.source")]
    SyncSource {
        source: &'a str,
        outcome: &'a str,
        added: i32,
        changed: i32,
        removed: i32,
        unchanged: i32,
        exit_code: u8,
        error: Option<&'a str>,
    },
    #[serde(rename = "sync.complete")]
    SyncComplete { sources: usize, failed: usize, dry_run: bool, stopped: bool, seconds: f64 },
    #[serde(rename = "fetch.start")]
    FetchStart { source: &'a str, site: &'a str, dry_run: bool },
    #[serde(rename = "fetch.progress")]
    FetchProgress { source: &'a str, done: usize, total: usize },
    #[serde(rename = "fetch.complete")]
    FetchComplete {
        source: &'a str,
        dry_run: bool,
        pages: usize,
        added: usize,
        changed: usize,
        touched: usize,
        removed: usize,
        unchanged: usize,
        files: usize,
        requests: u64,
        seconds: f64,
    },
    #[serde(rename = "runs.backfill.start")]
    BackfillStart { found: usize },
    #[serde(rename = "runs.backfill.tick")]
    BackfillTick { done: usize, total: usize, registered: usize, changed: usize, unchanged: usize, failed: usize },
    #[serde(rename = "runs.backfill.complete")]
    BackfillComplete {
        found: usize,
        registered: usize,
        changed: usize,
        unchanged: usize,
        failed: usize,
        documents: u64,
    },
    #[serde(rename = "runs.scan.start")]
    ScanStart { phase: Phase },
    #[serde(rename = "runs.scan.complete")]
    ScanComplete {
        phase: Phase,
        found: i64,
        deferred: i64,
        first_normalized_at: Option<DateTime<Utc>>,
        last_normalized_at: Option<DateTime<Utc>>,
        sample: &'a [String],
    },
    #[serde(rename = "runs.due")]
    Due { run_id: &'a str, phase: Phase },
    #[serde(rename = "runs.claim")]
    Claim { run_id: &'a RunId, phase: Phase, worker_id: &'a str, attempts: i32, claim_expires_at: DateTime<Utc> },
    #[serde(rename = "runs.renew")]
    Renew { run_id: &'a RunId, phase: Phase, worker_id: &'a str, claim_expires_at: DateTime<Utc>, done: i32 },
    #[serde(rename = "runs.progress")]
    Progress {
        done: u64,
        total: u64,
        percent: f64,
        eta_seconds: Option<u64>,
        texts: Option<u64>,
        embedded_texts: Option<u64>,
    },
    #[serde(rename = "runs.complete")]
    Complete {
        run_id: &'a RunId,
        phase: Phase,
        worker_id: &'a str,
        status: Status,
        total_docs: i32,
        total_chunks: Option<i32>,
        embedded_chunks: Option<i32>,
    },
    #[serde(rename = "runs.fail")]
    Fail {
        run_id: &'a RunId,
        phase: Phase,
        worker_id: &'a str,
        status: Status,
        attempts: i32,
        available_at: Option<DateTime<Utc>>,
        error: &'a str,
    },
    #[serde(rename = "runs.release")]
    Release { run_id: &'a RunId, phase: Phase, worker_id: &'a str, status: Status },
    #[serde(rename = "runs.recover")]
    Recover { run_id: &'a RunId, status: Status, attempts: i32, available_at: Option<DateTime<Utc>>, error: &'a str },
    #[serde(rename = "runs.lost")]
    Lost { run_id: &'a RunId, phase: Phase, worker_id: &'a str },
    #[serde(rename = "runs.reset.start")]
    ResetStart { scope: Scope, dry_run: bool, force: bool, filter: &'a Value },
    #[serde(rename = "runs.reset.complete")]
    ResetComplete {
        scope: Scope,
        dry_run: bool,
        matched: i64,
        reset: i64,
        unchanged: i64,
        skipped: i64,
        fenced: i64,
        deleted_vectors: i64,
        deleted_chunks: i64,
        stopped: bool,
    },
    #[serde(rename = "runs.delete.start")]
    DeleteStart { dry_run: bool, force: bool, filter: &'a Value },
    #[serde(rename = "runs.delete.complete")]
    DeleteComplete {
        dry_run: bool,
        matched: i64,
        deleted: i64,
        skipped: i64,
        fenced: i64,
        deleted_documents: i64,
        deleted_chunks: i64,
        deleted_vectors: i64,
        stopped: bool,
    },
    #[serde(rename = "runs.release.complete")]
    ReleaseComplete {
        dry_run: bool,
        charge: bool,
        force: bool,
        matched: i64,
        released: i64,
        unclaimed: i64,
        skipped: i64,
        stopped: bool,
    },
    #[serde(rename = "runs.pause.complete")]
    PauseComplete { dry_run: bool, reason: Option<&'a str>, matched: i64, paused: i64, unchanged: i64, stopped: bool },
    #[serde(rename = "runs.resume.complete")]
    ResumeComplete { dry_run: bool, matched: i64, resumed: i64, unchanged: i64, stopped: bool },
    #[serde(rename = "runs.priority")]
    Priority { run_id: &'a RunId, dry_run: bool, priority: i16, previous_priority: i16 },
    #[serde(rename = "chunk.start")]
    ChunkStart { run_id: &'a RunId, phase: Phase, worker_id: &'a str, documents: i32 },
    #[serde(rename = "chunk.complete")]
    ChunkComplete {
        run_id: &'a RunId,
        phase: Phase,
        worker_id: &'a str,
        documents: u64,
        chunks: u64,
        cut: u64,
        seconds: f64,
    },
    #[serde(rename = "embed.start")]
    EmbedStart { run_id: &'a RunId, phase: Phase, worker_id: &'a str, model: &'a str, chunks: i32 },
    #[serde(rename = "embed.batch")]
    EmbedBatch { run_id: &'a RunId, phase: Phase, worker_id: &'a str, texts: usize, tokens: usize, seconds: f64 },
    #[serde(rename = "embed.wait")]
    EmbedWait { message: &'a str },
    #[serde(rename = "embed.complete")]
    EmbedComplete {
        run_id: &'a RunId,
        phase: Phase,
        worker_id: &'a str,
        model: &'a str,
        embedded: u64,
        reused: u64,
        seconds: f64,
    },
    #[serde(rename = "runs.row")]
    RunRow {
        run_id: &'a RunId,
        source: &'a str,
        input: Option<&'a str>,
        status: Status,
        normalized_at: DateTime<Utc>,
        total_docs: i32,
        total_chunks: Option<i32>,
        embedded_chunks: Option<i32>,
        embedding_model: Option<&'a str>,
        attempts: i32,
        claimed_by: Option<&'a str>,
        claim_expires_at: Option<DateTime<Utc>>,
        available_at: Option<DateTime<Utc>>,
        priority: i16,
        paused_at: Option<DateTime<Utc>>,
        pause_reason: Option<&'a str>,
        last_error: Option<&'a str>,
    },
    #[serde(rename = "runs.attempt")]
    Attempt {
        run_id: &'a RunId,
        phase: Phase,
        worker_id: &'a str,
        started_at: DateTime<Utc>,
        ended_at: DateTime<Utc>,
        outcome: &'a str,
        error: Option<&'a str>,
    },
    #[serde(rename = "backlog.status")]
    Status {
        status: &'a Value,
        documents: i64,
        chunks: i64,
        embedded_chunks: i64,
        models: Vec<&'a str>,
        storage_bytes: i64,
        attention: &'a str,
    },
    #[serde(rename = "workers.row")]
    WorkerRow {
        run_id: &'a str,
        phase: &'a str,
        worker_id: &'a str,
        host: &'a str,
        state: &'a str,
        done: Option<i64>,
        total: Option<i64>,
        rate: Option<f64>,
        claimed_at: DateTime<Utc>,
        claim_expires_at: DateTime<Utc>,
        last_heard_from: DateTime<Utc>,
        silent_seconds: i64,
        heartbeat_seconds: i64,
    },
    #[serde(rename = "index.complete")]
    IndexComplete { model: &'a str, index: &'a str, vectors: i64, seconds: f64 },
    #[serde(rename = "prune.complete")]
    PruneComplete { dry_run: bool, deleted: i64, deleted_attempts: i64, stopped: bool },
    #[serde(rename = "ask.result")]
    AskResult {
        place: usize,
        run_id: &'a str,
        doc_id: &'a str,
        ord: i32,
        title: &'a str,
        heading_path: &'a [String],
        url: Option<&'a str>,
        path: Option<&'a str>,
        updated_at: Option<DateTime<Utc>>,
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        context: Option<&'a str>,
        text_rank: Option<i32>,
        vector_rank: Option<i32>,
        score: f64,
        similarity: Option<f64>,
        matched_words: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        rerank_score: Option<f64>,
    },
    #[serde(rename = "ask.complete")]
    AskComplete {
        question: &'a str,
        model: Option<&'a str>,
        without: &'a [String],
        corrections: &'a [String],
        found: usize,
        seconds: f64,
    },
    #[serde(rename = "doctor.check")]
    DoctorCheck { check: &'a str, ok: bool, detail: &'a str, repair: Option<&'a str> },
    #[serde(rename = "serve.start")]
    ServeStart { url: &'a str },
    #[serde(rename = "serve.stop")]
    ServeStop {},
    #[serde(rename = "error")]
    Error { message: &'a str, hint: Option<&'a str>, exit_code: u8 },
}

impl Event<'_> {
    fn level(&self) -> &'static str {
        match self {
            Self::Renew { .. } | Self::EmbedBatch { .. } => "debug",
            Self::Fail { .. }
            | Self::Recover { .. }
            | Self::Lost { .. }
            | Self::EmbedWait { .. }
            | Self::DocumentError { .. }
            | Self::NormalizeNotice { is_warning: true, .. }
            | Self::NormalizeReplace { .. }
            | Self::SyncSource { error: Some(_), .. } => "warn",
            Self::DoctorCheck { ok: false, .. } | Self::Error { .. } => "error",
            _ => "info",
        }
    }
}

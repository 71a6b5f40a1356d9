//! The plan for the workers of a process, and the counts of their results.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::lease::Lease;
use crate::chunk::Limits;
use crate::db::calls::Filter;
use crate::db::operations::RunProgress;
use crate::embed::Provider;
use crate::ids::{Phase, RunId};
use crate::lock::locked;

/// The plan for the workers of one process.
pub struct Plan {
    /// The phases, in order.
    pub phases: Vec<Phase>,
    /// The runs to process.
    pub filter: Filter,
    /// Maximum number of runs to process.
    pub limit: Option<u64>,
    /// Number of threads that claim runs.
    pub workers: usize,
    /// Maximum number of concurrent batches for the provider, across all runs.
    pub slots: usize,
    /// Whether to keep running when no run is due.
    pub watch: bool,
    /// The size of chunks.
    pub limits: Limits,
    /// The embedding provider.
    pub provider: Arc<dyn Provider>,
    /// The token limit of the model, if it had to be measured on the server.
    pub model_limit: Option<usize>,
    /// Maximum number of tokens in a batch.
    pub batch_tokens: usize,
    /// The length of a lease.
    pub ttl: Duration,
    /// The name of this process in `claimed_by`: `host/pid`.
    pub process: String,
}

/// Receives progress reports.
pub trait Watcher: Sync {
    /// Part of the work under a claim is done.
    fn advanced(&self, lease: &Lease);
    /// A worker begins to embed a run, and the database has counted its texts.
    fn counted(&self, lease: &Lease, progress: &RunProgress);
    /// A run has completed all planned phases. `done` is the number of completed runs so far.
    fn completed(&self, run_id: &RunId, done: u64);
}

/// Counts of the results of all workers in a process.
#[derive(Debug, Default)]
pub struct Tally {
    /// Runs that completed all planned phases.
    pub done: AtomicU64,
    /// Runs whose last claim in this process failed.
    failed: Mutex<BTreeSet<RunId>>,
    /// Claims that were lost, because they expired or the run was reset.
    pub lost: AtomicU64,
    /// Claims that were released.
    pub released: AtomicU64,
}

impl Tally {
    /// Returns how many runs failed and were not completed later.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed_runs().len() as u64
    }

    pub(super) fn failed_runs(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        locked(&self.failed)
    }
}

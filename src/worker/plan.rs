//! The plan of a process's workers, and the counts of what they did.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::lease::Lease;
use super::locked;
use crate::chunk::Limits;
use crate::db::calls::Filter;
use crate::embed::Provider;
use crate::ids::{Phase, RunId};

/// The plan that the workers of one process carry out.
pub struct Plan {
    /// Phases to work on, in order.
    pub phases: Vec<Phase>,
    /// The runs to process.
    pub filter: Filter,
    /// Maximum number of runs to process.
    pub limit: Option<u64>,
    /// Number of threads that claim runs.
    pub workers: usize,
    /// Number of batches that the provider may embed at once, across all runs.
    pub slots: usize,
    /// Stay when nothing is due.
    pub watch: bool,
    /// Size of chunks.
    pub limits: Limits,
    /// The embedding provider.
    pub provider: Arc<dyn Provider>,
    /// Tokens of a text that the model was found to read, when the server had to be asked.
    pub model_limit: Option<usize>,
    /// Maximum number of tokens in a batch.
    pub batch_tokens: usize,
    /// Length of a lease.
    pub ttl: Duration,
    /// Names this process in `claimed_by`: `host/pid`.
    pub process: String,
}

/// Receives the progress of the work.
pub trait Watcher: Sync {
    /// Part of the work under a claim is done.
    fn advanced(&self, lease: &Lease);
    /// A run has completed every phase of the plan. `done` runs have so far.
    fn completed(&self, done: u64);
}

/// Counts of what the workers of one process did.
#[derive(Debug, Default)]
pub struct Tally {
    /// Runs that completed every phase of the plan.
    pub done: AtomicU64,
    /// Runs whose last claim in this process failed.
    failed: Mutex<BTreeSet<RunId>>,
    /// Claims that were lost, because they expired or the run was reset.
    pub lost: AtomicU64,
    /// Claims that were given back.
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

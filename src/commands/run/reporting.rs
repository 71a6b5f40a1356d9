//! Reports the progress of workers to systemd.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::db::operations::RunProgress;
use crate::ids::RunId;
use crate::lock::locked;
use crate::service::status;
use crate::terminal::counted;
use crate::worker::Watcher;
use crate::worker::lease::Lease;

/// At most one status is sent in this time.
const STATUS_PAUSE: Duration = Duration::from_secs(1);

/// A watcher that also reports progress to systemd.
pub(super) struct Reporting<'a> {
    inner: &'a dyn Watcher,
    done: AtomicU64,
    last: Mutex<Option<Instant>>,
}

impl<'a> Reporting<'a> {
    /// Returns a watcher that passes everything on to `inner`.
    pub fn new(inner: &'a dyn Watcher) -> Self {
        Self { inner, done: AtomicU64::new(0), last: Mutex::new(None) }
    }

    /// Sends a status, unless one was sent a moment ago.
    fn report(&self, text: &dyn fmt::Display, always: bool) {
        let mut last = locked(&self.last);
        if always || last.is_none_or(|at| at.elapsed() >= STATUS_PAUSE) {
            *last = Some(Instant::now());
            status(&text.to_string());
        }
    }
}

impl Watcher for Reporting<'_> {
    fn advanced(&self, lease: &Lease) {
        let done = counted(self.done.load(Ordering::Relaxed), "run");
        self.report(
            &format_args!("{} {} {}/{}; {done} done", lease.phase, lease.run_id, lease.done(), lease.total),
            false,
        );
        self.inner.advanced(lease);
    }

    fn counted(&self, lease: &Lease, progress: &RunProgress) {
        self.inner.counted(lease, progress);
    }

    fn completed(&self, run_id: &RunId, done: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.report(&format_args!("{} done", counted(done, "run")), true);
        self.inner.completed(run_id, done);
    }
}

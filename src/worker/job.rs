//! The context of the work on one claim.

use std::sync::Arc;

use super::in_flight::InFlight;
use super::lease::Lease;
use super::plan::Watcher;
use super::waiting::Reminder;
use crate::chunk::Limits;
use crate::db::calls::Run;
use crate::embed::Provider;
use crate::events::EventWriter;
use crate::stop::Stop;

/// The result of the work on a claim.
#[derive(Debug)]
pub(crate) enum End {
    Completed(Box<Run>),
    Failed { message: String, permanent: bool },
    Stopped,
    Lost,
}

/// The data that a phase needs besides the claim.
pub(crate) struct Job<'a> {
    pub provider: &'a Arc<dyn Provider>,
    pub limits: Limits,
    pub model_limit: Option<usize>,
    pub batch_tokens: usize,
    pub events: &'a EventWriter,
    pub worker_id: &'a str,
    pub in_flight: &'a InFlight,
    pub reminder: &'a Reminder<'a>,
    /// Whether to keep running when no run is due.
    pub watch: bool,
    pub(super) watcher: &'a dyn Watcher,
    pub(super) stop: &'a Stop,
}

impl Job<'_> {
    /// Records the number of processed documents or texts.
    pub(crate) fn advance(&self, lease: &Lease, done: u64) {
        lease.set_done(done);
        self.watcher.advanced(lease);
    }

    /// Returns how the work ends if it must stop now.
    pub(crate) fn interruption(&self, lease: &Lease) -> Option<End> {
        if lease.is_lost() {
            Some(End::Lost)
        } else if self.stop.is_asked() {
            Some(End::Stopped)
        } else {
            None
        }
    }
}

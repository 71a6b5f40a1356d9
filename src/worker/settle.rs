//! Ends a claim as completed, failed, released or lost, in the database and in the events.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use postgres::Client;

use super::claim::Taken;
use super::lease::Lease;
use super::{End, Worker};
use crate::db::calls::{self, Run};
use crate::error::Result;
use crate::events::Event;
use crate::ids::Phase;
use crate::lock::locked;

/// Number of lost connections after which an attempt is charged to the run, because the run may be the cause.
const LOSSES_BEFORE_CHARGE: u32 = 3;

/// A claim that a worker could not end because it lost its connection.
pub(super) struct Abandoned {
    pub lease: Arc<Lease>,
    /// Whether the server closed the connection for a reason that the run cannot cause. If a run crashes a process of the
    /// server, the server disconnects all clients, but does not restart.
    pub is_servers_decision: bool,
}

impl Worker<'_> {
    /// Releases the claim whose connection was lost. Otherwise, nobody could claim the run before its lease expires.
    pub(super) fn give_back_abandoned(&self, client: &mut Client) {
        let Some(abandoned) = self.abandoned.take() else { return };
        if let Err(error) = self.give_back(client, &abandoned) {
            log::debug!("{}: {error}", self.id);
            // If the new connection is also lost, the next one tries again.
            // After any other error, the claim has ended or stays until its lease expires.
            if error.is_connection_loss() {
                self.abandoned.replace(Some(abandoned));
            }
        }
    }

    fn give_back(&self, client: &mut Client, abandoned: &Abandoned) -> Result<()> {
        let lease = &abandoned.lease;
        if abandoned.is_servers_decision {
            self.pool.permits.give_back(&lease.run_id);
            return self.release(client, lease);
        }
        let losses =
            *locked(&self.pool.losses).entry(lease.run_id.clone()).and_modify(|count| *count += 1).or_insert(1);
        if losses < LOSSES_BEFORE_CHARGE {
            self.pool.permits.give_back(&lease.run_id);
            return self.release(client, lease);
        }
        locked(&self.pool.losses).remove(&lease.run_id);
        let message =
            format!("the connection was lost {losses} times during this run; the server's log may contain the reason");
        self.fail(client, lease, &message, false)
    }

    /// Ends a claim in the database according to the result of the work, and reports it.
    pub(super) fn settle(&self, client: &mut Client, lease: &Lease, outcome: Result<End>) -> Result<Taken> {
        let end = match outcome {
            Ok(end) => end,
            Err(error) if error.is_claim_lost() => End::Lost,
            // The next worker continues from the stored data.
            Err(error) if error.is_connection_loss() => return Err(error),
            // A server without disk space may also reject the release. If so, the claim ends when its lease expires.
            Err(error) if error.is_not_the_runs_fault() => {
                if let Err(error) = self.release(client, lease) {
                    log::warn!("{}: cannot release run {}: {error}", self.id, lease.run_id);
                }
                return Err(error);
            }
            Err(error) => End::Failed { message: error.to_string(), permanent: false },
        };
        let told = match end {
            End::Completed(run) => {
                self.report_completed(&run, lease.phase);
                return Ok(Taken::Completed(run.run_id));
            }
            End::Lost => {
                self.report_lost(lease);
                return Ok(Taken::Ended);
            }
            End::Stopped => self.release(client, lease),
            End::Failed { message, permanent } => self.fail(client, lease, &message, permanent),
        };
        match told {
            Err(error) if error.is_claim_lost() => self.report_lost(lease),
            other => other?,
        }
        Ok(Taken::Ended)
    }

    fn report_completed(&self, run: &Run, phase: Phase) {
        self.pool.tally.failed_runs().remove(&run.run_id);
        locked(&self.pool.losses).remove(&run.run_id);
        self.pool.events.emit(&Event::Complete {
            run_id: &run.run_id,
            phase,
            worker_id: &self.id,
            status: run.status,
            total_docs: run.total_docs,
            total_chunks: run.total_chunks,
            embedded_chunks: run.embedded_chunks,
        });
    }

    fn report_lost(&self, lease: &Lease) {
        log::warn!("lost the claim on run {} during {}", lease.run_id, lease.phase);
        self.pool.tally.lost.fetch_add(1, Ordering::Relaxed);
        self.pool.events.emit(&Event::Lost { run_id: &lease.run_id, phase: lease.phase, worker_id: &self.id });
    }

    fn release(&self, client: &mut Client, lease: &Lease) -> Result<()> {
        let run = calls::release_run(client, &lease.run_id, lease.token)?;
        self.pool.tally.released.fetch_add(1, Ordering::Relaxed);
        let (run_id, status) = (&run.run_id, run.status);
        self.pool.events.emit(&Event::Release { run_id, phase: lease.phase, worker_id: &self.id, status });
        Ok(())
    }

    fn fail(&self, client: &mut Client, lease: &Lease, message: &str, permanent: bool) -> Result<()> {
        let run = calls::fail_run(client, &lease.run_id, lease.token, message, permanent)?;
        self.pool.tally.failed_runs().insert(run.run_id.clone());
        log::warn!("run {} failed in {}: {message}", run.run_id, lease.phase);
        self.pool.events.emit(&Event::Fail {
            run_id: &run.run_id,
            phase: lease.phase,
            worker_id: &self.id,
            status: run.status,
            attempts: run.attempts,
            available_at: run.available_at,
            error: message,
        });
        Ok(())
    }
}

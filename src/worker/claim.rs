//! Claims a run, executes its phase, and ends the claim.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::connection::Connection;
use super::lease::Lease;
use super::permits::Permit;
use super::settle::Abandoned;
use super::{End, Job, Worker, chunking, embedding};
use crate::db::calls::{self, Filter, Run};
use crate::error::Result;
use crate::events::Event;
use crate::ids::{Phase, RunId, Status};

/// The result of an attempt to process a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// No run was due.
    Nothing,
    /// A run was claimed, and its phase completed.
    Completed(RunId),
    /// A run was claimed, and then it failed or was released, or its claim was lost.
    Ended,
}

impl Worker<'_> {
    /// Processes one run in all planned phases. Returns false if no run is due.
    pub(super) fn take_up_one(&self, connection: &mut Connection, permit: Permit<'_>) -> Result<bool> {
        let mut permit = Some(permit);
        if self.pool.plan.phases.contains(&Phase::Embed) {
            // Chunked runs have priority. A reset run still has its old chunks, so if both phases are planned, it must be chunked again
            // before it is embedded.
            let status = if self.both() { vec![Status::Chunked] } else { Vec::new() };
            let filter = Filter { status, ..self.pool.plan.filter.clone() };
            let taken = self.claim_and_work(connection, Phase::Embed, &filter, &mut permit)?;
            if taken != Taken::Nothing {
                self.count_done(&taken);
                return Ok(true);
            }
        }
        if !self.pool.plan.phases.contains(&Phase::Chunk) {
            return Ok(false);
        }
        let mut taken = self.claim_and_work(connection, Phase::Chunk, &self.pool.plan.filter, &mut permit)?;
        if taken == Taken::Nothing {
            return Ok(false);
        }
        if let (Taken::Completed(run_id), true, false) = (&taken, self.both(), self.pool.stop.is_asked()) {
            taken = self.claim_and_work(connection, Phase::Embed, &Filter::for_run(run_id), &mut None)?;
        }
        self.count_done(&taken);
        Ok(true)
    }

    fn both(&self) -> bool {
        self.pool.plan.phases.contains(&Phase::Chunk) && self.pool.plan.phases.contains(&Phase::Embed)
    }

    fn count_done(&self, taken: &Taken) {
        if let Taken::Completed(run_id) = taken {
            let done = self.pool.tally.done.fetch_add(1, Ordering::Relaxed) + 1;
            self.pool.watcher.completed(run_id, done);
        }
    }

    /// Claims the first due run and processes it. If it claims a run, the run uses up the permit.
    fn claim_and_work(
        &self,
        connection: &mut Connection,
        phase: Phase,
        filter: &Filter,
        permit: &mut Option<Permit<'_>>,
    ) -> Result<Taken> {
        let asked = Instant::now();
        let Some(run) = calls::claim_run(&mut connection.client, phase, &self.id, self.pool.leases.ttl(), filter)?
        else {
            return Ok(Taken::Nothing);
        };
        if let Some(permit) = permit.take() {
            permit.use_for(&run.run_id);
        }
        let lease = self.pool.leases.add(&run, phase, &self.id, asked);
        self.announce(&run, phase);
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| self.work(connection, &lease)));
        let outcome = outcome.unwrap_or_else(|defect| {
            // Charge the panic to the run. Otherwise, the run could stop all workers, one after another.
            // If the panic interrupted a query, the next call on the connection fails.
            let message = format!("internal error: {}", described(defect.as_ref()));
            Ok(End::Failed { message, permanent: false })
        });
        let lease = lease.end();
        let taken = self.settle(&mut connection.client, &lease, outcome);
        if let Err(error) = &taken
            && error.is_connection_loss()
        {
            self.abandoned.replace(Some(Abandoned { lease, is_servers_decision: error.is_servers_decision() }));
        }
        taken
    }

    fn announce(&self, run: &Run, phase: Phase) {
        let worker_id = self.id.as_str();
        if let Some(claim_expires_at) = run.claim_expires_at {
            let attempts = run.attempts;
            self.pool.events.emit(&Event::Claim { run_id: &run.run_id, phase, worker_id, attempts, claim_expires_at });
        }
        self.pool.events.emit(&match phase {
            Phase::Chunk => Event::ChunkStart { run_id: &run.run_id, phase, worker_id, documents: run.total_docs },
            Phase::Embed => Event::EmbedStart {
                run_id: &run.run_id,
                phase,
                worker_id,
                model: &self.pool.plan.provider.model().name,
                chunks: run.total_chunks.unwrap_or(0),
            },
        });
    }

    fn work(&self, connection: &mut Connection, lease: &Lease) -> Result<End> {
        let job = Job {
            provider: &self.pool.plan.provider,
            limits: self.pool.plan.limits,
            model_limit: self.pool.plan.model_limit,
            batch_tokens: self.pool.plan.batch_tokens,
            events: self.pool.events,
            worker_id: &self.id,
            in_flight: &self.pool.in_flight,
            reminder: &self.pool.reminder,
            watch: self.pool.plan.watch,
            watcher: self.pool.watcher,
            stop: self.pool.stop,
        };
        match lease.phase {
            Phase::Chunk => chunking::work(&job, &mut connection.client, lease),
            Phase::Embed => {
                let (client, store) = connection.with_store(&job.provider.model().name)?;
                embedding::work(&job, client, store, lease)
            }
        }
    }
}

/// Returns the message of a panic.
fn described(defect: &(dyn Any + Send)) -> &str {
    let text = defect.downcast_ref::<&str>().copied();
    text.or_else(|| defect.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

//! Runs workers. A worker is a thread that claims a run, executes a phase, and completes it, until no run is due.

mod chunking;
mod claim;
mod connection;
mod embedding;
mod in_flight;
mod job;
pub mod lease;
mod permits;
mod plan;
pub mod reclaim;
mod requests;
mod settle;
pub mod waiting;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::db::Connector;
use crate::error::{Error, Result};
use crate::events::EventWriter;
use crate::ids::RunId;
use crate::lock::locked;
use crate::stop::Stop;
use in_flight::InFlight;
use job::{End, Job};
use lease::Leases;
use permits::Permits;
pub use plan::{Plan, Tally, Watcher};
use settle::Abandoned;
use waiting::Reminder;

/// Executes the plan.
///
/// Returns the first error that stopped a worker. The other workers continue.
/// With `watch`, they finish only their current runs.
pub fn run(
    plan: &Plan,
    connector: &Connector,
    events: &EventWriter,
    stop: &Stop,
    tally: &Tally,
    watcher: &dyn Watcher,
) -> Result<()> {
    let pool = WorkerPool {
        plan,
        connector,
        events,
        stop,
        tally,
        watcher,
        leases: Leases::new(plan.ttl),
        in_flight: InFlight::new(plan.slots),
        reminder: Reminder::new(events),
        permits: Permits::new(plan.limit),
        losses: Mutex::default(),
        first_error: Mutex::default(),
    };
    let finished = Stop::default();
    thread::scope(|scope| {
        let renewer = scope.spawn(|| pool.leases.keep_renewing(connector, events, &finished));
        let workers: Vec<_> = (0..plan.workers)
            .map(|number| {
                let worker =
                    Worker { pool: &pool, id: format!("{}/{number}", plan.process), abandoned: RefCell::default() };
                scope.spawn(move || worker.run().unwrap_or_else(|error| worker.end_by(error)))
            })
            .collect();
        // Leases are renewed until the last worker has ended, even if another worker panicked.
        let defects: Vec<_> = workers.into_iter().filter_map(|worker| worker.join().err()).collect();
        finished.ask();
        let _ = renewer.join();
        if let Some(defect) = defects.into_iter().next() {
            panic::resume_unwind(defect);
        }
    });
    pool.first_error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// The state that the workers of a process share.
struct WorkerPool<'a> {
    plan: &'a Plan,
    connector: &'a Connector,
    events: &'a EventWriter,
    stop: &'a Stop,
    tally: &'a Tally,
    watcher: &'a dyn Watcher,
    leases: Leases,
    in_flight: InFlight,
    reminder: Reminder<'a>,
    permits: Permits,
    /// The number of lost connections for each run.
    losses: Mutex<BTreeMap<RunId, u32>>,
    /// The first error that stopped a worker for good.
    first_error: Mutex<Option<Error>>,
}

struct Worker<'a> {
    pool: &'a WorkerPool<'a>,
    id: String,
    /// The claim that this worker could not end because it lost its connection.
    abandoned: RefCell<Option<Abandoned>>,
}

impl Worker<'_> {
    fn run(&self) -> Result<()> {
        let mut connection = self.connect_patiently()?;
        while !self.is_over() {
            let Some(permit) = self.pool.permits.take() else { break };
            let outcome = match self.take_up_one(&mut connection, permit) {
                Ok(true) => Ok(()),
                Ok(false) => match reclaim::from_ended_processes(
                    &mut connection.client,
                    &self.pool.plan.filter,
                    self.pool.events,
                ) {
                    Ok(0) if self.pool.plan.watch => self.wait_until_due(&mut connection.client),
                    Ok(0) => break,
                    Ok(_) => Ok(()),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if error.is_connection_loss() => {
                    log::warn!("{}: lost the connection, connecting again: {error}", self.id);
                    let server_start = connection.server_start;
                    // The server may reject changes but keep the connection open.
                    drop(connection);
                    connection = self.connect_patiently()?;
                    if connection.server_start != server_start
                        && let Some(abandoned) = self.abandoned.borrow_mut().as_mut()
                    {
                        abandoned.is_servers_decision = true;
                    }
                    self.give_back_abandoned(&mut connection.client);
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Returns whether the worker must not claim another run.
    fn is_over(&self) -> bool {
        // Otherwise, the same error would stop the other workers one after another, and nobody would notice.
        self.pool.stop.is_asked() || self.pool.plan.watch && locked(&self.pool.first_error).is_some()
    }

    /// Reports the error that stops this worker. When the command ends, it reports the first such error again.
    fn end_by(&self, error: Error) {
        if self.pool.plan.workers > 1 {
            log::warn!("{} ends: {error}", self.id);
        }
        locked(&self.pool.first_error).get_or_insert(error);
    }
}

//! Describes for people which workers are alive or probably dead, and which command releases their runs.

use postgres::Client;

use crate::db::calls::Filter;
use crate::db::operations::{self, Worker, WorkerState};
use crate::error::Result;
use crate::terminal::{counted, duration};
use crate::worker::reclaim;

/// Maximum number of dead workers that a message names.
const NAMED: usize = 3;

/// Returns the claims on the runs that a filter selects, oldest first. A worker on this machine whose process has ended is dead,
/// even if its last heartbeat was a moment ago.
pub fn list(client: &mut Client, filter: &Filter, count: bool) -> Result<Vec<Worker>> {
    let mut workers = operations::list_workers(client, filter, count)?;
    if workers.is_empty() {
        return Ok(workers);
    }
    let left_behind = reclaim::left_behind(client, filter)?;
    for worker in &mut workers {
        worker.has_ended = left_behind
            .iter()
            .any(|run| run.run_id.as_str() == worker.run_id && run.claimed_by.as_ref() == Some(&worker.worker));
        if worker.has_ended && worker.state == WorkerState::Alive {
            worker.state = WorkerState::Dead;
        }
    }
    Ok(workers)
}

/// Returns the problem of a worker, or `None` if it has none.
#[must_use]
pub fn fault(worker: &Worker) -> Option<String> {
    match worker.state {
        WorkerState::Alive => None,
        WorkerState::Dead if worker.has_ended => {
            Some("its process has ended; `trailblazer run` on this machine recovers the run".into())
        }
        WorkerState::Dead => Some(format!(
            "no heartbeat for {} (one every {} expected), probably dead",
            duration(worker.silent_seconds),
            duration(worker.heartbeat_seconds)
        )),
        WorkerState::Expired => Some("its lease has expired; `trailblazer run` recovers the run".into()),
    }
}

/// Returns the command that releases the claims on these runs.
#[must_use]
pub fn release_command<'r>(run_ids: impl IntoIterator<Item = &'r str>) -> String {
    let run_ids: Vec<&str> = run_ids.into_iter().collect();
    match run_ids.len() {
        0..=NAMED => format!("trailblazer runs release {}", run_ids.join(" ")),
        // The command skips workers that are alive.
        _ => "trailblazer runs release --run-id '*'".into(),
    }
}

/// Returns a line for each of the first dead workers, and one that counts the others.
#[must_use]
pub fn dead(workers: &[Worker]) -> Vec<String> {
    let dead: Vec<&Worker> = workers.iter().filter(|worker| worker.state == WorkerState::Dead).collect();
    let line = |worker: &&Worker| {
        let fault = fault(worker).unwrap_or_default();
        let release = release_command([worker.run_id.as_str()]);
        format!("worker {} on run {}: {fault}; `{release}` releases the run", worker.worker, worker.run_id)
    };
    let mut lines: Vec<String> = dead.iter().take(NAMED).map(line).collect();
    if dead.len() > NAMED {
        let release = release_command(dead.iter().map(|worker| worker.run_id.as_str()));
        let others = counted(dead.len() - NAMED, "other worker");
        lines.push(format!("{others} also sent no heartbeat; `{release}` releases all their runs"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(number: usize, state: WorkerState) -> Worker {
        let at = "2026-01-31T12:00:00Z".parse().unwrap();
        Worker {
            worker: format!("host/{number}/0"),
            host: "host".into(),
            run_id: format!("r{number}"),
            phase: "embed".into(),
            state,
            done: None,
            total: None,
            rate: None,
            claimed_at: at,
            claim_expires_at: at,
            last_heard_from: at,
            silent_seconds: 552,
            heartbeat_seconds: 10,
            has_ended: false,
        }
    }

    #[test]
    fn a_dead_worker_is_named_with_the_command_that_frees_its_run() {
        let workers = [worker(1, WorkerState::Alive), worker(2, WorkerState::Dead), worker(3, WorkerState::Expired)];
        assert_eq!(
            dead(&workers),
            ["worker host/2/0 on run r2: no heartbeat for 9 min 12 s (one every 10 s expected), probably dead; \
              `trailblazer runs release r2` releases the run"]
        );
    }

    #[test]
    fn many_dead_workers_are_counted() {
        let workers: Vec<Worker> = (0..5).map(|number| worker(number, WorkerState::Dead)).collect();
        let lines = dead(&workers);
        assert_eq!(lines.len(), 4);
        assert_eq!(
            lines[3],
            "2 other workers also sent no heartbeat; `trailblazer runs release --run-id '*'` releases all their runs"
        );
    }
}

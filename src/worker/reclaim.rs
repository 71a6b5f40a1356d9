//! Ends claims of processes on this machine that did not release them, for example because they were killed.

use postgres::Client;

use crate::db::calls::{self, Filter, Run};
use crate::db::operations;
use crate::error::Result;
use crate::events::{Event, EventWriter};
use crate::ids::Status;
use crate::process;

/// Returns the selected runs that are still claimed by processes of this machine that have ended.
pub fn left_behind(client: &mut Client, filter: &Filter) -> Result<Vec<Run>> {
    let held = Filter { status: vec![Status::Chunking, Status::Embedding], limit: None, ..filter.clone() };
    let mut runs = calls::list_runs(client, &held)?;
    runs.retain(|run| match (&run.claimed_by, &run.claim_process) {
        (Some(worker), Some(identity)) => process::has_ended(worker, identity),
        _ => false,
    });
    Ok(runs)
}

/// Ends the claims on the selected runs whose process was on this machine and has ended. Returns their number.
///
/// It charges the attempts, as an expired lease does. Otherwise, a run that crashes its process would be claimed forever.
/// If the server was restarted meanwhile, the process could not release the claim, and no attempt is charged.
pub fn from_ended_processes(client: &mut Client, filter: &Filter, events: &EventWriter) -> Result<usize> {
    let mut taken_back = 0;
    for run in left_behind(client, filter)? {
        let worker = run.claimed_by.as_deref().unwrap_or_default();
        let reason = format!("the process of worker {worker} ended without releasing the claim");
        let attempts = run.attempts;
        let run = match operations::expire_claim(client, &run.run_id, run.claim_token, &reason) {
            Ok(run) => run,
            // Another process was faster.
            Err(error) if error.is_claim_lost() => continue,
            Err(error) => return Err(error),
        };
        let exempt =
            if run.attempts == attempts { ". The server was restarted, so the attempt is not charged" } else { "" };
        log::info!("ended the claim on run {}: {reason}{exempt}", run.run_id);
        report(&run, events);
        taken_back += 1;
    }
    Ok(taken_back)
}

/// Emits the event for a run whose claim was ended.
pub fn report(run: &Run, events: &EventWriter) {
    events.emit(&Event::Recover {
        run_id: &run.run_id,
        status: run.status,
        attempts: run.attempts,
        available_at: run.available_at,
        error: run.last_error.as_deref().unwrap_or_default(),
    });
}

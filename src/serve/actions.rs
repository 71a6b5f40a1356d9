//! The changes that pages can make with `--allow-changes`. Each action first describes its effect.

use std::sync::Arc;

use postgres::Client;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::state::State;
use super::{backlog, caller::Caller};
use crate::db::calls::{self, Filter, Reset, Run};
use crate::db::history;
use crate::db::operations::{self, WorkerState};
use crate::error::Result as DbResult;
use crate::ids::{RunId, Scope, Status};
use crate::terminal::duration;

/// An action on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Retry a failed run.
    Retry,
    /// Process the run again.
    Reset,
    /// Release the claim of the worker that holds the run.
    Release,
    /// Change the priority of the run.
    Priority,
    /// Pause the run. Workers cannot claim it until it is resumed.
    Pause,
    /// End the pause.
    Resume,
}

/// The data of the form.
#[derive(Debug, Clone, Deserialize)]
pub struct Change {
    /// The action.
    pub action: Action,
    /// The new priority.
    #[serde(default)]
    pub priority: Option<i16>,
    /// The reason for the pause.
    #[serde(default)]
    pub reason: Option<String>,
    /// The claim that the page shows. A different claim is not released.
    #[serde(default)]
    pub claim_token: Option<i64>,
}

/// Makes the change. With `dry_run`, only describes it. Returns the description, and the claim to which it applies.
pub async fn apply(
    state: &Arc<State>,
    caller: &Caller,
    run_id: &RunId,
    change: Change,
    dry_run: bool,
) -> Result<(String, Option<i64>), Problem> {
    caller.require_known()?;
    let Some(pool) = &state.changes else {
        let problem = Problem::new(axum::http::StatusCode::FORBIDDEN, "this server does not allow changes");
        return Err(problem.hint("Start the server with --allow-changes and an admin role."));
    };
    let wanted = run_id.clone();
    let done = pool.with(move |client| perform(client, &wanted, &change, dry_run)).await?;
    if !dry_run {
        log::info!("{} (run {run_id}, from the backlog page)", done.as_ref().map_or("nothing done", |(text, _)| text));
        backlog::forget(state).await;
    }
    done.map_err(|refused| Problem::new(axum::http::StatusCode::CONFLICT, refused))
}

type Done = Result<(String, Option<i64>), String>;

fn perform(client: &mut Client, run_id: &RunId, change: &Change, dry_run: bool) -> DbResult<Done> {
    let Some(run) = calls::list_runs(client, &Filter::for_run(run_id))?.into_iter().next() else {
        return Ok(Err(format!("run {run_id} no longer exists")));
    };
    match change.action {
        Action::Retry => retry_run(client, &run, dry_run),
        Action::Reset => reset_run(client, &run, dry_run),
        Action::Release => release_run(client, &run, change.claim_token, dry_run),
        Action::Pause => pause_run(client, &run, change.reason.as_deref(), dry_run),
        Action::Resume => resume_run(client, &run, dry_run),
        Action::Priority => set_priority(client, &run, change.priority, dry_run),
    }
}

fn will(dry_run: bool) -> &'static str {
    if dry_run { "will be" } else { "was" }
}

fn retry_run(client: &mut Client, run: &Run, dry_run: bool) -> DbResult<Done> {
    let Run { run_id, status, attempts, .. } = run;
    if *status != Status::Failed {
        return Ok(Err(format!("run {run_id} is {status}, not failed")));
    }
    reset(client, run_id, dry_run)?;
    let is = if dry_run { "will be" } else { "is" };
    Ok(Ok((format!("Run {run_id} {is} due again, and its failed attempts ({attempts}) no longer count."), None)))
}

fn reset_run(client: &mut Client, run: &Run, dry_run: bool) -> DbResult<Done> {
    let run_id = &run.run_id;
    let step = reset(client, run_id, dry_run)?;
    Ok(if step.skipped > 0 {
        Err(format!("a worker has claimed run {run_id}; release it first"))
    } else if step.reset == 0 {
        Err(format!("run {run_id} is already reset"))
    } else {
        let will = will(dry_run);
        Ok((
            format!(
                "Run {run_id} {will} reset. Workers will chunk and embed it again. Until then, searches use its current chunks and vectors."
            ),
            None,
        ))
    })
}

/// Releases the claim if it is still the claim that the page showed.
fn release_run(client: &mut Client, run: &Run, shown: Option<i64>, dry_run: bool) -> DbResult<Done> {
    let Run { run_id, claim_token, .. } = run;
    let Some(worker) = &run.claimed_by else {
        return Ok(Err(format!("no worker holds run {run_id}")));
    };
    if shown.is_some_and(|shown| shown != claim_token.0) {
        return Ok(Err(format!("the claim on run {run_id} has changed; reload the page")));
    }
    let held = operations::list_workers(client, &Filter::for_run(run_id), false)?;
    let heard = held.first().map_or_else(String::new, |held| {
        let alive = if held.state == WorkerState::Alive { ": it is alive" } else { "" };
        format!(" Its last heartbeat came {} ago{alive}.", duration(held.silent_seconds))
    });
    let will = will(dry_run);
    let sentence = format!(
        "The claim of worker {worker} on run {run_id} {will} released, and the run is due again.{heard} If the worker is still running, its next write is rejected."
    );
    if !dry_run {
        calls::release_run(client, run_id, *claim_token)?;
    }
    Ok(Ok((sentence, Some(claim_token.0))))
}

fn pause_run(client: &mut Client, run: &Run, reason: Option<&str>, dry_run: bool) -> DbResult<Done> {
    let run_id = &run.run_id;
    let step = operations::pause_runs(client, &Filter::for_run(run_id), reason, dry_run, None, "")?;
    if step.changed == 0 {
        return Ok(Err(format!("run {run_id} is paused already")));
    }
    let held = if run.claimed_by.is_some() { " The worker that holds the run finishes the phase." } else { "" };
    let will = will(dry_run);
    Ok(Ok((format!("Run {run_id} {will} paused. Workers cannot claim it until it is resumed.{held}"), None)))
}

fn resume_run(client: &mut Client, run: &Run, dry_run: bool) -> DbResult<Done> {
    let run_id = &run.run_id;
    let step = operations::resume_runs(client, &Filter::for_run(run_id), dry_run, None, "")?;
    Ok(match step.changed {
        0 => Err(format!("run {run_id} is not paused")),
        _ => Ok((format!("Run {run_id} {} resumed.", will(dry_run)), None)),
    })
}

fn set_priority(client: &mut Client, run: &Run, priority: Option<i16>, dry_run: bool) -> DbResult<Done> {
    let Some(priority) = priority else {
        return Ok(Err("the priority must be a whole number from -32768 to 32767".into()));
    };
    let run_id = &run.run_id;
    history::set_priority(client, run_id, priority, dry_run)?;
    let (will, before) = (will(dry_run), run.priority);
    Ok(Ok((format!("The priority of run {run_id} {will} changed from {before} to {priority}."), None)))
}

fn reset(client: &mut Client, run_id: &RunId, dry_run: bool) -> DbResult<calls::ResetStep> {
    let filter = Filter::for_run(run_id);
    let reset = Reset { filter, scope: Scope::Processed, dry_run, force: false, delete_chunks: false };
    calls::reset_runs(client, &reset, None, "")
}

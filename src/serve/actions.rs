//! The changes that pages can make with `--allow-changes`. Each action first describes its effect.

use std::sync::Arc;

use postgres::Client;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::state::State;
use super::{backlog, caller::Caller};
use crate::db::calls::{self, Filter, Reset};
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
    /// Take the run from its worker.
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
    let will = if dry_run { "will be" } else { "was" };
    Ok(match change.action {
        Action::Retry if run.status != Status::Failed => Err(format!("run {run_id} is {}, not failed", run.status)),
        Action::Retry => {
            reset(client, run_id, dry_run)?;
            let is = if dry_run { "will be" } else { "is" };
            Ok((
                format!("Run {run_id} {is} due again, and its {} failed attempts no longer count.", run.attempts),
                None,
            ))
        }
        Action::Reset => {
            let step = reset(client, run_id, dry_run)?;
            if step.skipped > 0 {
                Err(format!("a worker has claimed run {run_id}; release it first"))
            } else if step.reset == 0 {
                Err(format!("run {run_id} is already reset"))
            } else {
                Ok((
                    format!(
                        "Run {run_id} {will} reset. Workers will chunk and embed it again. Until then, searches use its current chunks and vectors."
                    ),
                    None,
                ))
            }
        }
        Action::Release => match (&run.claimed_by, change.claim_token) {
            (None, _) => Err(format!("no worker holds run {run_id}")),
            (Some(_), Some(token)) if token != run.claim_token.0 => {
                Err(format!("the claim on run {run_id} has changed; reload the page"))
            }
            (Some(worker), _) => {
                let held = operations::list_workers(client, &Filter::for_run(run_id), false)?;
                let heard = held.first().map_or_else(String::new, |held| {
                    let alive = if held.state == WorkerState::Alive { ": it is alive" } else { "" };
                    format!(" Its last heartbeat came {} ago{alive}.", duration(held.silent_seconds))
                });
                let sentence = format!(
                    "The claim of worker {worker} on run {run_id} {will} released, and the run is due again.{heard} If the worker is still running, its next write is rejected."
                );
                if !dry_run {
                    calls::release_run(client, run_id, run.claim_token)?;
                }
                Ok((sentence, Some(run.claim_token.0)))
            }
        },
        Action::Pause => {
            let step =
                operations::pause_runs(client, &Filter::for_run(run_id), change.reason.as_deref(), dry_run, None, "")?;
            let held = if run.claimed_by.is_some() { " The worker that holds the run finishes the phase." } else { "" };
            match step.changed {
                0 => Err(format!("run {run_id} is paused already")),
                _ => Ok((
                    format!("Run {run_id} {will} paused. Workers cannot claim it until it is resumed.{held}"),
                    None,
                )),
            }
        }
        Action::Resume => match operations::resume_runs(client, &Filter::for_run(run_id), dry_run, None, "")?.changed {
            0 => Err(format!("run {run_id} is not paused")),
            _ => Ok((format!("Run {run_id} {will} resumed."), None)),
        },
        Action::Priority => {
            let Some(priority) = change.priority else {
                return Ok(Err("the priority must be a whole number from -32768 to 32767".into()));
            };
            history::set_priority(client, run_id, priority, dry_run)?;
            Ok((format!("The priority of run {run_id} {will} changed from {} to {priority}.", run.priority), None))
        }
    })
}

fn reset(client: &mut Client, run_id: &RunId, dry_run: bool) -> DbResult<calls::ResetStep> {
    let filter = Filter::for_run(run_id);
    let reset = Reset { filter, scope: Scope::Processed, dry_run, force: false, delete_chunks: false };
    calls::reset_runs(client, &reset, None, "")
}

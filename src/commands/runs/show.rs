//! `trailblazer runs show`

use super::super::{Context, others, workers};
use crate::artifact::shown;
use crate::db::Connector;
use crate::db::calls::{self, Attempt, Filter, Run};
use crate::db::documents;
use crate::db::operations::Worker;
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::ids::{RunId, Status};
use crate::options::Answer;
use crate::terminal::{duration, one_line, print_line, print_table_of_names};

/// Show a run and the history of its claims
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer runs show handbook
  trailblazer runs show handbook --json | jq -r '.error // empty'     Errors of all attempts")]
pub struct Args {
    /// The run
    #[arg(value_name = "ID")]
    pub run_id: RunId,
    /// Output.
    #[command(flatten)]
    pub answer: Answer,
}

/// Runs `trailblazer runs show`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let mut client = Connector::new(&context.config)?.connect_ready()?;
    let runs = calls::list_runs(&mut client, &Filter::for_run(&args.run_id))?;
    let run = runs.first().ok_or_else(|| super::no_run(&args.run_id))?;
    let history = calls::run_history(&mut client, &args.run_id, None)?;
    let input = others::input_of(run, context);
    if context.events.is_on() {
        context.events.emit(&super::list::event(run, input.as_deref()));
        for attempt in &history {
            context.events.emit(&event(&run.run_id, attempt));
        }
        return Ok(Exit::Done);
    }
    let searched = match run.status {
        Status::Embedded => Some(documents::run_visibility(&mut client, &run.run_id)?),
        _ => None,
    };
    let claims = workers::list(&mut client, &Filter::for_run(&run.run_id), false)?;
    print_run(run, input.as_deref(), searched, claims.first())?;
    print_history(run, &history)?;
    Ok(Exit::Done)
}

fn event<'a>(run_id: &'a RunId, attempt: &'a Attempt) -> Event<'a> {
    Event::Attempt {
        run_id,
        phase: attempt.phase,
        worker_id: &attempt.worker,
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        outcome: &attempt.outcome,
        error: attempt.error.as_deref(),
    }
}

fn print_run(run: &Run, input: Option<&str>, searched: Option<(i64, i64)>, claim: Option<&Worker>) -> Result<()> {
    let count = |count: Option<i32>| count.map(|count| count.to_string());
    // If the run is not embedded now, this is the model with which it was last embedded.
    let model = if run.status == Status::Embedded { "model" } else { "last model" };
    let restricted = searched.map(|(_, restricted)| restricted).filter(|restricted| *restricted > 0);
    let searched = searched.map(|(searched, _)| {
        let is_all = searched >= i64::from(run.total_docs);
        format!(
            "{searched}{}",
            if is_all { "" } else { ", the others are excluded from search, or versions in other runs are shown" }
        )
    });
    let reason = run.pause_reason.as_ref().map(|reason| format!(": {}", one_line(reason))).unwrap_or_default();
    let fault = claim.and_then(workers::fault).map(|fault| {
        let release = workers::release_command([run.run_id.as_str()]);
        format!("{fault}; `{release}` releases the run")
    });
    let fields = [
        ("run", Some(run.run_id.to_string())),
        ("source", Some(run.source.clone())),
        ("input", input.map(one_line)),
        ("status", Some(run.status.to_string())),
        ("documents", Some(run.total_docs.to_string())),
        ("chunks", count(run.total_chunks)),
        ("embedded", count(run.embedded_chunks)),
        (model, run.embedding_model.clone()),
        ("searched", searched),
        ("restricted", restricted.map(|restricted| restricted.to_string())),
        ("priority", (run.priority != 0).then(|| run.priority.to_string())),
        ("paused", run.paused_at.map(|at| format!("since {}{reason}", shown(at)))),
        ("claimed by", run.claimed_by.clone()),
        ("heartbeat", claim.map(|claim| format!("{} ago", duration(claim.silent_seconds)))),
        ("worker", fault),
        ("lease ends", run.claim_expires_at.map(shown)),
        ("attempts", (run.attempts > 0).then(|| run.attempts.to_string())),
        ("not before", run.available_at.map(shown)),
        ("last error", run.last_error.as_deref().map(one_line)),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            print_line(&format!("{name:<11} {value}"))?;
        }
    }
    print_line("")
}

/// Prints the timeline: the registration, all finished claims, and the live claim.
fn print_history(run: &Run, history: &[Attempt]) -> Result<()> {
    let mut rows = vec![vec![shown(run.normalized_at), "normalized".into(), String::new()]];
    for attempt in history {
        let seconds = (attempt.ended_at - attempt.started_at).num_milliseconds();
        let outcome =
            format!("{} {} after {}.{:01} s", attempt.phase, attempt.outcome, seconds / 1000, seconds % 1000 / 100);
        rows.push(vec![shown(attempt.started_at), outcome, attempt.worker.clone()]);
    }
    if let (Some(claimed_at), Some(worker)) = (run.claimed_at, &run.claimed_by) {
        rows.push(vec![shown(claimed_at), run.status.to_string(), worker.clone()]);
    }
    print_table_of_names(&rows, &[2])?;
    // Print the reason below the table, because it may not fit into a column.
    for attempt in history {
        if let Some(error) = &attempt.error {
            print_line(&format!("\n{}  {} {}: {error}", shown(attempt.started_at), attempt.phase, attempt.outcome))?;
        }
    }
    Ok(())
}

//! `trailblazer runs retry`

use super::super::Context;
use super::super::workers::release_command;
use crate::artifact::shown;
use crate::db::Connector;
use crate::db::calls::{self, Filter, Reset, Run};
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::ids::{RunId, Scope, Status};
use crate::terminal::counted;

/// Retry failed runs, and reset their attempts to 0
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trailblazer runs retry 2026-01-31_120000_ab12 && trailblazer run")]
pub struct Args {
    /// The ids of failed runs
    #[arg(value_name = "ID", required = true)]
    pub run_ids: Vec<RunId>,
}

/// Runs `trailblazer runs retry`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let mut client = Connector::new(&context.config)?.connect_ready_to_work()?;
    let found = super::find(&mut client, &args.run_ids)?;
    if let Some(other) = found.iter().find(|run| run.status != Status::Failed) {
        return Err(Error::Usage {
            message: format!("run \"{}\" is {}, not failed", other.run_id, other.status),
            hint: Some(way_on(other)),
        });
    }
    let filter = Filter { run_ids: args.run_ids.clone(), status: vec![Status::Failed], ..Filter::default() };
    let reset = Reset { filter, scope: Scope::Processed, dry_run: false, force: false, delete_chunks: false };
    context.events.emit(&Event::ResetStart {
        scope: reset.scope,
        dry_run: false,
        force: false,
        filter: &reset.filter.to_json(),
    });
    let step = calls::reset_runs(&mut client, &reset, None, "")?;
    context.events.emit(&super::reset::complete(&reset, &step, false));
    log::info!("due again: {}; `trailblazer run` processes what is due", counted(step.reset, "run"));
    super::pause::report(&mut client, &Filter { run_ids: args.run_ids.clone(), ..Filter::default() })?;
    Ok(Exit::Done)
}

/// Returns a hint for a run that has not failed.
fn way_on(run: &Run) -> String {
    let reset = format!("trailblazer runs reset {}", run.run_id);
    if run.paused_at.is_some() && run.claimed_by.is_none() {
        return format!("It is paused: `trailblazer runs resume {}` resumes it.", run.run_id);
    }
    match (run.status, run.available_at) {
        (Status::Normalized | Status::Chunked | Status::Reset, None) => {
            "It is due: `trailblazer run` processes it.".into()
        }
        (Status::Normalized | Status::Chunked | Status::Reset, Some(at)) => {
            format!("`trailblazer run` retries it after {}; `{reset}` makes it due now.", shown(at))
        }
        (Status::Chunking | Status::Embedding, _) => {
            let release = release_command([run.run_id.as_str()]);
            format!("A worker has claimed it. If that worker is dead, `{release}` releases the run.")
        }
        (Status::Embedded | Status::Failed, _) => format!("To process it again: `{reset}`."),
    }
}

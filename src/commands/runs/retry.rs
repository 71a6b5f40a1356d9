//! `trailblazer runs retry`

use super::super::Context;
use crate::artifact::shown;
use crate::db::Connector;
use crate::db::calls::{self, Filter, Reset, Run};
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::ids::{RunId, Scope, Status};
use crate::terminal::counted;

/// Try failed runs again, their attempts forgotten
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trailblazer runs retry 2026-01-31_120000_ab12 && trailblazer run")]
pub struct Args {
    /// Failed runs
    #[arg(value_name = "ID", required = true)]
    pub run_ids: Vec<RunId>,
}

/// Runs `trailblazer runs retry`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let mut client = Connector::new(&context.config)?.connect_ready()?;
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
    log::info!("due again: {}; `trailblazer run` takes up what is due", counted(step.reset, "run"));
    Ok(Exit::Done)
}

/// What helps with a run that is not failed.
fn way_on(run: &Run) -> String {
    let reset = format!("trailblazer runs reset --run-id {}", run.run_id);
    match (run.status, run.available_at) {
        (Status::Normalized | Status::Chunked | Status::Reset, None) => {
            "It is due: `trailblazer run` takes it up.".into()
        }
        (Status::Normalized | Status::Chunked | Status::Reset, Some(at)) => {
            format!("`trailblazer run` takes it up from {} on; `{reset}` ends the wait.", shown(at))
        }
        (Status::Chunking | Status::Embedding, _) => {
            format!("A worker holds it; `{reset} --force` takes it away from one that is gone.")
        }
        (Status::Embedded | Status::Failed, _) => {
            "`trailblazer runs reset` sends runs of any status round again.".into()
        }
    }
}

//! `trailblazer runs priority`

use super::super::Context;
use crate::db::calls::{self, Filter};
use crate::db::{Connector, history};
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::ids::RunId;
use crate::options::whole_number;

/// Change the priority of a run. Workers claim runs with a higher priority first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer runs priority handbook 10           Before all runs with the default priority 0
  trailblazer runs priority archive -5            After all of them")]
pub struct Args {
    /// The run
    #[arg(value_name = "ID")]
    run_id: RunId,
    /// The new priority, from -32768 to 32767
    #[arg(value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<i16>(-32_768..=32_767))]
    priority: i16,
    /// Show what would change, but change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs `trailblazer runs priority`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let mut client = Connector::new(&context.config)?.connect_ready_to_work()?;
    let runs = calls::list_runs(&mut client, &Filter::for_run(&args.run_id))?;
    let before = runs.first().ok_or_else(|| super::no_run(&args.run_id))?.priority;
    let run = history::set_priority(&mut client, &args.run_id, args.priority, args.dry_run)?;
    context.events.emit(&Event::Priority {
        run_id: &run.run_id,
        dry_run: args.dry_run,
        priority: run.priority,
        previous_priority: before,
    });
    if before == run.priority {
        log::info!("run {} already has the priority {before}", run.run_id);
        return Ok(Exit::Done);
    }
    let changes = if args.dry_run { "would change" } else { "changed" };
    log::info!("the priority of run {} {changes} from {before} to {}", run.run_id, run.priority);
    Ok(Exit::Done)
}

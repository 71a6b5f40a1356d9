//! `trailblazer db prune`

use super::super::Context;
use crate::db::Connector;
use crate::db::calls;
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::stop::Stop;
use crate::terminal::{counted, spinner};

/// Number of vectors that one transaction checks. It limits how long workers wait before they can store vectors.
const STEP: i32 = 10_000;

/// Delete the vectors of texts that no run contains
#[derive(Debug, clap::Args)]
#[command(after_help = "\
When a document is edited, the vectors of its old texts stay. Search does not need them. If such a text is added again, \
it is embedded again.

Example:
  trailblazer db prune --dry-run")]
pub struct Args {
    /// Count the vectors without deleting them
    #[arg(long)]
    dry_run: bool,
}

/// Runs `trailblazer db prune`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    prune(args.dry_run, &Stop::on_signals()?, context)
}

/// Deletes unused vectors in steps, until all are deleted or a stop is requested.
pub fn prune(dry_run: bool, stop: &Stop, context: &Context<'_>) -> Result<Exit> {
    let mut client = Connector::new(&context.config)?.connect_ready_to_work()?;
    let bar = spinner("vector", context.quiet);
    let (mut deleted, mut last) = (0, None);
    while !stop.is_asked() {
        let pruned = calls::prune_embeddings(&mut client, dry_run, Some(STEP), last.as_ref())?;
        deleted += pruned.deleted;
        bar.inc(u64::try_from(pruned.deleted).unwrap_or(0));
        last = pruned.last;
        if last.is_none() {
            break;
        }
    }
    bar.finish_and_clear();
    let stopped = stop.is_asked();
    let deleted_attempts = match context.config.backlog.keep_attempts_days {
        Some(days) if !stopped => calls::prune_attempts(&mut client, days, dry_run)?,
        _ => 0,
    };
    context.events.emit(&Event::PruneComplete { dry_run, deleted, deleted_attempts, stopped });
    log::info!(
        "{}{} {} of texts that no run contains",
        if stopped { "stopped: " } else { "" },
        if dry_run { "would delete" } else { "deleted" },
        counted(deleted, "vector"),
    );
    if deleted_attempts > 0 {
        let would = if dry_run { "would delete" } else { "deleted" };
        log::info!("{would} the history of {}", counted(deleted_attempts, "claim"));
    }
    Ok(stop.exit().unwrap_or(Exit::Done))
}
